"""What the answer to a question is, as far as the cluster's own names go. Pure, and knows no wire format.

After the Kubernetes DNS specification 1.1.0. Names are tuples of lower-case labels, without the root's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from podo.client.base import Key
from podo.network.config import within
from podo.network.dns.zone import Entry, Host, Port, Zone

Name = tuple[str, ...]
TTL = 5  # seconds; CoreDNS's default for cluster names
SCHEMA_VERSION = "1.1.0"
MAX_CHAIN = 8


class Record(NamedTuple):
    """A resource record. `data`: an address (A, AAAA), text (TXT), a Name (CNAME, PTR, NS), or (port, Name) for SRV.

    The SOA record has none: it is the same for the whole zone.
    """

    name: Name
    type: str
    data: str | Name | tuple[int, Name]


@dataclass(frozen=True)
class Answer:
    """`rcode` is NOERROR, NXDOMAIN or SERVFAIL. Without records, NOERROR means that the name has others (NODATA).

    `chase` is a name outside of the cluster that the last CNAME leads to: its addresses belong to the answer.
    """

    rcode: str = "NOERROR"
    records: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    chase: Name = ()


NO_NAME = Answer("NXDOMAIN")
NO_DATA = Answer()


def answer(name: Name, type: str, zone: Zone) -> Answer | None:
    """The answer; None if the name is not the cluster's, so that others are to be asked."""
    size = len(zone.domain)
    if name[-size:] == zone.domain:
        found = _answer_below(name[:-size], type, zone)
        return found if zone.complete or found is not NO_NAME else Answer("SERVFAIL")
    if address := reversed_address(name):
        return _answer_pointer(name, type, address, zone)
    return None


def _answer_below(rest: Name, type: str, zone: Zone) -> Answer:
    """`rest` is the name without the cluster's domain."""
    match rest:
        case () if type == "SOA":
            return Answer(records=(Record(zone.domain, "SOA", ""),))
        case ():
            return _only("NS", ("ns", "dns", *zone.domain), zone.domain, type)
        case ("dns-version",):
            return _only("TXT", SCHEMA_VERSION, (*rest, *zone.domain), type)
        case ("ns", "dns"):
            return _addresses((*rest, *zone.domain), (zone.config.dns_address,), type)
        case ("svc",) | ("pod",) | ("dns",):
            return NO_DATA
        case (namespace, "svc" | "pod"):
            return NO_DATA if zone.has_namespace(namespace) else NO_NAME
        case (dashed, _, "pod"):
            address = dashed_address(dashed)
            return _addresses((*rest, *zone.domain), (address,), type) if address else NO_NAME
        case (*inner, name, namespace, "svc"):
            entry = zone.entry(namespace, name)
            return _answer_service(tuple(inner), Key(namespace, name), entry, type, zone) if entry else NO_NAME
        case _:
            return NO_NAME


def _answer_service(inner: Name, key: Key, entry: Entry, type: str, zone: Zone) -> Answer:
    """`inner` is what stands before the Service's name."""
    service = (key.name, key.namespace, "svc", *zone.domain)
    if entry.external_name:
        return _alias(service, entry.external_name, type, zone) if not inner else NO_NAME
    match inner:
        case ():
            if type == "SRV":
                return _srv(service, service, entry, entry.ports)
            addresses = [host.address for host in entry.hosts] if entry.headless else entry.addresses
            return _addresses(service, addresses, type)
        case (host,) if not host.startswith("_"):
            own = [each.address for each in entry.hosts if each.name == host]
            return _addresses((host, *service), own, type) if own else NO_NAME
        case (port, protocol) if port.startswith("_") and protocol.startswith("_"):
            wanted = [p for p in _ports(entry) if p.name and (p.name, p.protocol) == (port[1:], protocol[1:])]
            if not wanted:
                return NO_NAME
            return _srv((port, protocol, *service), service, entry, wanted) if type == "SRV" else NO_DATA
        case (protocol,):
            return NO_DATA if any(p.name and p.protocol == protocol[1:] for p in _ports(entry)) else NO_NAME
        case _:
            return NO_NAME


def _ports(entry: Entry) -> Iterable[Port]:
    """The ports that have names below the Service's; a headless one's are those of its endpoints, too."""
    return dict.fromkeys([*entry.ports, *(port for host in entry.hosts for port in host.ports)])


def _srv(owner: Name, service: Name, entry: Entry, wanted: Iterable[Port]) -> Answer:
    """The targets of the wanted ports: the Service, or each host of a headless one, with their addresses."""
    records: list[Record] = []
    additional: dict[Record, None] = {}
    for port in wanted:
        if not entry.headless:
            records.append(Record(owner, "SRV", (port.number, service)))
            additional |= dict.fromkeys(_records(service, entry.addresses))
    named = {(port.name, port.protocol) for port in wanted}
    for host in entry.hosts:
        for port in host.ports:
            if (port.name, port.protocol) in named:
                records.append(Record(owner, "SRV", (port.number, _host_name(host, service))))
                additional |= dict.fromkeys(_records(_host_name(host, service), (host.address,)))
    return Answer(records=tuple(dict.fromkeys(records)), additional=tuple(additional))


def _host_name(host: Host, service: Name) -> Name:
    return (host.name, *service)


def _alias(owner: Name, target: str, type: str, zone: Zone) -> Answer:
    """An ExternalName: a CNAME, with what its target has; followed here as long as it stays in the cluster."""
    records: list[Record] = []
    name: Name = tuple(target.split("."))
    for _ in range(MAX_CHAIN):
        records.append(Record(owner, "CNAME", name))
        if type == "CNAME":
            return Answer(records=tuple(records))
        size = len(zone.domain)
        if name[-size:] != zone.domain:
            return Answer(records=tuple(records), chase=name)
        match name[:-size]:
            case (service, namespace, "svc") if (entry := zone.entry(namespace, service)) and entry.external_name:
                owner, name = name, tuple(entry.external_name.split("."))
            case rest:
                last = _answer_below(rest, type, zone)
                return Answer(last.rcode, (*records, *last.records), last.additional)
    return Answer("SERVFAIL")


def _answer_pointer(name: Name, type: str, address: str, zone: Zone) -> Answer | None:
    pointers = zone.pointers(address)
    if not pointers:
        ours = within(address, zone.config.pod_ranges + zone.config.service_ranges)
        return NO_NAME if ours and zone.complete else Answer("SERVFAIL") if ours else None
    if type not in ("PTR", "ANY"):
        return NO_DATA
    records: list[Record] = []
    for service, host in pointers:
        below = (host,) if host else ()
        target = (*below, service.name, service.namespace, "svc", *zone.domain)
        records.append(Record(name, "PTR", target))
    return Answer(records=tuple(records))


def _addresses(owner: Name, addresses: Iterable[str], type: str) -> Answer:
    return Answer(records=tuple(each for each in _records(owner, addresses) if type in (each.type, "ANY")))


def _records(owner: Name, addresses: Iterable[str]) -> list[Record]:
    return [Record(owner, "AAAA" if ":" in each else "A", each) for each in addresses]


def _only(have: str, data: str | Name, owner: Name, type: str) -> Answer:
    return Answer(records=(Record(owner, have, data),)) if type in (have, "ANY") else NO_DATA


def dashed_address(label: str) -> str:
    """The address in a Pod's name, "10-244-1-5" or "fd00--5"; "" if it is none."""
    for separator in (".", ":"):
        try:
            return str(ip_address(label.replace("-", separator)))
        except ValueError:
            continue
    return ""


def reversed_address(name: Name) -> str:
    """The address that a name under in-addr.arpa or ip6.arpa stands for; "" if it is none."""
    try:
        match name:
            case (*octets, "in-addr", "arpa") if len(octets) == 4:
                return str(IPv4Address(".".join(reversed(octets))))
            case (*nibbles, "ip6", "arpa") if len(nibbles) == 32:
                text = "".join(reversed(nibbles))
                return str(IPv6Address(":".join(text[i : i + 4] for i in range(0, 32, 4))))
    except ValueError:
        pass
    return ""
