import pytest

from podo.network.gateway.routes import PathMatch
from tests.network.gateway.build import EDGE, come_to, found_of, gateway, grant, http_route, route, rules_of

FINE = {"Accepted": "Accepted", "ResolvedRefs": "ResolvedRefs"}


def leads(outcome, listener="http"):
    """(host, path, name of the first backend's Service) of each rule."""
    return [
        (rule.host, rule.path.value if rule.path else "", target.service.name if target else None)
        for rule in rules_of(outcome, listener)
        for target in [rule.shares[0].destination.target]
    ]


def test_a_route_attaches_to_its_gateway_and_leads_to_a_service():
    outcome = come_to([gateway()], [http_route()])
    (door,) = outcome.plan.doors
    assert (door.address, door.port, leads(outcome)) == ("192.0.2.1", 80, [("", "/", "web")])
    assert found_of(outcome) == FINE
    assert outcome.listeners[EDGE][0].attached == 1


@pytest.mark.parametrize(
    ("parent", "reason"),
    [
        ("{name: edge, sectionName: absent}", "NoMatchingParent"),
        ("{name: edge, port: 81}", "NoMatchingParent"),
        ("{name: edge, sectionName: closed}", "NotAllowedByListeners"),
        ("{name: edge, sectionName: grpc}", "NotAllowedByListeners"),
        ("{name: edge, sectionName: other}", "NoMatchingListenerHostname"),
    ],
)
def test_a_route_that_no_listener_has_says_why(parent, reason):
    edge = gateway(
        "{name: closed, port: 81, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: "
        "{matchLabels: {team: b}}}}}".replace("port: 81", "port: 82"),
        "{name: grpc, port: 83, protocol: HTTP, allowedRoutes: {kinds: [{kind: GRPCRoute}]}}",
        "{name: other, port: 84, protocol: HTTP, hostname: other.example}",
    )
    outcome = come_to([edge], [http_route(hosts=["a.example"], parent=parent)])
    assert found_of(outcome)["Accepted"] == reason
    assert [state.attached for state in outcome.listeners[EDGE]] == [0, 0, 0]


def test_routes_of_other_namespaces_attach_where_a_listener_lets_them():
    open_to_all = "{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}"
    away = http_route(
        "[{backendRefs: [{name: away, port: 80}]}]", namespace="other", parent="{name: edge, namespace: ns}"
    )
    assert found_of(come_to([gateway()], [away]), namespace="other")["Accepted"] == "NotAllowedByListeners"
    assert leads(come_to([gateway(open_to_all)], [away])) == [("", "/", "away")]


def test_routes_of_other_parents_are_left_alone():
    outcome = come_to(
        [gateway()], [http_route(parent="{name: absent}"), http_route(parent="{kind: Service, name: web}")]
    )
    assert (outcome.parents, rules_of(outcome)) == ({}, [])


def test_hostnames_are_what_listener_and_route_have_in_common():
    edge = gateway("{name: http, port: 80, protocol: HTTP, hostname: '*.a.example'}")
    outcome = come_to([edge], [http_route(hosts=["x.a.example", "a.example", "*.y.a.example", "*.example"])])
    assert [host for host, _, _ in leads(outcome)] == ["x.a.example", "*.y.a.example", "*.a.example"]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("[{backendRefs: [{name: absent, port: 80}]}]", "BackendNotFound"),
        ("[{backendRefs: [{name: web, port: 99}]}]", "BackendNotFound"),
        ("[{backendRefs: [{group: example.com, kind: Bucket, name: web}]}]", "InvalidKind"),
        ("[{backendRefs: [{name: away, namespace: other, port: 80}]}]", "RefNotPermitted"),
    ],
)
def test_a_backend_that_cannot_be_is_told_and_answered_with_500(rule, reason):
    outcome = come_to([gateway()], [http_route(rule)])
    assert found_of(outcome) == FINE | {"ResolvedRefs": reason}
    destination = rules_of(outcome)[0].shares[0].destination
    assert (destination.target, destination.status) == (None, 500)


@pytest.mark.parametrize(
    ("grants", "permitted"),
    [
        ([grant()], True),
        ([grant(name="away")], True),
        ([grant(name="different")], False),
        ([grant(of="third")], False),
        ([grant(source="GRPCRoute")], False),
        ([grant(to="Secret")], False),
        ([grant(namespace="ns")], False),
    ],
    ids=["any", "by name", "another name", "another namespace", "another kind", "to another kind", "elsewhere"],
)
def test_references_to_other_namespaces_need_a_grant_there(grants, permitted):
    outcome = come_to([gateway()], [http_route("[{backendRefs: [{name: away, namespace: other, port: 80}]}]")], grants)
    assert found_of(outcome)["ResolvedRefs"] == ("ResolvedRefs" if permitted else "RefNotPermitted")


def test_shares_are_weights_and_none_is_left_out():
    refs = [f"{{name: {name}, port: 80, weight: {weight}}}" for name, weight in (("web", 90), ("v2", 10), ("h2c", 0))]
    rule = f"[{{backendRefs: [{', '.join(refs)}]}}]"
    (found,) = rules_of(come_to([gateway()], [http_route(rule)]))
    assert [(each.weight, each.destination.target.service.name) for each in found.shares] == [(90, "web"), (10, "v2")]


def test_a_rule_without_a_backend_or_of_no_weight_is_an_error():
    for rule in ("[{}]", "[{backendRefs: [{name: web, port: 80, weight: 0}]}]"):
        (found,) = rules_of(come_to([gateway()], [http_route(rule)]))
        assert [each.destination.status for each in found.shares if each.destination.target is None] == [500]


def test_the_rule_that_says_more_comes_first_whatever_route_it_is_of():
    one = http_route("[{matches: [{path: {value: /}}, {path: {value: /a/b/}}], backendRefs: [{name: web, port: 80}]}]")
    two = http_route(
        "[{matches: [{path: {type: Exact, value: /a}}, {path: {value: /a}, method: GET}, {path: {value: /a}}],"
        " backendRefs: [{name: v2, port: 80}]}]",
        name="s",
    )
    found = [(path, name) for _, path, name in leads(come_to([gateway()], [one, two]))]
    assert found == [("/a", "v2"), ("/a/b", "web"), ("/a", "v2"), ("/a", "v2"), ("/", "web")]


def test_of_routes_that_say_the_same_the_older_has_it_then_the_first_by_name():
    old = http_route(name="z", created="2025-01-01T00:00:00Z")
    first, last = (http_route("[{backendRefs: [{name: v2, port: 80}]}]", name=name) for name in "ab")
    assert [name for _, _, name in leads(come_to([gateway()], [last, first, old]))] == ["web", "v2", "v2"]


def test_a_rule_that_cannot_be_done_is_dropped_and_the_rest_is_kept():
    bad = "{matches: [{path: {type: RegularExpression, value: '('}}], backendRefs: [{name: web, port: 80}]}"
    outcome = come_to([gateway()], [http_route(f"[{bad}, {{backendRefs: [{{name: v2, port: 80}}]}}]")])
    assert found_of(outcome) == FINE | {"PartiallyInvalid": "UnsupportedValue"}
    assert [name for _, _, name in leads(outcome)] == ["v2"]
    outcome = come_to([gateway()], [http_route(f"[{bad}]")])
    assert found_of(outcome)["Accepted"] == "UnsupportedValue"


def test_calls_of_grpc_are_paths_and_go_out_by_http_2():
    rules = (
        "[{matches: [{method: {service: pkg.S}}, {method: {service: pkg.S, method: Get}}, {method: {method: Put}}, {}],"
        " backendRefs: [{name: web, port: 80}]}]"
    )
    outcome = come_to([gateway()], [route("GRPCRoute", rules)])
    assert [rule.path for rule in rules_of(outcome)] == [
        PathMatch(type="Exact", value="/pkg.S/Get"),
        PathMatch(type="PathPrefix", value="/pkg.S"),
        PathMatch(type="RegularExpression", value="/[^/]+/Put"),
        None,
    ]
    assert {rule.shares[0].destination.protocol for rule in rules_of(outcome)} == {"h2"}
    assert found_of(outcome, kind="GRPCRoute") == FINE


def test_a_port_says_whether_its_pods_speak_http_2():
    (found,) = rules_of(come_to([gateway()], [http_route("[{backendRefs: [{name: h2c, port: 80}]}]")]))
    assert found.shares[0].destination.protocol == "h2"


def test_names_of_tls_lead_to_services_as_they_are():
    edge = gateway("{name: tls, port: 443, protocol: TLS, hostname: '*.example', tls: {mode: Passthrough}}")
    outcome = come_to([edge], [route("TLSRoute", "[{backendRefs: [{name: web, port: 80}]}]", hosts=["a.example"])])
    (found,) = rules_of(outcome, "tls")
    assert (found.host, found.shares[0].destination.connections) == ("a.example", True)


def test_a_filter_that_is_not_there_is_not_left_out_silently():
    asked = "{type: ExternalAuth, externalAuth: {protocol: HTTP, backendRef: {name: v2, port: 80}}}"
    route = http_route(f"[{{filters: [{asked}], backendRefs: [{{name: web, port: 80}}]}}]")
    outcome = come_to([gateway()], [route])
    assert (found_of(outcome)["Accepted"], rules_of(outcome)) == ("UnsupportedValue", [])


def test_a_mirror_that_is_not_there_is_told_and_the_requests_go_on():
    mirror = "{type: RequestMirror, requestMirror: {backendRef: {name: nobody, port: 80}}}"
    outcome = come_to([gateway()], [http_route(f"[{{filters: [{mirror}], backendRefs: [{{name: web, port: 80}}]}}]")])
    assert found_of(outcome) == {"Accepted": "Accepted", "ResolvedRefs": "BackendNotFound"}
    (found,) = rules_of(outcome)
    assert (found.shares[0].destination.target.service.name, found.shares[0].destination.mirrors) == ("web", ())


def test_names_that_haproxy_cannot_quote_are_refused_before_it_sees_them():
    match = '{queryParams: [{name: "it\'s", value: v}]}'
    outcome = come_to([gateway()], [http_route(f"[{{matches: [{match}], backendRefs: [{{name: web, port: 80}}]}}]")])
    assert found_of(outcome)["Accepted"] == "UnsupportedValue"


@pytest.mark.parametrize(
    ("timeouts", "limit"),
    [("{}", None), ("{request: 500ms}", 500), ("{request: 1m, backendRequest: 2s}", 2000), ("{request: 0s}", 0)],
)
def test_the_shorter_timeout_counts_and_nought_is_none(timeouts, limit):
    (found,) = rules_of(
        come_to([gateway()], [http_route(f"[{{timeouts: {timeouts}, backendRefs: [{{name: web, port: 80}}]}}]")])
    )
    assert found.shares[0].destination.timeout == limit
