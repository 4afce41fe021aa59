import msgspec
import pytest

from podo.api.types.apps_v1 import ReplicaSet
from podo.api.types.core_v1 import Pod
from podo.api.types.meta_v1 import LabelSelector, LabelSelectorRequirement, OwnerReference
from podo.api.types.policy_v1 import PodDisruptionBudget, PodDisruptionBudgetSpec
from podo.client.base import APPLY_PATCH, Key, Patch, key_of
from podo.controllers.deployment import DeploymentController
from podo.controllers.disruption import DisruptionController
from podo.controllers.replicaset import ReplicaSetController
from tests.build import deployment, meta, pod, replica_set, selector

from .lab import NOW


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(DisruptionController, ReplicaSetController, DeploymentController)


def budget(**spec) -> PodDisruptionBudget:
    return PodDisruptionBudget(metadata=meta("b"), spec=PodDisruptionBudgetSpec(**({"selector": selector()} | spec)))


async def status(lab):
    await lab.settle()
    return (await lab.get(PodDisruptionBudget, "b")).status


async def numbers(lab) -> tuple[int, int, int, int]:
    s = await status(lab)
    return s.expected_pods, s.current_healthy, s.desired_healthy, s.disruptions_allowed


async def allowed(lab) -> tuple[str, str]:
    (condition,) = (await status(lab)).conditions
    assert condition.type == "DisruptionAllowed"
    return condition.status, condition.reason


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"min_available": 2}, (4, 4, 2, 2), id="at least two"),
        pytest.param({"min_available": "50%"}, (4, 4, 2, 2), id="at least half"),
        pytest.param({"min_available": "51%"}, (4, 4, 3, 1), id="rounded up"),
        pytest.param({"max_unavailable": 1}, (4, 4, 3, 1), id="at most one away"),
        pytest.param({"max_unavailable": "30%"}, (4, 4, 2, 2), id="at most so many away, rounded up"),
        pytest.param({"max_unavailable": 9}, (4, 4, 0, 4), id="all may go"),
        pytest.param({"max_unavailable": 0}, (4, 4, 4, 0), id="none may go"),
    ],
)
async def test_how_many_may_go(lab, spec, expected):
    await lab.user.create(deployment(replicas=4))
    await lab.converge()
    await lab.user.create(budget(**spec))
    assert await numbers(lab) == expected
    assert await allowed(lab) == (("True", "SufficientPods") if expected[3] else ("False", "InsufficientPods"))


async def test_it_follows_the_pods(lab):
    await lab.user.create(budget(min_available=2))
    assert await numbers(lab) == (0, 0, 2, 0)
    await lab.user.create(replica_set(replicas=3))
    await lab.settle()
    assert await numbers(lab) == (3, 0, 2, 0)
    await lab.converge()
    assert await numbers(lab) == (3, 3, 2, 1)
    await lab.become((await lab.all(Pod))[:1], ready=False)
    assert await numbers(lab) == (3, 2, 2, 0)


async def test_pods_whose_eviction_was_allowed_count_as_gone_for_two_minutes(lab):
    await lab.user.create(replica_set(replicas=3))
    await lab.converge()
    made = await lab.user.create(budget(min_available=1))
    await lab.settle()
    first = (await lab.all(Pod))[0].metadata.name
    await lab.change_status(made, disrupted_pods={first: "2026-01-01T00:00:00Z", "gone": "2026-01-01T00:00:00Z"})
    found = await status(lab)
    assert (found.disrupted_pods, found.disruptions_allowed) == ({first: "2026-01-01T00:00:00Z"}, 1)
    await lab.run_for(121)
    found = await status(lab)
    assert (found.disrupted_pods, found.disruptions_allowed) == ({}, 2)


async def test_a_pod_that_is_being_deleted_is_not_healthy(lab):
    await lab.user.create(replica_set(replicas=2))
    await lab.converge()
    await lab.user.create(budget(min_available=1))
    first = (await lab.all(Pod))[0]
    await lab.change_meta(first, finalizers=("example.com/hold",))
    await lab.user.delete(Pod, key_of(first), NOW)
    assert (await numbers(lab))[1] == 1


async def test_pods_without_a_controller_are_told_of(lab):
    await lab.user.create(pod("alone", labels={"app": "web"}))
    await lab.user.create(budget(max_unavailable=1))
    assert await numbers(lab) == (0, 0, 0, 0)
    (line,) = await lab.event_lines("UnmanagedPods")
    assert line.startswith(
        "Warning UnmanagedPods b: Pods selected by this PodDisruptionBudget (selector: &LabelSelector{"
    )


async def test_a_controller_whose_size_nobody_knows_allows_nothing(lab):
    rs = await lab.user.create(replica_set(replicas=1))
    await lab.converge()
    (one,) = await lab.all(Pod)
    owner = msgspec.structs.replace(
        one.metadata.owner_references[0], kind="StatefulSet", api_version="apps/v1", name="j"
    )
    await lab.user.delete(ReplicaSet, key_of(rs))
    await lab.change_meta(one, owner_references=(owner,))
    await lab.user.create(budget(max_unavailable=1))
    assert await allowed(lab) == ("False", "SyncFailed")
    assert (await status(lab)).conditions[0].message == f'found no controllers for pod "{one.metadata.name}"'


async def test_expressions_select_and_an_empty_selector_selects_all(lab):
    await lab.user.create(replica_set(replicas=2))
    await lab.converge()
    some = LabelSelector(match_expressions=(LabelSelectorRequirement(key="app", operator="In", values=("web",)),))
    await lab.user.create(budget(min_available=1, selector=some))
    assert await numbers(lab) == (2, 2, 1, 1)
    await lab.change(await lab.get(PodDisruptionBudget, "b"), selector=LabelSelector())
    assert await numbers(lab) == (2, 2, 1, 1)


async def test_nothing_is_written_without_a_change(lab):
    await lab.user.create(replica_set(replicas=2))
    await lab.converge()
    made = await lab.user.create(budget(min_available=1))
    await lab.settle()
    before = (await lab.get(PodDisruptionBudget, "b")).metadata.resource_version
    lab.loops[0].queue.add(key_of(made))
    await lab.settle()
    assert (await lab.get(PodDisruptionBudget, "b")).metadata.resource_version == before


async def test_a_custom_kind_with_a_scale_has_a_size(lab):
    kind = await lab.serve("floralsets", "FloralSet")
    body = {"apiVersion": "example.com/v1", "kind": "FloralSet", "metadata": {"name": "roses"}, "spec": {"replicas": 4}}
    made = await lab.user.patch(kind, Key("ns", "roses"), Patch(media_type=APPLY_PATCH, body=body, field_manager="me"))
    owner = OwnerReference(
        api_version="example.com/v1", kind="FloralSet", name="roses", uid=made.metadata.uid, controller=True
    )
    for number in range(4):
        stored = await lab.user.create(pod(f"p{number}", labels={"app": "web"}, owner_references=(owner,)))
        await lab.become([stored])
    await lab.user.create(budget(max_unavailable=1))
    assert await numbers(lab) == (4, 4, 3, 1)


async def test_a_kind_without_a_size_is_named(lab):
    owner = OwnerReference(api_version="batch/v1", kind="Job", name="j", uid="u", controller=True)
    await lab.become([await lab.user.create(pod("p", labels={"app": "web"}, owner_references=(owner,)))])
    await lab.user.create(budget(max_unavailable=1))
    assert await allowed(lab) == ("False", "SyncFailed")
    (condition,) = (await status(lab)).conditions
    assert condition.message == "jobs.batch does not implement the scale subresource"
