import msgspec
import pytest

from podo.network.gateway.grants import Grants
from podo.network.gateway.listeners import conflicts_of, listener_states
from tests.network.certificates import tls_secret
from tests.network.gateway.build import CONFIG_MAPS, gateway, grant

SECRETS = {("ns", "tls"): tls_secret(), ("other", "tls"): tls_secret("tls", "other")}
SECRETS[("ns", "broken")] = msgspec.structs.replace(tls_secret("broken"), data={"tls.crt": "eA==", "tls.key": "eA=="})


def states(*listeners, grants=()):
    return listener_states(gateway(*listeners), Grants(grants), SECRETS.get, CONFIG_MAPS.get)


def https(ref, name="https"):
    return f"{{name: {name}, port: 443, protocol: HTTPS, tls: {{certificateRefs: [{ref}]}}}}"


def reasons(state):
    return {each.type: (each.met, each.reason) for each in state.findings(served=True)}


def test_a_good_listener_is_served_for_the_kinds_of_its_protocol():
    (found,) = states("{name: http, port: 80, protocol: HTTP}")
    assert found.kinds == ("HTTPRoute", "GRPCRoute")
    assert reasons(found) == {
        "Accepted": (True, "Accepted"),
        "Programmed": (True, "Programmed"),
        "ResolvedRefs": (True, "ResolvedRefs"),
        "Conflicted": (False, "NoConflicts"),
    }


def test_kinds_that_a_listener_cannot_have_are_told_and_others_kept():
    (found,) = states(
        "{name: http, port: 80, protocol: HTTP, allowedRoutes: {kinds: [{kind: TLSRoute}, {kind: HTTPRoute}]}}"
    )
    assert (found.kinds, reasons(found)["ResolvedRefs"]) == (("HTTPRoute",), (False, "InvalidRouteKinds"))


def test_a_protocol_that_is_not_served_is_refused():
    (found,) = states("{name: udp, port: 53, protocol: UDP}")
    assert (found.kinds, found.programmed) == ((), False)
    assert reasons(found)["Accepted"] == (False, "UnsupportedProtocol")


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        ("{name: absent}", "InvalidCertificateRef"),
        ("{name: broken}", "InvalidCertificateRef"),
        ("{group: example.com, kind: Vault, name: tls}", "InvalidCertificateRef"),
        ("{name: tls, namespace: other}", "RefNotPermitted"),
    ],
)
def test_without_a_certificate_tls_is_not_served(ref, reason):
    (found,) = states(https(ref))
    assert reasons(found)["ResolvedRefs"] == (False, reason)
    assert reasons(found)["Programmed"] == (False, "Invalid")


def test_one_good_certificate_is_enough_to_be_served():
    (found,) = states(https("{name: absent}, {name: tls}"))
    assert (found.programmed, reasons(found)["ResolvedRefs"]) == (True, (False, "InvalidCertificateRef"))


def test_a_grant_lets_certificates_of_other_namespaces_in():
    (found,) = states(https("{name: tls, namespace: other}"), grants=[grant(source="Gateway", to="Secret")])
    assert [each.secret for each in found.certificates] == [("other", "tls")]


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("HTTP, hostname: a", "HTTP, hostname: b", None),
        ("HTTP, hostname: a", "HTTPS, hostname: b", "ProtocolConflict"),
        ("TCP", "HTTP", "ProtocolConflict"),
        ("HTTPS, hostname: a", "TLS, hostname: b", None),
        ("HTTPS, hostname: a", "TLS, hostname: a", "ProtocolConflict"),
        ("HTTP, hostname: a", "HTTP, hostname: a", "HostnameConflict"),
    ],
)
def test_listeners_of_a_port_have_to_be_told_apart(first, second, reason):
    found = gateway(f"{{name: x, port: 80, protocol: {first}}}", f"{{name: y, port: 80, protocol: {second}}}")
    assert conflicts_of(found.spec.listeners) == ({"x": reason, "y": reason} if reason else {})
