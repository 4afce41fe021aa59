import pytest

from podo.node.measures import Measures
from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.config import ContainerConfig, SandboxConfig
from podo.node.runtime.fake import FakeRuntime
from podo.node.runtime.measured import MeasuredRuntime


async def test_operations_are_counted_and_timed_whether_they_succeed_or_not(clock):
    measures, fake = Measures(), FakeRuntime(clock)
    runtime = MeasuredRuntime(fake, measures, clock)
    box = await runtime.run_pod_sandbox(SandboxConfig(name="a", namespace="b", uid="c"))
    await runtime.create_container(box, ContainerConfig(name="app", image="sha256:1"))
    assert len((await runtime.observe()).containers) == 1
    fake.failures["create_container"] = RuntimeFailure("no")
    with pytest.raises(RuntimeFailure):
        await runtime.create_container(box, ContainerConfig(name="app", image="sha256:1", attempt=1))
    text = "".join(measures.lines())
    assert 'kubelet_runtime_operations_total{operation_type="run_podsandbox"} 1\n' in text
    assert 'kubelet_runtime_operations_total{operation_type="create_container"} 2\n' in text
    assert 'kubelet_runtime_operations_errors_total{operation_type="create_container"} 1\n' in text
    assert 'kubelet_runtime_operations_duration_seconds_count{operation_type="create_container"} 2\n' in text
