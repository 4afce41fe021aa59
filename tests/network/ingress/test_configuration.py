from podo.client.base import Key
from podo.network.ingress.configuration import Places, certificate_list, configuration, maps
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
    assert rules(Site())[-1] == "default_backend not-found"
    assert rules(Site(default=WEB))[-1] == "default_backend ns_web_http"


def looked_up(site):
    """The lines of each map."""
    return {name.partition(".")[0]: content.decode().splitlines() for name, content in maps(site).items()}


def test_hosts_and_paths_are_looked_up_however_many_there_are():
    site = Site(hosts={"a.example": [Route("/x", False, WEB), Route("/y", True, WEB), Route("/", False, GRPC)]})
    found = looked_up(site)
    assert found["hosts"] == ["a.example a.example"]
    assert found["exact"] == ["a.example:/y ns_web_http"]
    assert found["prefixes"] == ["a.example:/x/ ns_web_http", "a.example:/ ns_grpc_port"]
    assert rules(site) == ["use_backend %[var(txn.to)] if { var(txn.to) -m found }", "default_backend not-found"]
    many = Site(hosts={f"{n}.example": [Route("/", False, WEB)] for n in range(1000)})
    assert len(written(many)) == len(written(site)) - len(GRPC_LINES)


GRPC_LINES = ["backend ns_grpc_port", "  balance roundrobin", "  server s1 127.0.0.1:1 disabled proto h2"]


def test_hosts_are_asked_from_the_most_to_the_least_special():
    site = Site(hosts={"": [], "*.a.example": [], "b.a.example": []})
    chosen = [line.strip() for line in written(site) if "set-var(txn.rules)" in line]
    assert [each.removeprefix("http-request set-var(txn.rules) ") for each in chosen] == [
        "var(txn.host),map_str(/run/x/hosts.map)",
        "var(txn.domain),map_str(/run/x/domains.map) if !{ var(txn.rules) -m found }",
        "str(any-host) if !{ var(txn.rules) -m found }",
    ]
    assert looked_up(site)["domains"] == [".a.example *.a.example"]


def test_a_route_to_a_service_that_is_not_there_is_unavailable():
    assert looked_up(Site(hosts={"": [Route("/", False, None)]}))["prefixes"] == ["any-host:/ no-service"]


def test_paths_that_no_request_has_are_left_out_of_maps():
    assert looked_up(Site(hosts={"": [Route("/a b", True, WEB)]}))["exact"] == []


def test_patterns_are_asked_between_exact_paths_and_prefixes():
    site = Site(hosts={"a.example": [Route("/x/(\\d+)", False, WEB, pattern=True), Route("/", False, GRPC)]})
    steps = [line.strip() for line in written(site) if "set-var(txn.to)" in line]
    assert [("exact" in each, "-m reg" in each, "prefixes" in each) for each in steps] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert steps[1].endswith(r"{ var(txn.rules) -m str a.example } { path -m reg -i '^/x/(\d+)' }")


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
