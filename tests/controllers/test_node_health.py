import msgspec
import pytest

from podo.api.types.core_v1 import NodeCondition, Taint
from podo.controllers.node_health import (
    ZoneState,
    desired_taints,
    eviction_rate,
    labelled,
    silent_conditions,
    without_eviction,
    zone_state,
)
from tests.build import node

NOW = "2026-01-01T01:00:00Z"
NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"


def shown(taints) -> list[str]:
    return [f"{t.key.rpartition('/')[2]}:{t.effect}" for t in taints]


def test_silence_makes_unknown_what_the_node_itself_reports():
    silent = node(ready="True")
    network = NodeCondition(type="NetworkUnavailable", status="False")
    silent = msgspec.structs.replace(
        silent, status=msgspec.structs.replace(silent.status, conditions=(*silent.status.conditions, network))
    )
    found = {c.type: c for c in silent_conditions(silent, NOW)}
    assert (found["Ready"].status, found["Ready"].reason) == ("Unknown", "NodeStatusUnknown")
    assert found["Ready"].message == "Kubelet stopped posting node status."
    assert found["Ready"].last_transition_time == NOW
    assert (found["DiskPressure"].status, found["DiskPressure"].reason) == ("Unknown", "NodeStatusNeverUpdated")
    assert found["NetworkUnavailable"] == network
    again = msgspec.structs.replace(
        silent, status=msgspec.structs.replace(silent.status, conditions=tuple(found.values()))
    )
    assert silent_conditions(again, "later") == tuple(found.values())


@pytest.mark.parametrize(
    ("given", "evict", "expected"),
    [
        pytest.param(node(ready="True"), True, [], id="ready"),
        pytest.param(node(ready="False"), False, ["not-ready:NoSchedule"], id="not ready"),
        pytest.param(node(ready="False"), True, ["not-ready:NoExecute", "not-ready:NoSchedule"], id="drives away"),
        pytest.param(node(ready="Unknown"), True, ["unreachable:NoExecute", "unreachable:NoSchedule"], id="unknown"),
        pytest.param(node(), True, [], id="never reported"),
    ],
)
def test_conditions_become_taints(given, evict, expected):
    assert shown(desired_taints(given, NOW, evict=evict)) == expected


def test_a_taint_that_drives_away_changes_with_the_condition_and_goes_when_ready():
    before = (Taint(key=NOT_READY, effect="NoExecute", time_added="t"), Taint(key="mine", effect="NoExecute"))
    changed = desired_taints(node(ready="Unknown", taints=before), NOW, evict=False)
    assert shown(changed) == ["mine:NoExecute", "unreachable:NoExecute", "unreachable:NoSchedule"]
    assert shown(desired_taints(node(ready="True", taints=before), NOW, evict=False)) == ["mine:NoExecute"]


def test_a_taint_that_is_there_keeps_its_time():
    before = (Taint(key=UNREACHABLE, effect="NoExecute", time_added="early"),)
    after = desired_taints(node(ready="Unknown", taints=before), NOW, evict=True)
    assert [t.time_added for t in after] == ["early", NOW]


def test_a_cordoned_node_is_tainted():
    cordoned = node(ready="True")
    cordoned = msgspec.structs.replace(cordoned, spec=msgspec.structs.replace(cordoned.spec, unschedulable=True))
    assert shown(desired_taints(cordoned, NOW, evict=True)) == ["unschedulable:NoSchedule"]


def test_old_labels_follow_the_new_ones():
    assert labelled(node(**{"kubernetes.io/os": "linux", "beta.kubernetes.io/os": "old"})) == {
        "kubernetes.io/os": "linux",
        "beta.kubernetes.io/os": "linux",
    }


def test_without_eviction_others_taints_stay():
    before = (Taint(key=NOT_READY, effect="NoExecute"), Taint(key="mine", effect="NoExecute"))
    assert shown(without_eviction(node(taints=before))) == ["mine:NoExecute"]


@pytest.mark.parametrize(
    ("up", "down", "state"),
    [
        (3, 0, ZoneState.NORMAL),
        (1, 2, ZoneState.NORMAL),
        (2, 3, ZoneState.PARTIAL),
        (0, 1, ZoneState.FULL),
        (0, 0, ZoneState.NORMAL),
    ],
)
def test_the_state_of_a_zone(up, down, state):
    members = [node(f"u{n}", ready="True") for n in range(up)] + [node(f"d{n}", ready="Unknown") for n in range(down)]
    assert zone_state(members) is state


@pytest.mark.parametrize(
    ("state", "size", "down", "rate"),
    [
        (ZoneState.NORMAL, 3, False, 0.1),
        (ZoneState.FULL, 3, False, 0.1),
        (ZoneState.FULL, 3, True, 0),
        (ZoneState.PARTIAL, 50, False, 0),
        (ZoneState.PARTIAL, 51, False, 0.01),
    ],
)
def test_how_fast_pods_may_be_driven_away(state, size, down, rate):
    assert eviction_rate(state, size, everything_is_down=down) == rate
