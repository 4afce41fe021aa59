import pytest

from podo.api.resources import by_path
from podo.api.types.apps_v1 import Deployment
from podo.api.types.core_v1 import ConfigMap, Namespace, NamespaceCondition, NamespaceSpec, Pod, Secret
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key
from podo.controllers.namespace import FINE, Left, NamespaceController, described
from tests.build import deployment, meta, pod

from .lab import NS

HOLD = ("example.com/hold",)


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(NamespaceController)


async def delete(lab, name: str = NS) -> None:
    await lab.user.delete(Namespace, Key("", name))
    await lab.settle()


async def conditions(lab) -> dict[str, tuple[str, str, str]]:
    namespace = await lab.get(Namespace, NS, "")
    return {c.type: (c.status, c.reason, c.message) for c in namespace.status.conditions}


async def test_everything_in_it_goes_and_then_it_goes(lab):
    for obj in (ConfigMap(metadata=meta("c")), Secret(metadata=meta("s")), deployment()):
        await lab.user.create(obj)
    await lab.user.create(ConfigMap(metadata=meta("other", namespace="default")))
    await delete(lab)
    for cls in (ConfigMap, Secret, Deployment):
        assert await lab.all(cls, NS) == []
    assert len(await lab.all(ConfigMap)) == 1
    assert await lab.get(Namespace, NS, "") is None


async def test_pods_go_first(lab):
    await lab.user.create(pod("p", finalizers=HOLD))
    await lab.user.create(ConfigMap(metadata=meta("c")))
    await delete(lab)
    assert len(await lab.all(ConfigMap, NS)) == 1
    await lab.change_meta(pod("p"), finalizers=())
    await lab.finish_deletions()
    await lab.settle()
    assert await lab.all(ConfigMap, NS) == []
    assert await lab.get(Namespace, NS, "") is None


async def test_it_says_what_holds_it_up(lab):
    await lab.user.create(ConfigMap(metadata=meta("c", finalizers=HOLD)))
    await lab.user.create(ConfigMap(metadata=meta("d", finalizers=HOLD)))
    await delete(lab)
    found = await conditions(lab)
    assert found["NamespaceContentRemaining"] == (
        "True",
        "SomeResourcesRemain",
        "Some resources are remaining: configmaps. has 2 resource instances",
    )
    assert found["NamespaceFinalizersRemaining"] == (
        "True",
        "SomeFinalizersRemain",
        "Some content in the namespace has finalizers remaining: example.com/hold in 2 resource instances",
    )
    assert found["NamespaceDeletionContentFailure"][0] == "False"
    for name in "cd":
        await lab.change_meta(ConfigMap(metadata=meta(name)), finalizers=())
    await lab.run_for(2)
    assert await lab.get(Namespace, NS, "") is None


async def test_a_finalizer_of_somebody_else_is_left_to_them(lab):
    mine = NamespaceSpec(finalizers=("kubernetes", "example.com/mine"))
    await lab.user.create(Namespace(metadata=ObjectMeta(name="held"), spec=mine))
    await lab.user.create(ConfigMap(metadata=meta("c", namespace="held")))
    await delete(lab, "held")
    assert await lab.all(ConfigMap, "held") == []
    left = await lab.get(Namespace, "held", "")
    assert left is None or "kubernetes" not in left.spec.finalizers


async def test_one_that_is_not_being_deleted_is_left_alone(lab):
    await lab.user.create(ConfigMap(metadata=meta("c")))
    await lab.settle()
    assert len(await lab.all(ConfigMap, NS)) == 1
    assert (await lab.get(Namespace, NS, "")).status.conditions == ()
    assert await lab.all(Pod) == []


def test_all_conditions_are_there_from_the_begin():
    found = described((), Left(), "t")
    assert {c.type: (c.status, c.reason) for c in found} == {k: ("False", reason) for k, (reason, _) in FINE.items()}


def test_a_condition_keeps_its_time_while_its_status_stays():
    before = (NamespaceCondition(type="NamespaceContentRemaining", status="True", last_transition_time="early"),)
    left = Left()
    left.add(by_path("apps", "v1", "deployments"), [("a", "b"), ()])
    found = {c.type: c for c in described(before, left, "late")}
    remaining = found["NamespaceContentRemaining"]
    assert remaining.last_transition_time == "early"
    assert remaining.message == "Some resources are remaining: deployments.apps has 2 resource instances"
    assert found["NamespaceFinalizersRemaining"].message.endswith(
        "a in 1 resource instances, b in 1 resource instances"
    )
    assert {c.type: c for c in described(found.values(), Left(), "later")}[
        "NamespaceContentRemaining"
    ].last_transition_time == "later"


def test_failures_are_counted_and_listed():
    (failure,) = (c for c in described((), Left(errors=["b", "a"]), "t") if c.type == "NamespaceDeletionContentFailure")
    assert (failure.status, failure.reason) == ("True", "ContentDeletionFailed")
    assert failure.message == "Failed to delete all resource types, 2 remaining: a, b"
