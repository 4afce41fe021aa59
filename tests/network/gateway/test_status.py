import msgspec
import pytest

from podo.api.types.meta_v1 import Condition
from podo.network.gateway.definitions import definitions
from podo.network.gateway.findings import Finding, conditions
from podo.network.gateway.kinds import ParentReference, ParentStatus, Reference
from podo.network.gateway.routes import ROUTES, RouteStatus
from podo.network.gateway.status import (
    class_status,
    gateway_body,
    gateway_status,
    refusal,
    route_body,
    route_parents,
)
from podo.network.gateway.translation import RouteKey
from tests.network.gateway.build import EDGE, come_to, gateway, http_route, made

NOW, LATER = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"


def told(edge, trouble=None, before=NOW):
    return gateway_status(edge, come_to([edge]).listeners[EDGE], ["192.0.2.1"], before, trouble)


def gist(status):
    return {each.type: (each.status, each.reason) for each in status.conditions}


def test_a_gateway_that_is_served_says_where():
    status = told(gateway())
    assert gist(status) == {"Accepted": ("True", "Accepted"), "Programmed": ("True", "Programmed")}
    body = gateway_body(status)
    assert body["addresses"] == [{"type": "IPAddress", "value": "192.0.2.1"}]
    assert [each["kind"] for each in body["listeners"][0]["supportedKinds"]] == ["HTTPRoute", "GRPCRoute"]


def test_a_status_that_is_right_is_kept_as_it_is():
    edge = gateway()
    edge = msgspec.structs.replace(edge, status=told(edge))
    assert told(edge, before=LATER) == edge.status


@pytest.mark.parametrize(
    ("others", "accepted", "programmed"),
    [
        ((), ("False", "ListenersNotValid"), ("False", "Invalid")),
        (("{name: b, port: 80, protocol: HTTP}",), *[("True", each) for each in ("ListenersNotValid", "Programmed")]),
    ],
    ids=["alone", "beside a good one"],
)
def test_a_listener_that_is_not_valid_is_told_of_its_gateway(others, accepted, programmed):
    status = told(gateway("{name: a, port: 53, protocol: UDP}", *others))
    assert gist(status) == {"Accepted": accepted, "Programmed": programmed}


def test_trouble_is_told_of_gateway_and_listeners():
    status = told(gateway(), Finding("Programmed", False, "AddressNotAssigned", "none is left"))
    assert gist(status)["Programmed"] == ("False", "AddressNotAssigned")
    (programmed,) = [each for each in status.listeners[0].conditions if each.type == "Programmed"]
    assert (programmed.status, programmed.reason, programmed.message) == ("False", "Pending", "none is left")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"addresses": [{"type": "Hostname", "value": "a.example"}]}, "UnsupportedAddress"),
        ({"infrastructure": {"parametersRef": {"group": "", "kind": "ConfigMap", "name": "x"}}}, "InvalidParameters"),
        ({"addresses": [{"value": "192.0.2.9"}]}, None),
    ],
)
def test_what_a_gateway_cannot_ask_for(more, reason):
    found = refusal(gateway(**more))
    assert (found.reason if found else None) == reason


def test_a_class_says_what_it_can():
    found = made("GatewayClass", "podo", "{controllerName: podo/gateway}")
    status = class_status(found, NOW)
    assert gist(status) == {"Accepted": ("True", "Accepted")}
    names = [each.name for each in status.supported_features]
    assert names == sorted(names)
    assert "HTTPRoute" in names
    with_parameters = msgspec.structs.replace(
        found, spec=msgspec.structs.replace(found.spec, parameters_ref=Reference(name="x"))
    )
    assert gist(class_status(with_parameters, NOW))["Accepted"] == ("False", "InvalidParameters")


def test_what_other_controllers_say_of_a_route_stays():
    other = ParentStatus(parent_ref=ParentReference(name="theirs"), controller_name="example.com/c")
    gone = ParentStatus(parent_ref=ParentReference(name="gone"), controller_name="podo/gateway")
    route = msgspec.structs.replace(http_route(), status=RouteStatus(parents=(other, gone)))
    found = come_to([gateway()], [route]).parents[RouteKey("HTTPRoute", (route.metadata.namespace, "r"))]
    parents = route_parents(route, found, NOW)
    assert [each.parent_ref.name for each in parents] == ["edge", "theirs"]
    first = route_body(parents)["parents"][0]
    assert first["parentRef"] == {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge"}


def test_a_condition_keeps_its_time_until_its_status_changes():
    before = [
        Condition(type="Accepted", status="True", last_transition_time=NOW),
        Condition(type="x/Own", status="True"),
    ]
    same = conditions(before, [Finding("Accepted", True, "Other")], generation=2, now=LATER)
    assert [(each.type, each.last_transition_time, each.observed_generation) for each in same] == [
        ("Accepted", NOW, 2),
        ("x/Own", "", None),
    ]
    (changed, _) = conditions(before, [Finding("Accepted", False, "Bad")], generation=2, now=LATER)
    assert changed.last_transition_time == LATER


def test_a_condition_that_holds_no_more_is_dropped():
    assert conditions([Condition(type="Own")], [], generation=1, now=NOW, drop=["Own"]) == ()


def test_the_definitions_are_whole_and_have_every_kind_that_is_read():
    found = {each["spec"]["names"]["plural"]: each for each in definitions()}
    assert {kind.resource.plural for kind in ROUTES} < set(found)
    assert [each["name"] for each in found["gateways"]["spec"]["versions"]] == ["v1", "v1beta1"]
    fields = found["httproutes"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    assert set(fields) == {"hostnames", "parentRefs", "rules"}
    assert b'"$"' not in msgspec.json.encode(found)
