"""The server and its upstream on loopback, with real sockets."""

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from dnslib import QTYPE, RCODE, RR, SOA, A, DNSRecord

from podo.clock import SystemClock, VirtualClock
from podo.network.dns.server import DnsServer
from podo.network.dns.upstream import Asked, Upstream, ask_tcp, ask_udp, cache_seconds
from podo.network.dns.zone import Zone
from tests.network.build import CONFIG, endpoint_slice, service

LOOPBACK = "127.0.0.1"


class NameServer(asyncio.DatagramProtocol):
    """An upstream on loopback: answers `addresses`, or as `rcode` says, or not at all."""

    def __init__(self):
        self.asked, self.rcode, self.addresses, self.silent, self.ttl = [], RCODE.NOERROR, ["192.0.2.1"], False, 20

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.asked.append(data)
        if not self.silent:
            self.transport.sendto(self.answer(data, udp=True), addr)

    def answer(self, data, *, udp):
        message = DNSRecord.parse(data).reply(aa=0, ra=1)
        message.header.rcode = self.rcode
        for address in self.addresses if self.rcode == RCODE.NOERROR else ():
            message.add_answer(RR(message.q.qname, QTYPE.A, ttl=self.ttl, rdata=A(address)))
        if self.rcode == RCODE.NXDOMAIN:
            message.add_auth(RR("org.", QTYPE.SOA, ttl=60, rdata=SOA("a.org.", "b.org.", (1, 2, 3, 4, 10))))
        if udp and len(message.pack()) > 512:
            message.rr, message.header.tc = [], 1
        return bytes(message.pack())

    async def serve_tcp(self, reader, writer):
        data = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        message = self.answer(data, udp=False)
        writer.write(len(message).to_bytes(2, "big") + message)
        writer.close()


async def same_port_for_both():
    """(UDP transport, its protocol, TCP server) on one port; if somebody else has it for TCP, on another."""
    loop = asyncio.get_running_loop()
    while True:
        transport, made = await loop.create_datagram_endpoint(NameServer, local_addr=(LOOPBACK, 0))
        made.port = transport.get_extra_info("sockname")[1]
        try:
            return transport, made, await asyncio.start_server(made.serve_tcp, LOOPBACK, made.port)
        except OSError:
            transport.close()


@pytest.fixture
async def name_server():
    transport, made, server = await same_port_for_both()
    async with server:
        yield made
    transport.close()


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def upstream(name_server, clock):
    return Upstream(lambda: (LOOPBACK,), clock, port=name_server.port)


@pytest.fixture
def zone():
    made = Zone(CONFIG)
    made.service_changed(None, service())
    made.service_changed(None, service("mirror", ip="", type="ExternalName", external_name="example.org"))
    made.complete = True
    return made


@asynccontextmanager
async def serving(zone, upstream):
    server = DnsServer(zone, upstream, (LOOPBACK,), port=0)
    async with server:
        yield server


def question(name, type="A"):
    return bytes(DNSRecord.question(name, type).pack())


async def ask(server, name, type="A"):
    data = question(name, type)
    now = server.answer_now(data)
    return DNSRecord.parse(await server.answer(data, udp=True) if now is None else now)


def addresses(message):
    return [str(record.rdata) for record in message.rr]


async def test_cluster_names_are_answered_by_udp_and_tcp(zone, upstream):
    async with serving(zone, upstream) as server:
        data = question("web.default.svc.cluster.local")
        for exchange in (ask_udp, ask_tcp):
            message = DNSRecord.parse(await exchange(LOOPBACK, server.port_of(exchange is ask_udp), data))
            assert addresses(message) == ["10.96.0.50"]


async def test_many_questions_on_one_connection(zone, upstream):
    async with serving(zone, upstream) as server:
        reader, writer = await asyncio.open_connection(LOOPBACK, server.port_of(udp=False))
        for _ in range(3):
            data = question("web.default.svc.cluster.local")
            writer.write(len(data).to_bytes(2, "big") + data)
            size = int.from_bytes(await reader.readexactly(2), "big")
            assert (await reader.readexactly(size))[:2] == data[:2]
        writer.close()


async def test_an_address_that_cannot_be_had_does_not_stop_the_others(zone, upstream):
    server = DnsServer(zone, upstream, ("192.0.2.99", LOOPBACK), port=0)
    async with server:
        data = question("web.default.svc.cluster.local")
        assert await ask_udp(LOOPBACK, server.port_of(udp=True), data)


async def test_other_names_are_asked_of_others_and_kept_as_long_as_they_allow(zone, upstream, name_server, clock):
    async with serving(zone, upstream) as server:
        assert addresses(await ask(server, "example.org")) == ["192.0.2.1"]
        clock.advance(timedelta(seconds=5))
        again = await ask(server, "EXAMPLE.org")
        assert (addresses(again), again.rr[0].ttl) == (["192.0.2.1"], 15)
        assert len(name_server.asked) == 1
        clock.advance(timedelta(seconds=15))
        await ask(server, "example.org")
        assert len(name_server.asked) == 2


async def test_a_name_that_others_do_not_know_is_kept_as_long_as_its_zone_says(zone, upstream, name_server, clock):
    name_server.rcode = RCODE.NXDOMAIN
    async with serving(zone, upstream) as server:
        assert (await ask(server, "nobody.org")).header.rcode == RCODE.NXDOMAIN
        clock.advance(timedelta(seconds=9))
        await ask(server, "nobody.org")
        assert len(name_server.asked) == 1
        clock.advance(timedelta(seconds=2))
        await ask(server, "nobody.org")
        assert len(name_server.asked) == 2


async def test_an_external_name_comes_with_the_addresses_of_its_target(zone, upstream):
    async with serving(zone, upstream) as server:
        assert addresses(await ask(server, "mirror.default.svc.cluster.local")) == ["example.org.", "192.0.2.1"]


async def test_equal_questions_are_asked_once_at_a_time(upstream, name_server):
    answers = await asyncio.gather(*(upstream.resolve(Asked("example.org.", QTYPE.A)) for _ in range(5)))
    assert [addresses(each) for each in answers] == [["192.0.2.1"]] * 5
    assert len(name_server.asked) == 1


async def test_a_long_answer_is_fetched_by_tcp(upstream, name_server):
    name_server.addresses = [f"192.0.2.{i}" for i in range(60)]
    assert len((await upstream.resolve(Asked("example.org.", QTYPE.A))).rr) == 60


async def test_failures_are_not_kept_and_passed_on_when_no_other_server_knows_better(upstream, name_server):
    name_server.rcode = RCODE.SERVFAIL
    assert (await upstream.resolve(Asked("example.org.", QTYPE.A))).header.rcode == RCODE.SERVFAIL
    name_server.rcode = RCODE.NOERROR
    assert (await upstream.resolve(Asked("example.org.", QTYPE.A))).header.rcode == RCODE.NOERROR


async def test_a_dead_server_is_followed_by_the_next(name_server):
    upstream = Upstream(lambda: ("127.0.0.2", LOOPBACK), SystemClock(), port=name_server.port)
    assert addresses(await upstream.resolve(Asked("example.org.", QTYPE.A))) == ["192.0.2.1"]


async def test_only_one_question_waits_for_a_server_that_is_silent(name_server, clock):
    transport, second, tcp = await same_port_for_both_on("127.0.0.3", name_server.port)
    name_server.silent = True
    try:
        upstream = Upstream(lambda: (LOOPBACK, "127.0.0.3"), clock, port=name_server.port, patience=0.02)
        for name in ("a.example.", "b.example."):
            assert addresses(await upstream.resolve(Asked(name, QTYPE.A))) == ["192.0.2.1"]
        assert (len(name_server.asked), len(second.asked)) == (1, 2)
        second.silent, name_server.silent = True, False
        assert addresses(await upstream.resolve(Asked("c.example.", QTYPE.A))) == ["192.0.2.1"]
        clock.advance(31)
        second.silent = False
        assert addresses(await upstream.resolve(Asked("d.example.", QTYPE.A))) == ["192.0.2.1"]
        assert (len(name_server.asked), len(second.asked)) == (3, 3)
    finally:
        transport.close()
        tcp.close()


async def same_port_for_both_on(address, port):
    loop = asyncio.get_running_loop()
    transport, made = await loop.create_datagram_endpoint(NameServer, local_addr=(address, port))
    return transport, made, await asyncio.start_server(made.serve_tcp, address, port)


async def test_an_answer_costs_so_little_that_thousands_a_second_are_no_load(zone, upstream):
    for number in range(200):
        zone.service_changed(None, service(f"s{number}", ip=f"10.96.1.{number}"))
    asked = [question(f"s{number}.default.svc.cluster.local") for number in range(200)]
    async with serving(zone, upstream) as server:
        began = time.process_time()
        for turn in range(2000):
            assert server.answer_now(asked[turn % 200])
        assert (time.process_time() - began) / 2000 < 0.0001


async def test_without_any_server_the_answer_is_servfail_and_cluster_names_still_work(zone, clock):
    async with serving(zone, Upstream(lambda: (), clock)) as server:
        assert (await ask(server, "example.org")).header.rcode == RCODE.SERVFAIL
        assert addresses(await ask(server, "web.default.svc.cluster.local")) == ["10.96.0.50"]


async def test_a_changed_zone_is_answered_at_once(zone, upstream):
    async with serving(zone, upstream) as server:
        assert addresses(await ask(server, "web.default.svc.cluster.local")) == ["10.96.0.50"]
        zone.service_changed(service(), service(ip="10.96.0.77"))
        assert addresses(await ask(server, "web.default.svc.cluster.local")) == ["10.96.0.77"]


async def test_addresses_of_a_headless_service_take_turns(zone, upstream):
    zone.service_changed(None, service("db", ip="None"))
    zone.slice_changed(None, endpoint_slice("10.244.1.2", "10.244.1.3", of="db", name="db-1"))
    async with serving(zone, upstream) as server:
        firsts = {addresses(await ask(server, "db.default.svc.cluster.local"))[0] for _ in range(4)}
        assert firsts == {"10.244.1.2", "10.244.1.3"}


async def test_answers_to_equal_questions_carry_each_ones_id(zone, upstream):
    async with serving(zone, upstream) as server:
        for _ in range(3):
            data = question("web.default.svc.cluster.local")
            assert server.answer_now(data)[:2] == data[:2]


async def test_rubbish_gets_an_error_or_nothing(zone, upstream):
    async with serving(zone, upstream) as server:
        assert server.answer_now(b"x") == b""
        assert DNSRecord.parse(server.answer_now(b"\0\1" + b"\0" * 10)).header.rcode == RCODE.FORMERR


@pytest.mark.parametrize(("ttls", "seconds"), [([5, 60], 5), ([3600], 30), ([0], 0)])
def test_how_long_an_answer_is_kept(ttls, seconds):
    message = DNSRecord.parse(question("a.org")).reply()
    for ttl in ttls:
        message.add_answer(RR("a.org", QTYPE.A, ttl=ttl, rdata=A("192.0.2.1")))
    assert cache_seconds(message) == seconds
