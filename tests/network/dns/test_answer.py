"""The Kubernetes DNS specification, line by line. The zone has what `ZONE` below lists."""

import pytest

from podo.api.types.core_v1 import Service, ServiceSpec
from podo.api.types.meta_v1 import ObjectMeta
from podo.network.dns.answer import Answer, Record, answer, dashed_address, reversed_address
from podo.network.dns.zone import Zone
from tests.network.build import CONFIG, endpoint, endpoint_slice, port, service, terminating

PORTS = (("http", "TCP", 8080), ("dns", "UDP", 53), ("", "TCP", 9))


def alias(name, target):
    spec = ServiceSpec(type="ExternalName", external_name=target)
    return Service(metadata=ObjectMeta(name=name, namespace="default"), spec=spec)


def zone_with(services, slices=(), complete=True):
    zone = Zone(CONFIG)
    for each in services:
        zone.service_changed(None, each)
    for each in slices:
        zone.slice_changed(None, each)
    zone.complete = complete
    return zone


@pytest.fixture
def zone():
    named = (port(80), port(53, name="dns", protocol="UDP"), port(9, name=""))
    return zone_with(
        [
            service("web", ip="10.96.0.50", ports=named),
            service("dual", ip="10.96.0.51,fd00::51"),
            service("db", ip="None", ports=(port(5432, name="pg"),)),
            service("idle", ip="None"),
            alias("mirror", "Mirror.example.ORG."),
            alias("inner", "web.default.svc.cluster.local"),
            alias("twice", "inner.default.svc.cluster.local"),
            alias("loop", "loop.default.svc.cluster.local"),
            alias("lost", "nobody.default.svc.cluster.local"),
        ],
        [
            endpoint_slice(
                endpoint("10.244.1.2", hostname="db-0"),
                endpoint("10.244.1.3"),
                endpoint("10.244.1.4", ready=False),
                terminating("10.244.1.5"),
                of="db",
                name="db-1",
                ports=(("pg", "TCP", 15432),),
            ),
            endpoint_slice("10.244.1.9"),
        ],
    )


def name(text):
    return tuple(text.replace("~", ".cluster.local").split("."))


def data(found):
    return [each.data for each in found.records]


def ask(zone, text, type="A"):
    return answer(name(text), type, zone)


@pytest.mark.parametrize(
    ("question", "type", "wanted"),
    [
        ("web.default.svc~", "A", ["10.96.0.50"]),
        ("web.default.svc~", "AAAA", []),
        ("dual.default.svc~", "AAAA", ["fd00::51"]),
        ("dual.default.svc~", "ANY", ["10.96.0.51", "fd00::51"]),
        ("db.default.svc~", "A", ["10.244.1.2", "10.244.1.3"]),
        ("db-0.db.default.svc~", "A", ["10.244.1.2"]),
        ("10-244-1-3.db.default.svc~", "A", ["10.244.1.3"]),
        ("idle.default.svc~", "A", []),
        ("10-244-7-7.default.pod~", "A", ["10.244.7.7"]),
        ("10-244-7-7.default.pod~", "AAAA", []),
        ("fd00--7.default.pod~", "AAAA", ["fd00::7"]),
        ("dns-version~", "TXT", ["1.1.0"]),
        ("ns.dns~", "A", ["10.96.0.10"]),
        ("cluster.local", "NS", [("ns", "dns", "cluster", "local")]),
        ("cluster.local", "SOA", [""]),
        ("cluster.local", "A", []),
        ("default.svc~", "A", []),
        ("svc~", "A", []),
        ("pod~", "A", []),
        ("_http._tcp.web.default.svc~", "A", []),
        ("_tcp.web.default.svc~", "A", []),
        ("web.default.svc~", "MX", []),
        ("mirror.default.svc~", "CNAME", [("mirror", "example", "org")]),
    ],
)
def test_names_that_are_there(zone, question, type, wanted):
    found = ask(zone, question, type)
    assert (found.rcode, data(found)) == ("NOERROR", wanted)


@pytest.mark.parametrize(
    "question",
    [
        "nobody.default.svc~",
        "web.other.svc~",
        "other.svc~",
        "web.default~",
        "web.svc~",
        "x.web.default.svc~",
        "db-7.db.default.svc~",
        "10-244-1-4.db.default.svc~",  # not ready
        "_http._udp.web.default.svc~",
        "_https._tcp.web.default.svc~",
        "_sctp.web.default.svc~",
        "a.b.c.web.default.svc~",
        "x.mirror.default.svc~",
        "nonsense.default.pod~",
        "example.org.default.svc~",
        "whatever~",
        "lost.default.svc~",
    ],
)
def test_names_that_are_not_there(zone, question):
    assert ask(zone, question).rcode == "NXDOMAIN"


def test_srv_of_a_cluster_ip_names_the_service_and_adds_its_address(zone):
    found = ask(zone, "_http._tcp.web.default.svc~", "SRV")
    assert data(found) == [(80, name("web.default.svc~"))]
    assert found.additional == (Record(name("web.default.svc~"), "A", "10.96.0.50"),)


def test_srv_of_a_headless_service_names_its_ready_endpoints_with_the_ports_they_listen_on(zone):
    found = ask(zone, "_pg._tcp.db.default.svc~", "SRV")
    assert data(found) == [
        (15432, name("db-0.db.default.svc~")),
        (15432, name("10-244-1-3.db.default.svc~")),
    ]
    assert {record.data for record in found.additional} == {"10.244.1.2", "10.244.1.3"}


def test_srv_of_the_service_itself_lists_all_ports(zone):
    assert {each[0] for each in data(ask(zone, "web.default.svc~", "SRV"))} == {80, 53, 9}


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("50.0.96.10.in-addr.arpa", ["web.default.svc~"]),
        ("2.1.244.10.in-addr.arpa", ["db-0.db.default.svc~"]),
        ("3.1.244.10.in-addr.arpa", ["10-244-1-3.db.default.svc~"]),
        (".".join(reversed("fd000000000000000000000000000051")) + ".ip6.arpa", ["dual.default.svc~"]),
    ],
)
def test_addresses_lead_back_to_names(zone, question, wanted):
    assert data(ask(zone, question, "PTR")) == [name(each) for each in wanted]
    assert ask(zone, question, "A") == Answer()


def test_an_address_of_podo_without_a_name_is_answered_here_and_any_other_elsewhere(zone):
    assert ask(zone, "9.1.244.10.in-addr.arpa", "PTR").rcode == "NXDOMAIN"  # an endpoint, but of no headless Service
    assert ask(zone, "8.8.8.8.in-addr.arpa", "PTR") is None
    assert ask(zone, "x.8.8.8.in-addr.arpa", "PTR") is None
    assert ask(zone, "8.8.8.in-addr.arpa", "PTR") is None


@pytest.mark.parametrize("question", ["example.org", "local", "org", "cluster.local.example.org", "notcluster.local"])
def test_other_names_are_for_others(zone, question):
    assert ask(zone, question) is None


def test_an_external_name_outside_is_to_be_chased(zone):
    found = ask(zone, "mirror.default.svc~")
    assert data(found) == [("mirror", "example", "org")]
    assert found.chase == ("mirror", "example", "org")


@pytest.mark.parametrize("question", ["inner", "twice"])
def test_an_external_name_inside_is_followed_here(zone, question):
    found = ask(zone, f"{question}.default.svc~")
    assert data(found)[-1] == "10.96.0.50"
    assert [each.type for each in found.records[:-1]] == ["CNAME"] * (len(found.records) - 1)
    assert found.chase == ()


def test_a_loop_of_external_names_fails(zone):
    assert ask(zone, "loop.default.svc~").rcode == "SERVFAIL"


def test_before_all_is_known_unknown_names_may_still_turn_up():
    zone = zone_with([service()], complete=False)
    assert data(ask(zone, "web.default.svc~")) == ["10.96.0.50"]
    assert ask(zone, "nobody.default.svc~").rcode == "SERVFAIL"
    assert ask(zone, "9.9.96.10.in-addr.arpa", "PTR").rcode == "SERVFAIL"


@pytest.mark.parametrize(
    ("label", "address"),
    [("10-1-2-3", "10.1.2.3"), ("fd00--1", "fd00::1"), ("--1", "::1"), ("10-1-2", ""), ("web", ""), ("300-1-1-1", "")],
)
def test_addresses_with_dashes(label, address):
    assert dashed_address(label) == address


@pytest.mark.parametrize(
    "text", ["", "arpa", "in-addr.arpa", "1.2.3.in-addr.arpa", "300.1.1.1.in-addr.arpa", "1.ip6.arpa"]
)
def test_what_is_no_reversed_address(text):
    assert reversed_address(tuple(text.split("."))) == ""
