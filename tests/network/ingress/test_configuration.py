from podo.client.base import Key
from podo.network.ingress.configuration import Places, certificate_list, configuration
from podo.network.ingress.routing import BackendKey, Certificate, Route, Site
from podo.network.services.backends import Backend, PortKey

PLACES = Places("192.0.2.1", 80, 443, "/run/x")
WEB = BackendKey(Key("ns", "web"), PortKey("http", "tcp"))
GRPC = BackendKey(Key("ns", "grpc"), PortKey("", "tcp"), http2=True)
A, B, C = Backend("10.0.0.1", 80), Backend("10.0.0.2", 80), Backend("fd00::3", 80)


def written(site, servers=None):
    servers = servers or {key.name: (None,) for key in site.backends()}
    return configuration(site, servers, PLACES, "gen").splitlines()


def rules(site):
    return [line.strip() for line in written(site) if "use_backend" in line or "default_backend" in line]


def test_without_a_default_backend_what_matches_nothing_is_not_found():
    assert rules(Site()) == ["default_backend not-found"]
    assert rules(Site(default=WEB)) == ["default_backend ns_web_http"]


def test_paths_are_conditions_within_their_host():
    site = Site(hosts={"a.example": [Route("/x", False, WEB), Route("/y", True, WEB), Route("/", False, GRPC)]})
    assert rules(site)[:-1] == [
        "use_backend ns_web_http if { var(txn.rules) -m int 0 } { path -m str /x }",
        "use_backend ns_web_http if { var(txn.rules) -m int 0 } { path -m beg /x/ }",
        "use_backend ns_web_http if { var(txn.rules) -m int 0 } { path -m str /y }",
        "use_backend ns_grpc_port if { var(txn.rules) -m int 0 }",
    ]


def test_hosts_are_asked_from_the_most_to_the_least_special():
    site = Site(hosts={"": [], "*.a.example": [], "b.a.example": []})
    chosen = [line.strip() for line in written(site) if "set-var(txn.rules)" in line]
    assert [each.split(" if ")[1].split("} ", 1)[1:] for each in chosen] == [
        ["{ var(txn.host) -m str b.a.example }"],
        ["{ var(txn.domain) -m str .a.example }"],
        [],
    ]


def test_a_route_to_a_service_that_is_not_there_is_unavailable():
    assert rules(Site(hosts={"": [Route("/", False, None)]}))[0].startswith("use_backend no-service")


def test_what_would_mean_something_to_haproxy_is_escaped():
    site = Site(hosts={"": [Route("/a b'{}$#\\", True, WEB)]})
    assert r"path -m str '/a b'\''{}$#\' }" in rules(site)[0]


def test_servers_are_written_as_they_are_now():
    lines = written(Site(default=GRPC), {GRPC.name: (A, None, C)})
    assert [line.strip() for line in lines if line.strip().startswith("server ")] == [
        "server s1 10.0.0.1:80 proto h2",
        "server s2 127.0.0.1:1 disabled proto h2",
        "server s3 [fd00::3]:80 proto h2",
    ]


def test_certificates_are_for_their_hosts_or_for_those_that_they_name():
    site = Site(certificates=[Certificate(Key("ns", "one"), b"", ("a.example",)), Certificate(Key("ns", "two"), b"")])
    assert certificate_list(site, PLACES, "default.pem").splitlines() == [
        "/run/x/certificates/default.pem",
        "/run/x/certificates/ns_one.pem a.example",
        "/run/x/certificates/ns_two.pem",
    ]
