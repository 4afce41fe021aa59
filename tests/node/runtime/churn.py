"""An agent's worth of work, without end: to be killed at any moment. Run by test_crash."""

import asyncio
import itertools
import sys
from pathlib import Path

from podo.clock import SystemClock
from podo.node.images.store import ImageStore
from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.config import ContainerConfig, ExecConfig, NamespaceMode, NamespaceOptions, SandboxConfig
from podo.node.runtime.crun import OCIRuntime, RuntimeConfig
from tests.node.runtime.lab import LoopbackOnly


async def pod(runtime: OCIRuntime, image: str, group: str, logs: Path, name: str) -> None:
    """A Pod's life, hurried."""
    shared = NamespaceOptions(pid=NamespaceMode.POD if name.endswith("0") else NamespaceMode.CONTAINER)
    sandbox = await runtime.run_pod_sandbox(
        SandboxConfig(
            name=name,
            namespace="churn",
            uid=name,
            namespaces=shared,
            cgroup_parent=f"{group}/{name}",
            log_directory=str(logs),
        )
    )
    for number in range(2):
        config = ContainerConfig(
            name=f"c{number}", image=image, command=("sleep", "1000"), log_path=f"{name}-{number}.log"
        )
        container = await runtime.create_container(sandbox, config)
        await runtime.start_container(container)
        session = await runtime.exec(container, ExecConfig(command=("cat",), stdin=True))
        await session.close()
    await runtime.remove_pod_sandbox(sandbox)


async def main(state: Path, images: Path, image: str, group: str) -> None:
    config = RuntimeConfig(state=state / "node", run=state / "run")
    names = (f"p{number}" for number in itertools.count())
    async with OCIRuntime(config, ImageStore(images, SystemClock()), LoopbackOnly(), SystemClock()) as runtime:

        async def work() -> None:
            for name in names:
                try:
                    await pod(runtime, image, group, state / "logs", name)
                except RuntimeFailure as failure:
                    print(failure, file=sys.stderr, flush=True)
                print(name, flush=True)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(work())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]))
