"""Which devices claims get: one request, several, all devices, alternatives, constraints, taints, admin access."""

import pytest

from podo.scheduler.devices.allocator import NotHere, allocate
from podo.scheduler.devices.search import AllocationError, GivenUp
from podo.scheduler.devices.taken import DeviceId, Taken, taken_by
from tests.scheduler.devices.build import (
    DRIVER,
    allocations,
    claim,
    device,
    device_class,
    first_of,
    given,
    piece,
    place,
    request,
    supply,
    wish,
    zone,
)

TWO = piece("s", device("d1"), device("d2"))


def whole(*names: str, pool: str = "s") -> Taken:
    return Taken({DeviceId(DRIVER, pool, name) for name in names})


def test_a_claim_gets_the_first_device_that_is_free():
    assert given([claim()], [TWO]) == [["r=d1"]]
    assert given([claim()], [TWO], taken=whole("d1")) == [["r=d2"]]
    assert given([claim()], [TWO], taken=whole("d1", "d2")) is None
    assert given([claim()], []) is None


def test_no_device_is_given_twice():
    assert given([claim(name="c"), claim(name="d")], [TWO]) == [["r=d1"], ["r=d2"]]
    assert given([claim(request("r", count=2)), claim(name="d")], [TWO]) is None
    assert given([claim(request("x"), request("y"))], [TWO]) == [["x=d1", "y=d2"]]


def test_pools_and_slices_are_tried_in_the_order_of_their_names():
    pieces = [piece("b", device("of-b")), piece("a", device("of-a"))]
    assert given([claim()], pieces) == [["r=of-a"]]
    pieces = [piece(n, device(f"of-{n}"), pool="p", of=2) for n in ("z", "y")]
    assert given([claim(request(count=2))], pieces) == [["r=of-y", "r=of-z"]]


def test_the_choice_is_changed_when_a_later_request_needs_the_device():
    big = device("big", capacity={"memory": "8Gi"})
    small = device("small", capacity={"memory": "1Gi"})
    enough = f"device.capacity['{DRIVER}'].memory.compareTo(quantity('4Gi')) >= 0"
    assert given([claim(request("any"), request("much", enough))], [piece("s", big, small)]) == [
        ["any=small", "much=big"]
    ]
    assert given([claim(request("any")), claim(request("much", enough), name="d")], [piece("s", big, small)]) == [
        ["any=small"],
        ["much=big"],
    ]


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        pytest.param(
            f"device.driver == '{DRIVER}' && device.attributes['{DRIVER}'].model == 'B'", "d2", id="attribute"
        ),
        pytest.param(f"device.attributes['{DRIVER}'].version.isGreaterThan(semver('1.9.0'))", "d2", id="version"),
        pytest.param("device.attributes['other.example.com'].healthy", "d2", id="another domain"),
        pytest.param(f"device.attributes['{DRIVER}'].index == 2", "d2", id="number"),
    ],
)
def test_expressions_select_devices(expression, chosen):
    first = {"model": "A", "version": "v:1.0.0", "index": 1, "other.example.com/healthy": False}
    second = {"model": "B", "version": "v:2.0.0", "index": 2, "other.example.com/healthy": True}
    pieces = [piece("s", device("d1", attributes=first), device("d2", attributes=second))]
    assert given([claim(request("r", expression))], pieces) == [[f"r={chosen}"]]
    assert given([claim()], pieces, classes=[device_class("gpu", expression)]) == [[f"r={chosen}"]]


def test_an_expression_that_fails_is_the_claims_or_the_classs_fault():
    missing = f"device.attributes['{DRIVER}'].nothing == 1"
    with pytest.raises(AllocationError, match="claim default/c: selector #0: CEL runtime error: no such key: nothing"):
        given([claim(request("r", missing))], [TWO])
    with pytest.raises(AllocationError, match="class gpu: selector #0: CEL runtime error"):
        given([claim()], [TWO], classes=[device_class("gpu", missing)])
    with pytest.raises(AllocationError, match="CEL compile error"):
        given([claim(request("r", "device.nothing"))], [TWO])


def test_a_class_that_is_not_there_is_an_error():
    with pytest.raises(AllocationError, match="could not retrieve device class x: "):
        given([claim(request(cls="x"))], [TWO])


def test_all_means_every_device_that_is_selected():
    everything = request("r", allocationMode="All")
    assert given([claim(everything)], [TWO]) == [["r=d1", "r=d2"]]
    assert given([claim(everything)], [TWO], taken=whole("d2")) is None
    assert given([claim(everything)], []) is None
    assert given([claim(everything), claim(name="d")], [TWO]) is None


def test_all_is_not_known_while_a_pool_is_incomplete():
    half = piece("s", device("d1"), of=2)
    assert given([claim()], [half]) is None
    with pytest.raises(AllocationError, match=f"asks for all devices, but resource pool {DRIVER}/s is currently being"):
        given([claim(request(allocationMode="All"))], [half])


def test_only_the_newest_generation_of_a_pool_counts():
    old, new = piece("old", device("gone"), pool="p"), piece("new", device("there"), pool="p", generation=2)
    assert given([claim()], [old, new]) == [["r=there"]]
    elsewhere = piece("new", device("there"), pool="p", generation=2, nodeName="b")
    assert given([claim()], [old, elsewhere]) is None


def test_a_pool_with_a_name_twice_is_invalid_but_others_serve():
    wrong = [piece(n, device("same"), pool="p", of=2) for n in ("x", "y")]
    with pytest.raises(NotHere, match="invalid resource pools were encountered"):
        given([claim()], wrong)
    assert given([claim()], [*wrong, TWO]) == [["r=d1"]]


def test_the_first_alternative_that_can_be_is_taken():
    many = first_of("r", two=wish(count=2), one=wish())
    assert given([claim(many)], [TWO]) == [["r/two=d1", "r/two=d2"]]
    assert given([claim(many)], [TWO], taken=whole("d1")) == [["r/one=d2"]]
    assert given([claim(many), claim(name="d")], [TWO]) == [["r/one=d1"], ["r=d2"]]


def test_configurations_go_with_the_alternative_that_is_taken():
    opaque = {"driver": DRIVER, "parameters": {"mode": "fast"}}
    classes = [device_class("gpu", config=[{"opaque": opaque}]), device_class("other", "device.driver == 'none'")]
    config = [{"requests": [who], "opaque": opaque} for who in ("r/first", "r/second", "r", "s")] + [{"opaque": opaque}]
    choice = first_of("r", first=wish(cls="other"), second=wish())
    (found,) = allocations([claim(choice, request("s"), config=config)], [TWO], classes=classes)
    assert [(c.source, c.requests) for c in found.devices.config] == [
        ("FromClass", ("r/second", "s")),
        ("FromClaim", ("r/second",)),
        ("FromClaim", ("r",)),
        ("FromClaim", ("s",)),
        ("FromClaim", ()),
    ]


def test_a_claim_has_32_devices_at_most():
    many = piece("s", *(device(f"d{n}") for n in range(40)))
    assert len(given([claim(request(count=32))], [many])[0]) == 32
    with pytest.raises(AllocationError, match="number of requested devices 33 exceeds the claim limit of 32"):
        given([claim(request(count=33))], [many])
    choice = first_of("b", many=wish(count=20), few=wish(count=2))
    (found,) = given([claim(request("a", count=20), choice)], [many])
    assert found[-1].startswith("b/few=")
    assert len(found) == 22


def rack(name: str, number: int) -> dict:
    return device(name, attributes={"rack": number})


def test_devices_that_must_match_are_looked_for_together():
    pieces = [piece("s", rack("a", 1), rack("b", 2), rack("c", 3), rack("d", 2))]
    same = [{"matchAttribute": f"{DRIVER}/rack"}]
    assert given([claim(request(count=2), constraints=same)], pieces) == [["r=b", "r=d"]]
    assert given([claim(request(count=3), constraints=same)], pieces) is None
    some = [{"matchAttribute": f"{DRIVER}/rack", "requests": ["x", "y"]}]
    assert given([claim(request("x"), request("z"), request("y"), constraints=some)], pieces) == [["x=b", "z=a", "y=d"]]


def test_devices_that_must_differ_do():
    pieces = [piece("s", rack("a", 1), rack("b", 1), rack("c", 2))]
    other = [{"distinctAttribute": f"{DRIVER}/rack"}]
    assert given([claim(request("x"), request("y"), constraints=other)], pieces) == [["x=a", "y=c"]]
    assert given([claim(request(count=2), constraints=other)], pieces) == [["r=a", "r=c"]]
    assert given([claim(request(count=3), constraints=other)], pieces) is None


def test_a_device_without_the_attribute_cannot_match():
    assert given([claim(constraints=[{"matchAttribute": f"{DRIVER}/rack"}])], [TWO]) is None
    pieces = [piece("s", rack("a", 1), rack("b", 2))]
    with pytest.raises(AllocationError, match=r"cannot add device .*/b because a claim constraint would not be satisf"):
        given([claim(request(allocationMode="All"), constraints=[{"matchAttribute": f"{DRIVER}/rack"}])], pieces)


@pytest.mark.parametrize(
    ("taint", "toleration", "fits"),
    [
        pytest.param({"key": "k", "effect": "NoSchedule"}, None, False, id="not tolerated"),
        pytest.param({"key": "k", "effect": "NoExecute"}, None, False, id="to be left"),
        pytest.param({"key": "k", "effect": "None"}, None, True, id="only a note"),
        pytest.param({"key": "k", "effect": "NoSchedule"}, {"operator": "Exists"}, True, id="everything tolerated"),
        pytest.param(
            {"key": "k", "value": "v", "effect": "NoSchedule"}, {"key": "k", "operator": "Equal"}, False, id="value"
        ),
    ],
)
def test_tainted_devices_are_for_those_who_tolerate_it(taint, toleration, fits):
    tolerations = {"tolerations": [toleration]} if toleration else {}
    found = given([claim(request(**tolerations))], [piece("s", device("d", taints=[taint]))])
    assert found == ([["r=d"]] if fits else None)


def test_admin_access_shares_what_others_have_and_takes_nothing():
    watcher = claim(request(adminAccess=True))
    assert given([watcher], [TWO], taken=whole("d1", "d2")) == [["r=d1"]]
    (found,) = allocations([watcher], [TWO])
    assert found.devices.results[0].admin_access is True
    assert taken_by([found]).whole == set()
    assert given([claim(request(adminAccess=True, count=3))], [TWO]) is None


def test_a_device_of_one_node_binds_the_claim_to_it():
    (found,) = allocations([claim()], [TWO])
    (field,) = found.node_selector.node_selector_terms[0].match_fields
    assert (field.key, field.operator, field.values) == ("metadata.name", "In", ("a",))


def test_devices_that_are_everywhere_bind_to_no_node():
    (found,) = allocations([claim()], [piece("s", device("d"), allNodes=True)])
    assert found.node_selector is None
    (found,) = allocations([claim()], [piece("s", device("d", bindsToNode=True), allNodes=True)])
    assert found.node_selector.node_selector_terms[0].match_fields[0].values == ("a",)


def test_slices_are_for_the_nodes_that_they_select():
    here, there = piece("x", device("x"), nodeSelector=zone("1")), piece("y", device("y"), nodeSelector=zone("2"))
    (found,) = allocations([claim()], [here, there], node=place("a", zone="2"))
    assert [r.device for r in found.devices.results] == ["y"]
    (expression,) = found.node_selector.node_selector_terms[0].match_expressions
    assert expression.values == ("2",)
    assert given([claim()], [here, there], node=place("a", zone="3")) is None


def test_each_device_of_a_slice_may_be_for_other_nodes():
    devices = [device("x", nodeName="b"), device("y", nodeSelector=zone("1")), device("z", allNodes=True)]
    pieces = [piece("s", *devices, perDeviceNodeSelection=True)]
    assert given([claim(request(count=2))], pieces, node=place("a", zone="1")) == [["r=y", "r=z"]]
    assert given([claim(request(allocationMode="All"))], pieces, node=place("b")) == [["r=x", "r=z"]]


def test_devices_that_are_made_ready_are_taken_last():
    slow = device("slow", bindingConditions=["ready"], bindingFailureConditions=["broken"])
    pieces = [piece("a", slow), piece("z", device("quick"))]
    assert given([claim()], pieces) == [["r=quick"]]
    (found,) = allocations([claim()], pieces, taken=whole("quick", pool="z"))
    (result,) = found.devices.results
    assert (result.binding_conditions, result.binding_failure_conditions) == (("ready",), ("broken",))


def test_a_search_without_end_is_given_up():
    racks = [rack(f"d{n:02}", n) for n in range(30)]
    same = [{"matchAttribute": f"{DRIVER}/rack", "requests": ["x", "y"]}]
    wanted = claim(request("w", count=12), request("x"), request("y"), constraints=same)
    with pytest.raises(GivenUp):
        allocate([wanted], place(), supply([piece("s", *racks)], most_steps=300))
