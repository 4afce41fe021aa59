import pytest

from podo.client.base import Key
from podo.network.gateway.findings import Finding
from podo.network.gateway.status import gateway_body, gateway_status, set_body, set_status
from tests.network.gateway.build import EDGE, come_to, found_of, gateway, grant, http_route, listener_set

NOW = "2026-01-01T00:00:00Z"
A, B = (f"{{name: {name}, port: 80, protocol: HTTP, hostname: {name}.example}}" for name in "ab")
MORE = "{kind: ListenerSet, name: more}"
HTTPS = "{name: s, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: tls%s}]}}"


def taking(*listeners, frm="All", **rule):
    return gateway(*(listeners or (A,)), allowedListeners={"namespaces": {"from": frm} | rule})


def told(edge, *sets, grants=(), trouble=None, name="more", namespace="ns"):
    """(conditions of the set, those of its listeners by name) as type -> reason, or its opposite with a !."""
    outcome = come_to([edge], sets=sets, grants=grants)
    (found,) = [each for each in sets if each.metadata.name == name and each.metadata.namespace == namespace]
    status = set_status(found, outcome.sets[Key(namespace, name)], NOW, trouble)
    return gist(status.conditions), {each.name: gist(each.conditions) for each in status.listeners}


def gist(conditions):
    return {each.type: ("" if each.status == "True" else "!") + each.reason for each in conditions}


def test_listeners_of_a_set_are_served_beside_those_of_the_gateway():
    own, more = http_route(name="own"), http_route(name="r", parent=MORE)
    outcome = come_to([taking()], [own, more], sets=[listener_set(B)])
    (door,) = outcome.plan.doors
    assert [each.host for each in door.bound] == ["a.example", "b.example"]
    assert [len(each.rules) for each in door.bound] == [1, 1]
    assert found_of(outcome)["Accepted"] == "Accepted"
    assert told(taking(), listener_set(B))[0] == {"Accepted": "Accepted", "Programmed": "Programmed"}


def test_a_route_has_only_the_listeners_of_the_parent_that_it_names():
    section = http_route(parent="{kind: ListenerSet, name: more, sectionName: a}")
    outcome = come_to([taking()], [section], sets=[listener_set(B)])
    assert found_of(outcome)["Accepted"] == "NoMatchingParent"
    outcome = come_to([taking()], [http_route(parent="{name: edge, sectionName: b}")], sets=[listener_set(B)])
    assert found_of(outcome)["Accepted"] == "NoMatchingParent"


@pytest.mark.parametrize(
    ("edge", "namespace", "allowed"),
    [
        pytest.param(gateway(A), "ns", False, id="none by default"),
        pytest.param(taking(frm="None"), "ns", False, id="none"),
        pytest.param(taking(frm="Same"), "ns", True, id="the Gateway's"),
        pytest.param(taking(frm="Same"), "other", False, id="another than the Gateway's"),
        pytest.param(taking(), "other", True, id="any"),
        pytest.param(taking(frm="Selector", selector={"matchLabels": {"team": "b"}}), "other", True, id="selected"),
        pytest.param(taking(frm="Selector", selector={"matchLabels": {"team": "b"}}), "ns", False, id="not selected"),
    ],
)
def test_a_gateway_says_from_which_namespaces_it_takes_sets(edge, namespace, allowed):
    found = listener_set(B, parent="{name: edge, namespace: ns}", namespace=namespace)
    accepted = told(edge, found, namespace=namespace)[0]["Accepted"]
    assert accepted == ("Accepted" if allowed else "!NotAllowed")
    doors = come_to([edge], sets=[found]).plan.doors
    assert sum(len(each.bound) for each in doors) == (2 if allowed else 1)


def test_what_the_gateway_has_no_set_can_have_and_of_sets_the_older_has_it():
    old, new = listener_set(A, B), listener_set(B, name="new", created="2026-02-01T00:00:00Z")
    conditions, listeners = told(taking(), new, old)
    assert conditions == {"Accepted": "ListenersNotValid", "Programmed": "Programmed"}
    assert listeners["a"] == {
        "Accepted": "!HostnameConflict",
        "Programmed": "!HostnameConflict",
        "ResolvedRefs": "ResolvedRefs",
        "Conflicted": "HostnameConflict",
    }
    assert listeners["b"]["Programmed"] == "Programmed"
    assert told(taking(), new, old, name="new")[0] == {
        "Accepted": "!ListenersNotValid",
        "Programmed": "!ListenersNotValid",
    }
    tcp = listener_set("{name: t, port: 80, protocol: TCP}")
    assert told(taking(), tcp)[1]["t"]["Conflicted"] == "ProtocolConflict"


def test_the_gateway_counts_the_sets_that_it_has():
    edge, sets = taking(), [listener_set(B), listener_set(A, name="none")]
    outcome = come_to([edge], sets=sets)
    count = sum(each.accepted for each in outcome.sets.values())
    status = gateway_status(edge, outcome.listeners[EDGE], [], NOW, None, count)
    assert gateway_body(status)["attachedListenerSets"] == 1
    assert gateway_body(gateway_status(edge, outcome.listeners[EDGE], [], NOW, None))["attachedListenerSets"] is None


def test_certificates_are_those_of_the_sets_namespace_or_need_a_grant():
    there = listener_set(HTTPS % "", parent="{name: edge, namespace: ns}", namespace="other")
    assert told(taking(), there, namespace="other")[0]["Programmed"] == "Programmed"
    away = listener_set(HTTPS % ", namespace: other")
    assert told(taking(), away)[1]["s"]["ResolvedRefs"] == "!RefNotPermitted"
    let = grant(source="ListenerSet", to="Secret")
    assert told(taking(), away, grants=[let])[1]["s"]["ResolvedRefs"] == "ResolvedRefs"


def test_a_set_of_a_gateway_that_is_not_served_is_not_either():
    refused, pending = Finding("Accepted", False, "InvalidParameters"), Finding("Programmed", False, "NoResources")
    assert told(taking(), listener_set(B), trouble=refused)[0]["Accepted"] == "!ParentNotAccepted"
    assert told(taking(), listener_set(B), trouble=pending)[0]["Programmed"] == "!Pending"


def test_sets_of_gateways_of_others_are_left_alone():
    assert come_to([taking()], sets=[listener_set(B, parent="{name: another}")]).sets == {}


def test_the_status_is_written_with_all_that_must_be_there():
    status = set_status(listener_set(B), come_to([taking()], sets=[listener_set(B)]).sets[Key("ns", "more")], NOW, None)
    (found,) = set_body(status)["listeners"]
    assert (found["name"], found["attachedRoutes"]) == ("b", 0)
    assert [each["kind"] for each in found["supportedKinds"]] == ["HTTPRoute", "GRPCRoute"]
