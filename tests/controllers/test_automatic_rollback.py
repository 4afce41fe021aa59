import msgspec
import pytest

from podo.api.types.apps_v1 import Deployment, ReplicaSet
from podo.api.types.core_v1 import ContainerState, ContainerStateWaiting, ContainerStatus, Pod
from podo.controllers.automatic_rollback import AutomaticRollback
from podo.controllers.deployment import DeploymentController
from podo.controllers.pod_trouble import trouble
from podo.controllers.replicaset import ReplicaSetController
from tests.build import deployment, pod, template

WANTED = {"podo.dev/rollback": "on-failure"}


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(DeploymentController, ReplicaSetController, AutomaticRollback)


def waiting(reason, restarts=0):
    state = ContainerState(waiting=ContainerStateWaiting(reason=reason))
    return (ContainerStatus(name="c", restart_count=restarts, state=state),)


async def rolled_out(lab, image="app:v1", annotations=WANTED):
    made = deployment(replicas=2, image=image)
    meta = msgspec.structs.replace(made.metadata, annotations=annotations)
    await lab.user.create(msgspec.structs.replace(made, metadata=meta))
    await lab.converge()


async def release(lab, image):
    await lab.change(await lab.get(Deployment, "web"), template=template(image=image))
    await lab.settle()


async def image(lab):
    await lab.settle()
    return (await lab.get(Deployment, "web")).spec.template.spec.containers[0].image


async def crash(lab, image_, reason="CrashLoopBackOff", restarts=2):
    """All Pods of an image crash."""
    for one in await lab.all(Pod):
        if one.spec.containers[0].image == image_ and not one.metadata.deletion_timestamp:
            await lab.change_status(one, phase="Running", container_statuses=waiting(reason, restarts))
    await lab.settle()


async def states(lab):
    sets = await lab.all(ReplicaSet)
    return {
        rs.spec.template.spec.containers[0].image: rs.metadata.annotations.get("podo.dev/revision-state") for rs in sets
    }


async def test_new_pods_that_crash_bring_the_last_good_revision_back(lab):
    await rolled_out(lab)
    await release(lab, "app:v2")
    await crash(lab, "app:v2")
    assert await image(lab) == "app:v1"
    await lab.converge()
    assert await states(lab) == {"app:v1": "good", "app:v2": "bad"}
    (line,) = await lab.event_lines("AutomaticRollback")
    assert line.startswith(
        'Warning AutomaticRollback web: Rolled back deployment "web" from revision 2 to revision 1: Pod '
    )
    assert line.endswith("container c: CrashLoopBackOff")


async def test_a_rollout_that_takes_too_long_goes_back(lab):
    await rolled_out(lab)
    await release(lab, "app:v2")
    await lab.run_for(550)
    assert await image(lab) == "app:v2"
    await lab.run_for(70)
    assert await image(lab) == "app:v1"


async def test_it_never_goes_back_to_what_was_bad(lab):
    await rolled_out(lab)
    for version in ("app:v2", "app:v3"):
        await release(lab, version)
        await crash(lab, version)
        await lab.converge()
    assert await image(lab) == "app:v1"
    assert await states(lab) == {"app:v1": "good", "app:v2": "bad", "app:v3": "bad"}


async def test_a_revision_that_was_bad_may_be_tried_again(lab):
    await rolled_out(lab)
    await release(lab, "app:v2")
    await crash(lab, "app:v2")
    await lab.converge()
    await release(lab, "app:v2")
    await lab.converge()
    assert await image(lab) == "app:v2"
    assert (await states(lab))["app:v2"] == "good"


async def test_where_nothing_was_ever_good_it_is_said_once(lab):
    made = deployment(replicas=1)
    meta = msgspec.structs.replace(made.metadata, annotations=WANTED)
    await lab.user.create(msgspec.structs.replace(made, metadata=meta))
    await lab.settle()
    await crash(lab, "app:v1")
    await crash(lab, "app:v1", restarts=3)
    assert await image(lab) == "app:v1"
    assert len(await lab.event_lines("AutomaticRollbackImpossible")) == 1


async def test_what_was_good_once_and_crashes_later_is_left_alone(lab):
    await rolled_out(lab)
    await release(lab, "app:v2")
    await lab.converge()
    await crash(lab, "app:v2")
    await lab.run_for(700)
    assert await image(lab) == "app:v2"


@pytest.mark.parametrize("annotations", [{}, {"podo.dev/rollback": "never"}])
async def test_nothing_happens_to_whoever_does_not_ask(lab, annotations):
    await rolled_out(lab, annotations=annotations)
    await release(lab, "app:v2")
    await crash(lab, "app:v2")
    await lab.run_for(700)
    assert await image(lab) == "app:v2"
    assert set((await states(lab)).values()) == {None}


@pytest.mark.parametrize(
    ("reason", "restarts", "found"),
    [
        ("CrashLoopBackOff", 0, ""),
        ("CrashLoopBackOff", 1, "container c: CrashLoopBackOff"),
        ("ContainerCreating", 0, ""),
        ("ErrImagePull", 0, ""),
        ("ImagePullBackOff", 0, "container c: ImagePullBackOff"),
        ("InvalidImageName", 0, "container c: InvalidImageName"),
    ],
)
def test_what_counts_as_trouble(reason, restarts, found):
    assert trouble(pod(status={"container_statuses": waiting(reason, restarts)})) == found
