"""Devices of which claims get a part: partitions that share counters, and capacities that are consumed."""

from decimal import Decimal

import pytest

from podo.scheduler.devices.capacity import consumed, has_room
from podo.scheduler.devices.taken import DeviceId, Taken, taken_by
from tests.scheduler.devices.build import DRIVER, allocations, claim, device, given, piece, request, uses

COUNTERS = [{"name": "card", "counters": {"memory": {"value": "8Gi"}}}]


def card(*devices, **spec):
    """A pool with a slice of counters and one of partitions."""
    return [
        piece("counters", pool="p", of=2, sharedCounters=COUNTERS, **spec),
        piece("parts", *devices, pool="p", of=2),
    ]


def part(name: str, memory: str, **fields):
    return device(name, consumesCounters=uses("card", memory=memory), **fields)


def test_partitions_are_given_as_long_as_their_counters_last():
    pieces = card(part("half-1", "4Gi"), part("half-2", "4Gi"), part("third", "3Gi"))
    assert given([claim(request(count=2))], pieces) == [["r=half-1", "r=half-2"]]
    assert given([claim(request(count=3))], pieces) is None
    taken = Taken({DeviceId(DRIVER, "p", "half-1")})
    assert given([claim(request(count=2))], pieces, taken=taken) is None
    assert given([claim()], pieces, taken=taken) == [["r=half-2"]]


def test_the_search_gives_counters_back():
    pieces = card(part("all", "8Gi"), part("half-1", "4Gi"), part("half-2", "4Gi"))
    assert given([claim(), claim(name="d")], pieces) == [["r=half-1"], ["r=half-2"]]


def test_what_other_nodes_take_of_the_counters_counts():
    counters = piece("counters", pool="p", of=3, sharedCounters=COUNTERS)
    here = piece("here", part("x", "5Gi"), pool="p", of=3)
    there = piece("there", part("y", "5Gi"), pool="p", of=3, nodeName="b")
    pieces = [counters, here, there]
    assert given([claim()], pieces) == [["r=x"]]
    assert given([claim()], pieces, taken=Taken({DeviceId(DRIVER, "p", "y")})) is None


def test_a_partition_of_counters_that_are_not_there_spoils_its_pool():
    wrong = card(device("x", consumesCounters=uses("other", memory="1")))
    fine = piece("fine", device("d"))
    assert given([claim()], [*wrong, fine]) == [["r=d"]]


def shared(name: str, memory="10Gi", **fields):
    return device(name, allowMultipleAllocations=True, capacity={"memory": memory}, **fields)


def wants(memory: str, name: str = "r", **fields):
    return request(name, capacity={"requests": {"memory": memory}}, **fields)


def test_claims_share_a_device_until_its_capacity_is_used_up():
    pieces = [piece("s", shared("d"))]
    found = allocations([claim(wants("6Gi")), claim(wants("4Gi"), name="d")], pieces)
    results = [result for allocation in found for result in allocation.devices.results]
    assert [(r.device, r.share_id, r.consumed_capacity) for r in results] == [
        ("d", "share-0", {"memory": "6Gi"}),
        ("d", "share-1", {"memory": "4Gi"}),
    ]
    assert given([claim(wants("1Gi"))], pieces, taken=taken_by(found)) is None
    assert given([claim(wants("6Gi")), claim(wants("5Gi"), name="d")], pieces) is None


def test_who_asks_for_no_amount_gets_all_of_it():
    assert given([claim(), claim(name="d")], [piece("s", shared("x"), shared("y"))]) == [["r=x"], ["r=y"]]


def test_a_device_that_is_not_shared_must_still_be_big_enough():
    pieces = [piece("s", device("small", capacity={"memory": "1Gi"}), device("big", capacity={"memory": "8Gi"}))]
    assert given([claim(wants("4Gi"))], pieces) == [["r=big"]]
    assert given([claim(request(capacity={"requests": {"cores": "1"}}))], pieces) is None


def test_the_first_share_pays_the_counters_for_all():
    pieces = card(shared("x", consumesCounters=uses("card", memory="8Gi")))
    assert given([claim(wants("1Gi")), claim(wants("1Gi"), name="d")], pieces) == [["r=x"], ["r=x"]]


RANGE = {"default": "1Gi", "validRange": {"min": "1Gi", "step": "2Gi", "max": "6Gi"}}
VALUES = {"default": "1Gi", "validValues": ["1Gi", "2Gi", "8Gi"]}


@pytest.mark.parametrize(
    ("policy", "asked", "takes", "fits"),
    [
        pytest.param(None, "3Gi", "3Gi", True, id="no policy"),
        pytest.param(None, None, "10Gi", True, id="no policy, nothing asked"),
        pytest.param(RANGE, None, "1Gi", True, id="the default"),
        pytest.param(RANGE, "1", "1Gi", True, id="the least"),
        pytest.param(RANGE, "2Gi", "3Gi", True, id="the next step"),
        pytest.param(RANGE, "5Gi", "5Gi", True, id="a step"),
        pytest.param(RANGE, "6Gi", "7Gi", False, id="more than the most"),
        pytest.param(VALUES, "1500Mi", "2Gi", True, id="the next value"),
        pytest.param(VALUES, "9Gi", "9Gi", False, id="more than any value"),
    ],
)
def test_policies_round_up_what_is_asked_for(policy, asked, takes, fits):
    (offered,) = piece("s", shared("d", {"value": "10Gi", "requestPolicy": policy})).spec.devices
    requests = {"memory": asked} if asked else {}
    assert consumed(requests, offered) == {"memory": takes}
    assert has_room(requests, offered, []) is fits


def test_room_is_what_others_leave():
    (offered,) = piece("s", shared("d")).spec.devices
    used = [{"memory": Decimal(6 * 2**30)}, {"memory": Decimal(2 * 2**30)}]
    assert has_room({"memory": "2Gi"}, offered, used)
    assert not has_room({"memory": "3Gi"}, offered, used)
