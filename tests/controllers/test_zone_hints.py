from collections import Counter

import msgspec
import pytest

from podo.api.types.core_v1 import Pod
from podo.api.types.discovery_v1 import Endpoint, EndpointConditions, EndpointSlice
from podo.controllers import zone_hints
from podo.controllers.endpoint_slice import EndpointSliceController
from tests.build import node, pod, served, service

ZONE = "topology.kubernetes.io/zone"
AUTO = {"service.kubernetes.io/topology-mode": "Auto"}


def endpoints(*zones, ready=True):
    condition = EndpointConditions(ready=ready)
    return [Endpoint(addresses=(f"10.0.0.{n}",), zone=z, conditions=condition) for n, z in enumerate(zones)]


def hints(found):
    return [e.hints.for_zones[0].name if e.hints else None for e in found]


def with_cpus(name, zone, cpu="4", ready="True"):
    made = node(name, ready=ready, **({ZONE: zone} if zone else {}))
    return msgspec.structs.replace(made, status=msgspec.structs.replace(made.status, allocatable={"cpu": cpu}))


EVEN = {"a": 0.5, "b": 0.5}


@pytest.mark.parametrize(
    ("zones", "shares", "given"),
    [
        pytest.param("aabb", EVEN, "aabb", id="each its own"),
        pytest.param("aaaa", EVEN, "aabb", id="one has all"),
        pytest.param("aaab", EVEN, "aabb", id="one has one too few"),
        pytest.param("aaabbb", {"a": 2 / 3, "b": 1 / 3}, "aaabba", id="a larger zone"),
        pytest.param("ccaabb", EVEN, "aaabbb", id="a zone without nodes gives all"),
    ],
)
def test_zones_get_endpoints_by_their_share(zones, shares, given):
    found = zone_hints.hinted(endpoints(*zones), shares)
    assert found.why == ""
    assert Counter(hints(found.endpoints)) == Counter(given)


@pytest.mark.parametrize(
    ("zones", "shares", "why"),
    [
        ("a", EVEN, "Insufficient number of endpoints (1 endpoints, 2 zones)"),
        (("a", ""), EVEN, "One or more endpoints do not have a zone specified"),
        ("aabb", {}, zone_hints.NO_NODES),
        ("ab", {"a": 0.7, "b": 0.3}, f"{zone_hints.TOO_UNEVEN} (2 endpoints, 2 zones)"),
    ],
)
def test_where_no_hints_can_be_given_it_is_said_why(zones, shares, why):
    found = zone_hints.hinted(endpoints(*zones), shares)
    assert (found.why, set(hints(found.endpoints))) == (why, {None})


def test_endpoints_that_are_not_ready_have_none():
    found = zone_hints.hinted([*endpoints("a", "b"), *endpoints("a", ready=False)], EVEN)
    assert hints(found.endpoints) == ["a", "b", None]


@pytest.mark.parametrize(
    ("nodes", "shares"),
    [
        ([with_cpus("n1", "a"), with_cpus("n2", "b", "12")], {"a": 0.25, "b": 0.75}),
        ([with_cpus("n1", "a"), with_cpus("n2", "a")], {}),
        ([with_cpus("n1", "a"), with_cpus("n2", "b"), with_cpus("n3", "")], {}),
        ([with_cpus("n1", "a"), with_cpus("n2", "b"), with_cpus("n3", "c", ready="False")], {"a": 0.5, "b": 0.5}),
    ],
)
def test_shares_are_of_the_cpus_of_ready_nodes(nodes, shares):
    assert zone_hints.shares(nodes) == shares


async def test_a_service_in_mode_auto_has_hints_while_it_can(lab):
    lab.start(EndpointSliceController)
    for name, zone in (("n1", "a"), ("n2", "b")):
        wanted = with_cpus(name, zone)
        made = await lab.user.create(wanted)
        await lab.user.update(msgspec.structs.replace(made, status=wanted.status), subresource="status")
    made = service()
    meta = msgspec.structs.replace(made.metadata, annotations=AUTO)
    await lab.user.create(msgspec.structs.replace(made, metadata=meta))
    for number, where in enumerate(("n1", "n1", "n1", "n2")):
        stored = await lab.user.create(pod(f"p{number}", labels={"app": "web"}, node=where))
        await lab.become([stored], **served(f"10.0.0.{number + 1}"))
    await lab.settle()
    (found,) = await lab.all(EndpointSlice)
    assert Counter(hints(found.endpoints)) == Counter("aabb")
    (line,) = await lab.event_lines("TopologyAwareHintsEnabled")
    assert "Topology Aware Hints has been enabled, addressType: IPv4" in line
    assert len(await lab.all(Pod)) == 4
