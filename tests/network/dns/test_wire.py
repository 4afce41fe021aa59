import pytest
from dnslib import EDNS0, QTYPE, RCODE, RR, A, DNSHeader, DNSQuestion, DNSRecord

from podo.network.dns.answer import Answer, Record
from podo.network.dns.wire import MAX_ROTATIONS, MAX_UDP_SIZE, BadQuery, failure, parse, relayed, replies, rotations

DOMAIN = ("cluster", "local")
WEB = ("web", "default", "svc", "cluster", "local")


def query(name="web.default.svc.cluster.local", type="A", edns=0):
    message = DNSRecord.question(name, type)
    if edns:
        message.add_ar(EDNS0(udp_len=edns))
    return message.pack()


def records(count):
    return tuple(Record(WEB, "A", f"10.244.1.{i}") for i in range(count))


def reply(answer, *, udp=True, **more):
    return DNSRecord.parse(replies(parse(query(**more)), answer, DOMAIN, udp=udp)[0])


def test_names_are_read_in_lower_case_and_answered_as_they_were_asked():
    data = query("WEB.default.svc.Cluster.Local")
    assert parse(data).name == WEB
    answered = DNSRecord.parse(replies(parse(data), Answer(records=records(1)), DOMAIN, udp=True)[0])
    assert str(answered.q.qname) == "WEB.default.svc.Cluster.Local."


def test_an_answer_is_authoritative_and_has_the_askers_id():
    asked = parse(query())
    answered = DNSRecord.parse(replies(asked, Answer(records=records(1)), DOMAIN, udp=True)[0])
    assert (answered.header.id, answered.header.aa, answered.header.ra) == (asked.message.header.id, 1, 1)
    assert (str(answered.rr[0].rdata), answered.rr[0].ttl) == ("10.244.1.0", 5)


@pytest.mark.parametrize(("answer", "rcode"), [(Answer(), RCODE.NOERROR), (Answer("NXDOMAIN"), RCODE.NXDOMAIN)])
def test_a_negative_answer_says_how_long_it_holds(answer, rcode):
    answered = reply(answer)
    assert answered.header.rcode == rcode
    assert (answered.auth[0].rtype, answered.auth[0].rdata.times[4]) == (QTYPE.SOA, 5)


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (Record(WEB, "AAAA", "fd00::1"), "fd00::1"),
        (Record(WEB, "TXT", "1.1.0"), '"1.1.0"'),
        (Record(WEB, "CNAME", ("example", "org")), "example.org."),
        (Record(WEB, "PTR", WEB), "web.default.svc.cluster.local."),
        (Record(WEB, "NS", ("ns", "dns", *DOMAIN)), "ns.dns.cluster.local."),
        (Record(WEB, "SRV", (80, WEB)), "0 100 80 web.default.svc.cluster.local."),
    ],
)
def test_every_type_of_record(record, text):
    assert str(reply(Answer(records=(record,))).rr[0].rdata) == text


@pytest.mark.parametrize(("edns", "whole"), [(0, 28), (4096, 70)])
def test_what_does_not_fit_is_marked_as_truncated(edns, whole):
    assert reply(Answer(records=records(whole)), edns=edns).header.tc == 0
    assert reply(Answer(records=records(whole + 20)), edns=edns).header.tc == 1
    assert len(reply(Answer(records=records(whole + 20)), edns=edns, udp=False).rr) == whole + 20


def test_edns_is_answered_with_edns_and_never_above_what_is_safe():
    answered = reply(Answer(records=records(1)), edns=65000)
    assert answered.ar[0].edns_len == MAX_UDP_SIZE
    assert parse(query(edns=65000)).udp_size == MAX_UDP_SIZE
    assert parse(query(edns=100)).udp_size == 512


def test_addresses_take_turns_at_being_first():
    firsts = {each[0].data for each in rotations(records(3))}
    assert firsts == {"10.244.1.0", "10.244.1.1", "10.244.1.2"}
    assert all(set(each) == set(records(3)) for each in rotations(records(3)))
    assert len(rotations(records(100))) == MAX_ROTATIONS


def test_what_leads_to_the_addresses_stays_before_them():
    alias = Record(("a",), "CNAME", WEB)
    assert [each[0] for each in rotations((alias, *records(2)))] == [alias, alias]


@pytest.mark.parametrize(
    ("data", "rcode"),
    [
        pytest.param(b"\0\1" + b"\0" * 5, None, id="too short for a header"),
        pytest.param(DNSRecord(DNSHeader(qr=1)).pack(), None, id="an answer"),
        pytest.param(DNSRecord(DNSHeader(opcode=5)).pack(), RCODE.NOTIMP, id="an update"),
        pytest.param(DNSRecord(DNSHeader()).pack(), RCODE.FORMERR, id="no question"),
        pytest.param(query()[:-3], RCODE.FORMERR, id="cut off"),
        pytest.param(
            DNSRecord(DNSHeader(), questions=[DNSQuestion("a"), DNSQuestion("b")]).pack(),
            RCODE.FORMERR,
            id="two questions",
        ),
        pytest.param(DNSRecord(DNSHeader(), q=DNSQuestion("version.bind", 16, 3)).pack(), RCODE.REFUSED, id="chaos"),
    ],
)
def test_what_is_no_question(data, rcode):
    with pytest.raises(BadQuery) as raised:
        parse(data)
    if rcode is None:
        assert raised.value.reply == b""
    else:
        answered = DNSRecord.parse(raised.value.reply)
        assert (answered.header.rcode, answered.header.id) == (rcode, int.from_bytes(data[:2], "big"))


def test_others_answers_are_passed_on_under_the_askers_id_after_the_aliases_that_led_there():
    asked = parse(query("mirror.default.svc.cluster.local"))
    upstream = DNSRecord(DNSHeader(id=7, qr=1, ra=1), q=DNSQuestion("example.org"))
    upstream.add_answer(RR("example.org", QTYPE.A, ttl=17, rdata=A("192.0.2.1")))
    alias = Record(("mirror", "default", "svc", *DOMAIN), "CNAME", ("example", "org"))
    answered = DNSRecord.parse(relayed(asked, upstream, prefix=(alias,), domain=DOMAIN, udp=True))
    assert answered.header.id == asked.message.header.id
    assert [str(each.rdata) for each in answered.rr] == ["example.org.", "192.0.2.1"]
    assert (answered.header.aa, answered.rr[1].ttl) == (0, 17)


def test_failure_is_servfail():
    assert DNSRecord.parse(failure(parse(query()))).header.rcode == RCODE.SERVFAIL
