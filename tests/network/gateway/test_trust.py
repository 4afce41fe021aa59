import json

import pytest

from podo.client.base import Key
from podo.network.gateway.configuration import configuration
from podo.network.gateway.status import gateway_status, policy_ancestors, policy_body
from podo.network.haproxy.authorities import authority_file
from tests.network.gateway.build import EDGE, come_to, gateway, grant, http_route, policy, rules_of

HTTPS = "{name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: tls}]}}"
HTTP = "{name: http, port: 80, protocol: HTTP}"


def checking(*refs, mode="AllowValidOnly", per_port=(), listeners=(HTTPS, HTTP)):
    """A Gateway that checks clients by ConfigMaps."""
    default = {"validation": {"caCertificateRefs": list(refs), "mode": mode}} if refs else {}
    return gateway(*listeners, tls={"frontend": {"default": default, "perPort": list(per_port)}})


def config_map(name="ca", **more):
    return {"group": "", "kind": "ConfigMap", "name": name} | more


def written(gateways, routes=(), policies=()):
    plan = come_to(gateways, routes, policies=policies).plan
    servers = {each.name: (None,) for each in plan.destinations() if each.target}
    return [line.strip() for line in configuration(plan, servers, "/run/x", "gen").splitlines()]


def binds(edge):
    return {line.split()[1].rpartition(":")[2]: line for line in written([edge]) if line.startswith("bind")}


def test_clients_are_checked_at_ports_where_tls_ends():
    edge = checking(config_map())
    found, (authority,) = binds(edge), come_to([edge]).plan.authorities()
    assert found["443"].endswith(f" ca-file /run/x/{authority_file(authority)} verify required")
    assert "verify" not in found["80"]


def test_strangers_may_be_let_in_and_the_gateway_says_so():
    edge = checking(config_map(), mode="AllowInsecureFallback")
    assert binds(edge)["443"].endswith(" verify optional crt-ignore-err all ca-ignore-err all")
    status = gateway_status(edge, come_to([edge]).listeners[EDGE], ["192.0.2.1"], "2026-01-01T00:00:00Z", None)
    assert ("InsecureFrontendValidationMode", "True") in {(each.type, each.status) for each in status.conditions}


def test_a_port_of_its_own_settings_has_only_these():
    open_port = {"port": 443, "tls": {}}
    assert "verify" not in binds(checking(config_map(), per_port=[open_port]))["443"]
    own = {"port": 443, "tls": {"validation": {"caCertificateRefs": [config_map()]}}}
    assert "verify required" in binds(checking(per_port=[own]))["443"]


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        (config_map("absent"), "InvalidCACertificateRef"),
        (config_map("broken"), "InvalidCACertificateRef"),
        (config_map("empty"), "InvalidCACertificateRef"),
        (config_map(kind="Secret"), "InvalidCACertificateKind"),
        (config_map(namespace="other"), "RefNotPermitted"),
    ],
)
def test_a_listener_without_any_authority_is_not_served(ref, reason):
    https, http = come_to([checking(ref)]).listeners[EDGE]
    assert (https.accepted.reason, https.resolved.reason) == ("NoValidCACertificate", reason)
    assert (https.programmed, http.programmed) == (False, True)


def test_one_good_authority_is_enough_and_a_grant_lets_those_of_others_in():
    https, _ = come_to([checking(config_map(), config_map("absent"))]).listeners[EDGE]
    assert (https.programmed, https.resolved.reason) == (True, "InvalidCACertificateRef")
    let = grant(source="Gateway", to="ConfigMap")
    https, _ = come_to([checking(config_map(namespace="other"))], grants=[let]).listeners[EDGE]
    assert https.resolved.met


def servers(*policies, rules="[{backendRefs: [{name: web, port: 80}]}]"):
    """The options of the servers of web's port 80."""
    lines = written([gateway()], [http_route(rules)], policies)
    return {line.split(" disabled", 1)[1].strip() for line in lines if line.startswith("server ")}


def test_a_policy_has_tls_spoken_to_pods_by_a_name_and_authorities():
    (options,) = servers(policy())
    assert options.startswith("ssl verify required ca-file /run/x/certificates/authority-")
    assert options.endswith("sni str(web.example) verifyhost web.example alpn http/1.1")
    assert servers() == {""}


def test_the_authorities_may_be_those_of_the_system_and_the_name_another_than_the_one_asked_for():
    names = [{"type": "Hostname", "hostname": "pods.example"}]
    (options,) = servers(policy(caCertificateRefs=[], wellKnownCACertificates="System", subjectAltNames=names))
    assert "ca-file @system-ca sni str(web.example) verifyhost pods.example" in options


def test_a_policy_for_a_port_counts_more_than_one_for_the_service():
    whole, port = policy("a", hostname="whole.example"), policy("b", target="{name: web, sectionName: other}")
    both = "[{backendRefs: [{name: web, port: 80}, {name: web, port: 81}]}]"
    assert {each.split()[-3] for each in servers(whole, port, rules=both)} == {"web.example", "whole.example"}


def said(*policies, name="p"):
    outcome = come_to([gateway()], [http_route()], policies=policies)
    return {each.type: (each.met, each.reason) for each in outcome.policies[Key("ns", name)][EDGE]}


def test_of_two_policies_for_the_same_the_older_counts():
    old, new = policy("z", hostname="old.example"), policy("a", created="2026-02-01T00:00:00Z")
    assert "old.example" in servers(new, old).pop()
    assert said(old, new, name="a")["Accepted"] == (False, "Conflicted")
    assert said(old, new, name="z")["Accepted"] == (True, "Accepted")


@pytest.mark.parametrize(
    ("validation", "accepted", "resolved"),
    [
        ({"caCertificateRefs": [config_map("absent")]}, "NoValidCACertificate", "InvalidCACertificateRef"),
        ({"caCertificateRefs": [config_map("broken")]}, "NoValidCACertificate", "InvalidCACertificateRef"),
        ({"caCertificateRefs": [config_map(kind="Secret")]}, "NoValidCACertificate", "InvalidKind"),
        ({"wellKnownCACertificates": "Mine"}, "Invalid", "ResolvedRefs"),
        ({"subjectAltNames": [{"type": "URI", "uri": "spiffe://a"}]}, "Invalid", "ResolvedRefs"),
    ],
)
def test_a_policy_that_cannot_be_kept_lets_nothing_out(validation, accepted, resolved):
    broken = policy(**validation)
    found = said(broken)
    assert (found["Accepted"], found["ResolvedRefs"][1]) == ((False, accepted), resolved)
    (rule,) = rules_of(come_to([gateway()], [http_route()], policies=[broken]))
    assert (rule.shares[0].destination.target, rule.shares[0].destination.status) == (None, 500)


def test_a_policy_is_told_of_at_the_gateways_that_use_its_service_and_others_words_stay():
    outcome = come_to([gateway()], [http_route()], policies=[policy(), policy("q", target="{name: v2}")])
    assert outcome.policies[Key("ns", "q")] == {}
    ancestors = policy_ancestors(policy(), outcome.policies[Key("ns", "p")], "2026-01-01T00:00:00Z")
    (told,) = json.loads(json.dumps(policy_body(ancestors)))["ancestors"]
    ref = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "ns", "name": "edge"}
    assert (told["ancestorRef"], told["controllerName"]) == (ref, "podo/gateway")
    assert [each["type"] for each in told["conditions"]] == ["Accepted", "ResolvedRefs"]
