"""What a DELETE does to an object."""

from datetime import UTC, datetime

import pytest

from podo.api.errors import Conflict, Invalid
from podo.server.registry.catalog import Catalog
from podo.server.registry.deleting import (
    KEEP,
    REMOVE,
    DeleteOptions,
    check_preconditions,
    collection_finalizers,
    goes_with_update,
    options_of,
    plan_deletion,
)
from podo.server.strategy import Strategy, Traits

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Graceful(Strategy):
    graceful = True

    def grace_period(self, obj, wanted):
        return 30 if wanted is None else wanted


class Held(Strategy):
    def held(self, obj):
        return bool(obj.get("held"))

    def mark_deleted(self, obj):
        obj["phase"] = "Terminating"


def obj(**meta):
    return {"metadata": {"name": "x", "uid": "u", **meta}}


def test_an_object_that_nothing_holds_goes_at_once():
    assert plan_deletion(obj(), Strategy(), DeleteOptions(), NOW) == REMOVE


def test_a_finalizer_holds_an_object_and_counts_as_a_change():
    plan = plan_deletion(obj(finalizers=["a/b"], generation=1), Strategy(), DeleteOptions(), NOW)
    assert not plan.remove
    assert plan.obj["metadata"] == {
        "name": "x",
        "uid": "u",
        "finalizers": ["a/b"],
        "generation": 2,
        "deletionTimestamp": "2026-01-01T00:00:00Z",
        "deletionGracePeriodSeconds": 0,
    }


@pytest.mark.parametrize(
    ("options", "finalizers"),
    [
        pytest.param(DeleteOptions(propagation="Orphan"), ["a/b", "orphan"], id="orphan"),
        pytest.param(DeleteOptions(propagation="Foreground"), ["a/b", "foregroundDeletion"], id="foreground"),
        pytest.param(DeleteOptions(propagation="Background"), ["a/b"], id="background"),
        pytest.param(DeleteOptions(orphan_dependents=True), ["a/b", "orphan"], id="orphan, of old"),
        pytest.param(DeleteOptions(orphan_dependents=False), ["a/b"], id="not orphan, of old"),
        pytest.param(DeleteOptions(), ["a/b"], id="by default"),
    ],
)
def test_propagation_is_told_to_the_garbage_collector_by_finalizers(options, finalizers):
    assert collection_finalizers(["a/b"], Strategy(), options) == finalizers


def test_a_propagation_that_stands_in_the_object_counts_unless_the_options_say_otherwise():
    assert collection_finalizers(["orphan"], Strategy(), DeleteOptions()) == ["orphan"]
    assert collection_finalizers(["orphan"], Strategy(), DeleteOptions(propagation="Background")) == []


def test_some_kinds_leave_their_dependents_unless_told_otherwise():
    old = Strategy(Traits(orphans=True))
    assert collection_finalizers([], old, DeleteOptions()) == ["orphan"]
    assert collection_finalizers([], old, DeleteOptions(propagation="Background")) == []


def test_propagation_means_nothing_to_kinds_that_own_nothing():
    options = DeleteOptions(propagation="Foreground")
    assert collection_finalizers([], Strategy(Traits(collects=False)), options) == []


def test_grace_leaves_an_object_for_a_while():
    plan = plan_deletion(obj(), Graceful(), DeleteOptions(), NOW)
    assert not plan.remove
    assert plan.obj["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:30Z"
    assert plan.obj["metadata"]["deletionGracePeriodSeconds"] == 30


def test_no_grace_marks_an_object_and_removes_it():
    plan = plan_deletion(obj(), Graceful(), DeleteOptions(grace_period_seconds=0), NOW)
    assert plan.remove
    assert plan.obj["metadata"]["deletionGracePeriodSeconds"] == 0


@pytest.mark.parametrize(("wanted", "end"), [(10, "2026-01-01T00:00:10Z"), (0, "2026-01-01T00:00:00Z")])
def test_grace_can_be_shortened(wanted, end):
    going = obj(deletionTimestamp="2026-01-01T00:00:30Z", deletionGracePeriodSeconds=30)
    plan = plan_deletion(going, Graceful(), DeleteOptions(grace_period_seconds=wanted), NOW)
    assert plan.obj["metadata"]["deletionTimestamp"] == end
    assert plan.remove == (wanted == 0)


@pytest.mark.parametrize("wanted", [None, 30, 60])
def test_grace_cannot_be_prolonged(wanted):
    going = obj(deletionTimestamp="2026-01-01T00:00:30Z", deletionGracePeriodSeconds=30)
    assert plan_deletion(going, Graceful(), DeleteOptions(grace_period_seconds=wanted), NOW) == KEEP


def test_what_is_held_is_marked_once():
    held = obj() | {"held": True}
    plan = plan_deletion(held, Held(), DeleteOptions(), NOW)
    assert (plan.remove, plan.obj["phase"]) == (False, "Terminating")
    assert plan_deletion(plan.obj, Held(), DeleteOptions(), NOW) == KEEP


def test_the_last_finalizer_takes_a_deleted_object_along():
    old = obj(deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["a/b"], deletionGracePeriodSeconds=0)
    assert goes_with_update(obj(), old, Strategy())
    assert not goes_with_update(obj(finalizers=["a/b"]), old, Strategy())
    assert not goes_with_update(obj(), obj(), Strategy())
    assert not goes_with_update(obj() | {"held": True}, old, Held())


def test_a_pod_in_its_grace_period_is_not_taken_along():
    old = obj(deletionTimestamp="2026-01-01T00:00:30Z", deletionGracePeriodSeconds=30)
    assert not goes_with_update(obj(), old, Graceful())


def test_preconditions_name_the_object_that_is_meant():
    served = Catalog().by_path("", "v1", "configmaps")
    check_preconditions(obj(), 7, DeleteOptions(uid="u", resource_version="7"), served)
    with pytest.raises(
        Conflict,
        match=r'on ConfigMap "x": the UID in the precondition \(other\) does not match the UID in record \(u\)',
    ):
        check_preconditions(obj(), 7, DeleteOptions(uid="other"), served)
    with pytest.raises(Conflict, match=r"ResourceVersion in the precondition \(6\) does not match .* in record \(7\)"):
        check_preconditions(obj(), 7, DeleteOptions(resource_version="6"), served)


@pytest.mark.parametrize("given", [{"uid": ""}, {"resourceVersion": ""}])
def test_an_empty_precondition_is_met_by_no_object(given):
    options, _ = options_of({"preconditions": given})
    with pytest.raises(Conflict, match=r"precondition \(\) does not match"):
        check_preconditions(obj(), 7, options, Catalog().by_path("", "v1", "configmaps"))


def test_a_group_is_told_beside_the_kind_of_what_was_not_meant():
    served = Catalog().by_path("apps", "v1", "deployments")
    with pytest.raises(Conflict, match=r'fulfilled on Deployment\.apps "x"') as caught:
        check_preconditions(obj(), 7, DeleteOptions(uid="other"), served)
    assert caught.value.details == {"name": "x", "group": "apps", "kind": "Deployment"}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"propagationPolicy": "Bogus"}, "supported values"),
        ({"propagationPolicy": "Orphan", "orphanDependents": True}, "cannot be both set"),
        ({"dryRun": ["Some"]}, "dryRun: Unsupported value"),
    ],
)
def test_options_that_make_no_sense_are_refused(given, complaint):
    with pytest.raises(Invalid, match=complaint):
        options_of(given)


def test_options_are_read_from_their_object():
    given = {"gracePeriodSeconds": 5, "preconditions": {"uid": "u"}, "dryRun": ["All"]}
    assert options_of(given) == (DeleteOptions(grace_period_seconds=5, uid="u"), True)


def test_a_grace_period_below_zero_is_the_shortest():
    dying = obj(deletionTimestamp="2026-01-01T00:00:30Z", deletionGracePeriodSeconds=30)
    plan = plan_deletion(dying, Graceful(), DeleteOptions(grace_period_seconds=-1), NOW)
    assert plan.obj["metadata"]["deletionGracePeriodSeconds"] == 1


def test_a_dry_run_may_be_asked_for_more_than_once():
    assert options_of({"dryRun": ["All", "All"]})[1]
    with pytest.raises(Invalid, match="dryRun: Unsupported value"):
        options_of({"dryRun": ["All", "Some"]})
