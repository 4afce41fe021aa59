from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from podo.api.errors import Forbidden
from podo.api.types.core_v1 import Container, ContainerStatus, Pod
from podo.controllers import pods
from tests.build import pod, replica_set, template

NOW = datetime(2026, 1, 1, 1, tzinfo=UTC)


def at(seconds_ago: float) -> str:
    return (NOW - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def names(found) -> list[str]:
    return [p.metadata.name for p in found]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(pod("a"), pod("b", node="n1"), id="without a node before with one"),
        pytest.param(pod("a", phase="Pending"), pod("b", ready=False), id="pending before running"),
        pytest.param(pod("a", ready=False), pod("b", ready=True), id="not ready before ready"),
        pytest.param(
            pod("a", annotations={pods.DELETION_COST: "-5"}), pod("b", annotations={}), id="cheap before dear"
        ),
        pytest.param(
            pod("a", ready=True, since=at(10)), pod("b", ready=True, since=at(1000)), id="just ready before long ready"
        ),
        pytest.param(
            pod("a", status={"container_statuses": (ContainerStatus(name="c", restart_count=3),)}),
            pod("b"),
            id="often restarted before never",
        ),
        pytest.param(pod("a", creation_timestamp=at(10)), pod("b", creation_timestamp=at(1000)), id="young before old"),
        pytest.param(
            pod("a", ready=True, since=at(1000), uid="1"),
            pod("b", ready=True, since=at(900), uid="2"),
            id="about as long ready: by uid",
        ),
    ],
)
def test_who_is_deleted_first(first, second):
    for given in ([first, second], [second, first]):
        assert names(pods.rank_for_deletion(given, [], NOW)) == ["a", "b"]


@pytest.mark.parametrize("times", [{"creation_timestamp": 1}, {"since": 1}], ids=["made", "ready"])
def test_without_a_now_the_youngest_goes_first_by_any_second(times):
    def aged(name, seconds, uid):
        given = {field: at(seconds) for field in times}
        return pod(name, ready=True, uid=uid, **given)

    given = [aged("old", 902, "1"), aged("young", 900, "3"), aged("middle", 901, "2")]
    assert names(pods.rank_for_deletion(given, [], None)) == ["young", "middle", "old"]


def test_those_that_share_a_node_with_others_of_their_kind_are_deleted_first():
    given = [pod("a", node="n1", ready=True), pod("b", node="n2", ready=True), pod("c", node="n2", ready=True)]
    other = pod("d", node="n2", ready=True)
    assert names(pods.rank_for_deletion(given, [*given, other], NOW))[-1] == "a"


def test_restarts_of_sidecars_count_last():
    sidecar = Container(name="s", restart_policy="Always")
    one = pod("a", status={"init_container_statuses": (ContainerStatus(name="s", restart_count=2),)})
    one = msgspec.structs.replace(one, spec=msgspec.structs.replace(one.spec, init_containers=(sidecar,)))
    assert names(pods.rank_for_deletion([pod("b"), one], [], NOW)) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "cost"), [("10", 10), ("-10", -10), ("+10", 0), ("010", 0), ("-0", 0), ("x", 0), ("99999999999", 0)]
)
def test_what_a_deletion_cost_may_be(text, cost):
    assert pods.deletion_cost(pod(annotations={pods.DELETION_COST: text})) == cost


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (pod(ready=False), None),
        (pod(), None),
        (pod(ready=True, since=at(4)), 6),
        (pod(ready=True, since=at(10)), 0),
        (pod(ready=True, since=at(100)), 0),
    ],
)
def test_when_a_pod_is_available(given, seconds):
    assert pods.seconds_to_available(given, 10, NOW) == seconds
    assert pods.is_available(given, 10, NOW) is (seconds == 0)


def test_the_next_to_become_available():
    given = [pod(ready=True, since=at(4)), pod(ready=True, since=at(7)), pod(ready=True, since=at(70)), pod()]
    assert pods.next_availability(given, 10, NOW) == 3
    assert pods.next_availability([], 10, NOW) is None


def test_a_pod_from_a_template_has_its_metadata_and_its_owner():
    rs = replica_set("web")
    made = pods.from_template(template(), rs)
    assert made.metadata.generate_name == "web-"
    assert made.metadata.labels == {"app": "web"}
    assert made.metadata.owner_references[0].kind == "ReplicaSet"


def test_a_long_owner_name_leaves_out_the_dash():
    name = "a" * 253
    assert pods.from_template(template(), replica_set(name)).metadata.generate_name == name


async def test_a_slow_start_doubles_and_stops_at_the_first_failure():
    calls: list[int] = []

    async def call(number: int) -> None:
        calls.append(number)
        if number == 4:
            raise Forbidden("exceeded quota")

    with pytest.raises(Forbidden):
        await pods.slow_start(100, call)
    assert calls == [0, 1, 2, 3, 4, 5, 6]


async def test_a_slow_start_makes_exactly_as_many_calls_as_asked_for():
    for count in (0, 1, 2, 10, 33):
        calls: list[int] = []

        async def call(number: int, calls: list[int] = calls) -> None:
            calls.append(number)

        await pods.slow_start(count, call)
        assert calls == list(range(count))


@pytest.mark.parametrize(
    ("given", "active", "terminating"),
    [
        (pod(), True, False),
        (pod(phase="Failed"), False, False),
        (pod(deletion_timestamp=at(1)), False, True),
        (pod(phase="Succeeded", deletion_timestamp=at(1)), False, False),
        (Pod(), True, False),
    ],
)
def test_what_counts_as_active_and_as_terminating(given, active, terminating):
    assert pods.is_active(given) is active
    assert pods.is_terminating_pod(given) is terminating
