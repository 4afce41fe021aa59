"""Between answers and DNS messages. Knows dnslib; does no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dnslib import AAAA, CNAME, EDNS0, NS, PTR, QTYPE, RCODE, RR, SOA, SRV, TXT, A, DNSError, DNSHeader, DNSRecord

from podo.network.dns.answer import TTL, Answer, Name, Record

PLAIN_UDP_SIZE = 512
MAX_UDP_SIZE = 1232  # never fragmented (DNS flag day 2020)
MAX_ROTATIONS = 8
_HEADER_SIZE = 12
_RCODES = {"NOERROR": RCODE.NOERROR, "NXDOMAIN": RCODE.NXDOMAIN, "SERVFAIL": RCODE.SERVFAIL}


class BadQuery(Exception):
    """Not a query that can be answered. `reply` is what to send back; b"" is nothing."""

    def __init__(self, reply: bytes) -> None:
        super().__init__("bad DNS query")
        self.reply = reply


@dataclass(frozen=True)
class Query:
    """One question, and the message that it came in."""

    message: Any
    name: Name
    type: str
    udp_size: int  # the largest answer that the asker takes by UDP


def parse(data: bytes) -> Query:
    """The query in a message. Raises BadQuery."""
    if len(data) < _HEADER_SIZE:
        raise BadQuery(b"")
    try:
        message = DNSRecord.parse(data)
    except (DNSError, ValueError, IndexError) as error:
        raise BadQuery(_refusal(data, RCODE.FORMERR)) from error
    if message.header.qr:
        raise BadQuery(b"")  # an answer to nothing: never answer answers
    if message.header.opcode != 0:
        raise BadQuery(_refusal(data, RCODE.NOTIMP))
    if len(message.questions) != 1 or message.q.qclass != 1:
        raise BadQuery(_refusal(data, RCODE.FORMERR if len(message.questions) != 1 else RCODE.REFUSED))
    sizes = [record.edns_len for record in message.ar if record.rtype == QTYPE.OPT]
    size = min(max(sizes[0], PLAIN_UDP_SIZE), MAX_UDP_SIZE) if sizes else PLAIN_UDP_SIZE
    name = tuple(label.decode(errors="replace").lower() for label in message.q.qname.label)
    return Query(message, name, QTYPE.forward.get(message.q.qtype, str(message.q.qtype)), size)


def replies(query: Query, answer: Answer, domain: Name, *, udp: bool) -> list[bytes]:
    """The messages that say `answer`: several equal ones, with the addresses in another order, if there are several."""
    messages = []
    for records in rotations(answer.records):
        message = query.message.reply(ra=1, aa=1)
        message.header.rcode = _RCODES[answer.rcode]
        for record in records:
            message.add_answer(_resource(record, domain))
        for record in answer.additional:
            message.add_ar(_resource(record, domain))
        if not records and answer.rcode != "SERVFAIL":
            message.add_auth(_soa(domain))
        messages.append(_packed(message, query, udp=udp))
    return messages


def failure(query: Query) -> bytes:
    """SERVFAIL: nobody could be asked."""
    message = query.message.reply(ra=1, aa=0)
    message.header.rcode = RCODE.SERVFAIL
    return _packed(message, query, udp=False)


def relayed(query: Query, upstream: Any, *, prefix: tuple[Record, ...] = (), domain: Name = (), udp: bool) -> bytes:
    """What `upstream` (a parsed message) answers, as an answer to `query`, after the CNAMEs in `prefix`."""
    message = query.message.reply(ra=1, aa=0)
    message.header.rcode = upstream.header.rcode
    message.header.ad = upstream.header.ad
    for record in prefix:
        message.add_answer(_resource(record, domain))
    message.add_answer(*upstream.rr)
    message.add_auth(*upstream.auth)
    message.add_ar(*(record for record in upstream.ar if record.rtype != QTYPE.OPT))
    return _packed(message, query, udp=udp)


def rotations(records: Sequence[Record]) -> list[tuple[Record, ...]]:
    """The records with each address first in turn, up to MAX_ROTATIONS; what is no address stays in its place."""
    fixed = [each for each in records if each.type not in ("A", "AAAA")]
    turning = [each for each in records if each.type in ("A", "AAAA")]
    turns = min(max(len(turning), 1), MAX_ROTATIONS)
    step = max(len(turning) // turns, 1)
    return [(*fixed, *turning[i * step :], *turning[: i * step]) for i in range(turns)]


def _packed(message: Any, query: Query, *, udp: bool) -> bytes:
    edns = any(record.rtype == QTYPE.OPT for record in query.message.ar)
    if edns:
        message.add_ar(EDNS0(udp_len=MAX_UDP_SIZE))
    packed = bytes(message.pack())
    if udp and len(packed) > query.udp_size:
        short = query.message.reply(ra=1, aa=message.header.aa)
        short.header.rcode, short.header.tc = message.header.rcode, 1
        if edns:
            short.add_ar(EDNS0(udp_len=MAX_UDP_SIZE))
        packed = bytes(short.pack())
    return packed


def _resource(record: Record, domain: Name) -> Any:
    name = _text(record.name)
    match record.type, record.data:
        case "A", str() as address:
            data = A(address)
        case "AAAA", str() as address:
            data = AAAA(address)
        case "TXT", str() as text:
            data = TXT(text)
        case "SRV", (int() as port, tuple() as target):
            data = SRV(0, 100, port, _text(target))
        case "SOA", _:
            return _soa(domain)
        case _:
            data = {"CNAME": CNAME, "PTR": PTR, "NS": NS}[record.type](_text(record.data))
    return RR(name, QTYPE.reverse[record.type], ttl=TTL, rdata=data)


def _soa(domain: Name) -> Any:
    zone = _text(domain)
    data = SOA(f"ns.dns.{zone}", f"hostmaster.{zone}", (1, 7200, 1800, 86400, TTL))
    return RR(zone, QTYPE.SOA, ttl=TTL, rdata=data)


def _text(name: Any) -> str:
    return ".".join(name) + "."


def _refusal(data: bytes, rcode: int) -> bytes:
    """An answer to a message that could not be read beyond its header."""
    header = DNSHeader(id=int.from_bytes(data[:2], "big"), qr=1, ra=1, rcode=rcode)
    return bytes(DNSRecord(header).pack())
