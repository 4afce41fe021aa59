import msgspec
import pytest

from podo.api.types.apps_v1 import StatefulSet
from podo.api.types.core_v1 import ContainerState, ContainerStateWaiting, ContainerStatus, Pod
from podo.controllers.statefulset import StatefulSetController
from podo.controllers.unstick import Unstick
from tests.build import stateful_set, template


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(StatefulSetController, Unstick)


async def started(lab, **annotations):
    made = stateful_set(replicas=3)
    await lab.user.create(
        msgspec.structs.replace(made, metadata=msgspec.structs.replace(made.metadata, annotations=annotations))
    )
    await lab.converge()


async def release(lab, image):
    await lab.change(await lab.get(StatefulSet, "db"), template=template("db", image, node_name="n1"))
    await lab.settle()


async def images(lab):
    await lab.settle()
    return [p.spec.containers[0].image for p in await lab.all(Pod) if not p.metadata.deletion_timestamp]


async def crash(lab, image):
    waiting = ContainerState(waiting=ContainerStateWaiting(reason="CrashLoopBackOff"))
    status = (ContainerStatus(name="c", restart_count=3, state=waiting),)
    for pod in await lab.all(Pod):
        if pod.spec.containers[0].image == image and not pod.metadata.deletion_timestamp:
            await lab.become([pod], ready=False, container_statuses=status)
    await lab.settle()


async def bad_release(lab):
    """The last Pod has been replaced by one that crashes."""
    await release(lab, "app:bad")
    await lab.finish_deletions()
    await lab.settle()
    await crash(lab, "app:bad")
    assert await images(lab) == ["app:v1", "app:v1", "app:bad"]


async def test_a_corrected_template_replaces_the_pod_that_never_became_ready(lab):
    await started(lab, **{"podo.dev/unstick": "true"})
    await bad_release(lab)
    await release(lab, "app:v2")
    await lab.converge()
    assert await images(lab) == ["app:v2"] * 3
    (line,) = await lab.event_lines("Unstuck")
    assert line.endswith("Deleted Pod db-2, which kept StatefulSet db from its update: container c: CrashLoopBackOff")


async def test_going_back_works_too(lab):
    await started(lab, **{"podo.dev/unstick": "true"})
    await bad_release(lab)
    await release(lab, "app:v1")
    await lab.converge()
    assert await images(lab) == ["app:v1"] * 3


async def test_without_the_annotation_somebody_has_to_delete_it(lab):
    await started(lab)
    await bad_release(lab)
    await release(lab, "app:v2")
    await lab.run_for(600)
    assert await images(lab) == ["app:v1", "app:v1", "app:bad"]


async def test_a_pod_of_the_wanted_revision_is_left_to_its_back_off(lab):
    await started(lab, **{"podo.dev/unstick": "true"})
    await bad_release(lab)
    await lab.run_for(600)
    assert await images(lab) == ["app:v1", "app:v1", "app:bad"]
