"""IP addresses and networks, strict as Go's netip: no zones, no addresses mapped from IPv4."""

import ipaddress
import math
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from .. import types
from ..errors import EvalError
from ..functions import Overload
from ..types import BOOL, INT, STRING
from ..values import Opaque
from . import costs

IP_TYPE, CIDR_TYPE = types.opaque("net.IP"), types.opaque("net.CIDR")
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class IP(Opaque):
    """An address."""

    __slots__ = ("address",)
    cel_type = IP_TYPE

    def __init__(self, address: Address) -> None:
        self.address = address

    @property
    def cel_size(self) -> int:
        return self.address.max_prefixlen // 8

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IP) and self.address == other.address

    def __hash__(self) -> int:
        return hash(self.address)


class CIDR(Opaque):
    """An address, which may have host bits, and the length of its prefix."""

    __slots__ = ("address", "bits")
    cel_type = CIDR_TYPE

    def __init__(self, address: Address, bits: int) -> None:
        self.address, self.bits = address, bits

    @property
    def cel_size(self) -> int:
        return math.ceil(self.bits / 8)

    @property
    def first(self) -> int:
        """The prefix as a number, host bits zero."""
        host = self.address.max_prefixlen - self.bits
        return int(self.address) >> host << host

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CIDR) and (self.address, self.bits) == (other.address, other.bits)

    def __hash__(self) -> int:
        return hash((self.address, self.bits))


def parse_ip(text: str) -> IP:
    """Raises EvalError."""
    address = _address(text)
    if address is None:
        raise EvalError(f'IP Address "{text}" parse error during conversion from string: {_fault(text)}')
    if "%" in text:
        raise EvalError(f'IP address "{text}" with zone value is not allowed')
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        raise EvalError(f'IPv4-mapped IPv6 address "{text}" is not allowed')
    return IP(address)


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text) if text.isascii() else None
    except ValueError:
        return None


def _fault(text: str) -> str:
    reason = "unable to parse IP"
    if "." in text and ":" not in text:
        fields = text.split(".")
        if any(len(field) > 1 and field[0] == "0" for field in fields):
            reason = "IPv4 field has octet with leading zero"
        elif any(field.isdigit() and int(field) > 255 for field in fields):
            reason = "IPv4 field has value >255"
        elif len(fields) < 4:
            reason = "IPv4 address too short"
        else:
            reason = "unexpected character"
    return f'ParseAddr("{text}"): {reason}'


def parse_cidr(text: str) -> CIDR:
    """Raises EvalError."""
    words = "network address parse error during conversion from string: "
    host, slash, bits = text.rpartition("/")
    address = _address(host) if slash and "%" not in host else None
    if address is None or not re.fullmatch(r"0|[1-9][0-9]{0,2}", bits) or int(bits) > address.max_prefixlen:
        reason = "no '/'" if not slash else _fault(host) if address is None else "prefix length out of range"
        raise EvalError(f'{words}{words}netip.ParsePrefix("{text}"): {reason}')
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        raise EvalError(f'{words}IPv4-mapped IPv6 address "{text}" is not allowed')
    return CIDR(address, int(bits))


def succeeds(parse: Callable[[str], Any]) -> Callable[[str], bool]:
    """Whether a text can be parsed."""

    def test(text: str) -> bool:
        try:
            parse(text)
        except EvalError:
            return False
        return True

    return test


def is_canonical(text: str) -> bool:
    return ip_text(parse_ip(text)) == text


def ip_text(ip: IP) -> str:
    return str(ip.address)


def cidr_text(cidr: CIDR) -> str:
    return f"{cidr.address}/{cidr.bits}"


def contains_ip(cidr: CIDR, ip: IP | str) -> bool:
    address = (parse_ip(ip) if isinstance(ip, str) else ip).address
    if address.version != cidr.address.version:
        return False
    host = address.max_prefixlen - cidr.bits
    return int(address) >> host << host == cidr.first


def contains_cidr(cidr: CIDR, other: CIDR | str) -> bool:
    inner = parse_cidr(other) if isinstance(other, str) else other
    return cidr.bits <= inner.bits and contains_ip(cidr, IP(inner.address))


def masked(cidr: CIDR) -> CIDR:
    return CIDR(type(cidr.address)(cidr.first), cidr.bits)


def global_unicast(ip: IP) -> bool:
    """As Go's netip says: not unspecified, loopback, multicast, link-local or broadcast; private ones are global."""
    address = ip.address
    if str(address) == "255.255.255.255":
        return False
    return not (address.is_unspecified or address.is_loopback or address.is_multicast or link_local_unicast(ip))


def link_local_unicast(ip: IP) -> bool:
    net = "169.254.0.0/16" if ip.address.version == 4 else "fe80::/10"
    return ip.address in ipaddress.ip_network(net)


def link_local_multicast(ip: IP) -> bool:
    if ip.address.version == 4:
        return ip.address in ipaddress.ip_network("224.0.0.0/24")
    return ip.address.is_multicast and int(ip.address) >> 112 & 0xF == 2


def _ip_test(id: str, test: Callable[[IP], bool]) -> list[Overload]:
    return [Overload(id, (IP_TYPE,), BOOL, test, member=True, cost=costs.one)]


def _contains_ip_cost(args: Any, result: Any) -> int:
    cost: int = math.ceil(2 * args[0].cel_size * costs.TRAVERSAL)
    return cost + (math.ceil(len(args[1]) * costs.TRAVERSAL) if isinstance(args[1], str) else 0)


def _contains_cidr_cost(args: Any, result: Any) -> int:
    masking: int = math.ceil(args[0].cel_size * costs.TRAVERSAL) + 1
    return _contains_ip_cost(args, result) + masking


IP_LIBRARY: dict[str, list[Overload]] = {
    "ip": [
        Overload("string_to_ip", (STRING,), IP_TYPE, parse_ip, cost=costs.by_first()),
        Overload("cidr_ip", (CIDR_TYPE,), IP_TYPE, lambda cidr: IP(cidr.address), member=True, cost=costs.one),
    ],
    "family": [Overload("ip_family", (IP_TYPE,), INT, lambda ip: ip.address.version, member=True)],
    "ip.isCanonical": [Overload("ip_is_canonical", (STRING,), BOOL, is_canonical, cost=costs.by_first(0.2))],
    "isUnspecified": _ip_test("ip_is_unspecified", lambda ip: ip.address.is_unspecified),
    "isLoopback": _ip_test("ip_is_loopback", lambda ip: ip.address.is_loopback),
    "isLinkLocalMulticast": _ip_test("ip_is_link_local_multicast", link_local_multicast),
    "isLinkLocalUnicast": _ip_test("ip_is_link_local_unicast", link_local_unicast),
    "isGlobalUnicast": _ip_test("ip_is_global_unicast", global_unicast),
    "isIP": [Overload("is_ip", (STRING,), BOOL, succeeds(parse_ip), cost=costs.by_first())],
    "string": [
        Overload("ip_to_string", (IP_TYPE,), STRING, ip_text),
        Overload("cidr_to_string", (CIDR_TYPE,), STRING, cidr_text),
    ],
    "cidr": [Overload("string_to_cidr", (STRING,), CIDR_TYPE, parse_cidr, cost=costs.by_first())],
    "containsIP": [
        Overload(
            "cidr_contains_ip_string", (CIDR_TYPE, STRING), BOOL, contains_ip, member=True, cost=_contains_ip_cost
        ),
        Overload("cidr_contains_ip_ip", (CIDR_TYPE, IP_TYPE), BOOL, contains_ip, member=True, cost=_contains_ip_cost),
    ],
    "containsCIDR": [
        Overload(
            "cidr_contains_cidr_string", (CIDR_TYPE, STRING), BOOL, contains_cidr, member=True, cost=_contains_cidr_cost
        ),
        Overload(
            "cidr_contains_cidr", (CIDR_TYPE, CIDR_TYPE), BOOL, contains_cidr, member=True, cost=_contains_cidr_cost
        ),
    ],
    "prefixLength": [Overload("cidr_prefix_length", (CIDR_TYPE,), INT, lambda cidr: cidr.bits, member=True)],
    "masked": [Overload("cidr_masked", (CIDR_TYPE,), CIDR_TYPE, masked, member=True)],
    "isCIDR": [Overload("is_cidr", (STRING,), BOOL, succeeds(parse_cidr), cost=costs.by_first())],
}
