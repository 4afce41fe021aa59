import msgspec
import pytest

from podo.api.types.apps_v1 import Deployment, ReplicaSet
from podo.controllers.automatic_rollback import AutomaticRollback
from podo.controllers.autoscaling.metrics import MetricsFailure, PodMetric
from podo.controllers.canary import CanaryController
from podo.controllers.canary_steps import Canary, canary_of
from podo.controllers.deployment import DeploymentController
from podo.controllers.replicaset import ReplicaSetController
from tests.build import deployment, template

ASKED = {"podo.dev/canary": "10%,50%", "podo.dev/canary-pause": "30"}
WATCHED = ASKED | {"podo.dev/canary-metric": "errors_per_second", "podo.dev/canary-metric-max": "0.5"}


class Errors:
    """What the new Pods say, in thousandths; None: nothing."""

    def __init__(self, clock):
        self.clock, self.value = clock, None

    async def pods(self, metric, namespace, selector, metric_selector):
        if self.value is None:
            raise MetricsFailure("nothing")
        return {"p": PodMetric(self.value, self.clock.now())}


@pytest.fixture
def errors(lab):
    made = Errors(lab.clock)
    lab.start(
        DeploymentController,
        ReplicaSetController,
        AutomaticRollback,
        lambda client, clock, events: CanaryController(client, clock, events, made),
    )
    return made


async def rolled_out(lab, annotations=ASKED, **how):
    made = deployment(replicas=10, **how)
    meta = msgspec.structs.replace(made.metadata, annotations=annotations)
    await lab.user.create(msgspec.structs.replace(made, metadata=meta))
    await lab.converge()


async def release(lab, image):
    await lab.change(await lab.get(Deployment, "web"), template=template(image=image))
    await lab.converge()


async def sizes(lab):
    await lab.converge()
    found = {rs.spec.template.spec.containers[0].image: rs.spec.replicas for rs in await lab.all(ReplicaSet)}
    return {image: size for image, size in found.items() if size}


async def after(lab, seconds):
    await lab.run_for(seconds)
    return await sizes(lab)


@pytest.mark.parametrize("how", [{}, {"surge": 0, "unavailable": 1}, {"surge": 1, "unavailable": 0}])
async def test_a_new_revision_grows_in_steps(lab, errors, how):
    await rolled_out(lab, **how)
    assert await sizes(lab) == {"app:v1": 10}, "the first revision has nothing to be better than"
    await release(lab, "app:v2")
    assert await sizes(lab) == {"app:v2": 1, "app:v1": 9}
    assert await after(lab, 25) == {"app:v2": 1, "app:v1": 9}
    assert await after(lab, 10) == {"app:v2": 5, "app:v1": 5}
    assert await after(lab, 35) == {"app:v2": 10}
    assert [line.partition("web: ")[2] for line in await lab.event_lines("CanaryStep")] == [
        'Revision 2 of deployment "web" goes on to 50%',
        'Revision 2 of deployment "web" goes on to all Pods',
    ]


async def test_each_revision_begins_at_the_first_step(lab, errors):
    await rolled_out(lab)
    await release(lab, "app:v2")
    for _ in range(3):
        await after(lab, 35)
    await release(lab, "app:v3")
    assert await sizes(lab) == {"app:v3": 1, "app:v2": 9}


async def test_a_bad_metric_brings_the_old_revision_back(lab, errors):
    errors.value = 100
    await rolled_out(lab, WATCHED)
    await release(lab, "app:v2")
    assert await after(lab, 35) == {"app:v2": 5, "app:v1": 5}
    errors.value = 700
    assert await after(lab, 35) == {"app:v1": 10}
    (line,) = await lab.event_lines("CanaryFailed")
    assert line.endswith(
        'Rolled back deployment "web" from revision 2 to revision 1: '
        "errors_per_second is 0.7 on average, the most is 0.5"
    )


async def test_while_the_metric_says_nothing_the_step_does_not_end(lab, errors):
    await rolled_out(lab, WATCHED)
    await release(lab, "app:v2")
    assert await after(lab, 300) == {"app:v2": 1, "app:v1": 9}
    errors.value = 0
    assert await after(lab, 6) == {"app:v2": 5, "app:v1": 5}


async def test_going_back_in_the_middle_waits_for_nothing_that_is_not_there(lab, errors):
    await rolled_out(lab)
    await release(lab, "app:v2")
    await release(lab, "app:v1")
    for _ in range(4):
        await after(lab, 35)
    assert await sizes(lab) == {"app:v1": 10}


@pytest.mark.parametrize(
    ("annotations", "canary"),
    [
        ({}, None),
        ({"podo.dev/canary": "1, 25%"}, Canary((1, "25%"))),
        (WATCHED, Canary(("10%", "50%"), 30, "errors_per_second", 500)),
        ({"podo.dev/canary": "some"}, None),
        ({"podo.dev/canary": "1", "podo.dev/canary-pause": "later"}, None),
    ],
)
def test_what_is_asked_for(annotations, canary):
    made = deployment()
    meta = msgspec.structs.replace(made.metadata, annotations=annotations)
    assert canary_of(msgspec.structs.replace(made, metadata=meta)) == canary
