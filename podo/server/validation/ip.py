"""IP addresses and CIDRs in API fields: strict for new values, lenient for those that are stored already."""

import ipaddress
import re
from collections.abc import Container

from podo.api.field_errors import invalid, quoted
from podo.server.validation.fields import Errors

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
BAD_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
BAD_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_LEADING_ZEROS = re.compile(r"(^|[.:/])0+(?=\d)")


def parse_sloppy(text: str) -> IPAddress | None:
    """An address as old clients may have written it: leading zeros are allowed, zones are not."""
    if "%" in text or not text.isascii():
        return None
    if "." in text:
        head, _, tail = text.rpartition(":")
        text = f"{head}:{_LEADING_ZEROS.sub(chr(92) + '1', tail)}" if head else _LEADING_ZEROS.sub(r"\1", tail)
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def legacy_ip(errs: Errors, path: str, text: str, stored: Container[str] = ()) -> None:
    """An address in a field that once accepted sloppy ones."""
    if text not in stored:
        strict_ip(errs, path, text)


def strict_ip(errs: Errors, path: str, text: str) -> IPAddress | None:
    """A well-formed address, though maybe not in its canonical spelling. Gives it if it is one at all."""
    address = parse_sloppy(text)
    if address is None:
        errs.append(invalid(path, text, BAD_IP))
        return None
    if _well_formed(text) is None:
        errs.append(invalid(path, text, "must not have leading 0s"))
    elif ":" in text and address.version == 4:
        errs.append(invalid(path, text, "must not be an IPv4-mapped IPv6 address"))
    return address


def _well_formed(text: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def canonical_ip(errs: Errors, path: str, text: str) -> None:
    """An address in its one canonical spelling."""
    before = len(errs)
    address = strict_ip(errs, path, text)
    if len(errs) == before and text != str(address):
        errs.append(invalid(path, text, f"must be in canonical form ({quoted(str(address))})"))


def parse_cidr_sloppy(text: str) -> tuple[IPAddress, IPNetwork] | None:
    """(address, network) of a CIDR as old clients may have written it."""
    head, slash, bits = text.partition("/")
    address = parse_sloppy(head)
    if address is None or not slash or not (bits.isascii() and bits.isdigit()):
        return None
    size = int(bits)
    if ":" in head and address.version == 4:  # the IPv4-mapped form counts 128 bits
        if size > 128:
            return None
        mapped = ipaddress.ip_network(f"::ffff:{address}/{size}", strict=False)
        return address, mapped if size < 96 else ipaddress.ip_network(f"{address}/{size - 96}", strict=False)
    if size > address.max_prefixlen:
        return None
    return address, ipaddress.ip_network(f"{address}/{size}", strict=False)


def legacy_cidr(errs: Errors, path: str, text: str, stored: Container[str] = ()) -> None:
    """A CIDR in a field that once accepted sloppy ones."""
    if text not in stored:
        strict_cidr(errs, path, text)


def strict_cidr(errs: Errors, path: str, text: str) -> IPNetwork | None:
    """A well-formed CIDR. Gives its network if it has one at all."""
    parsed = parse_cidr_sloppy(text)
    if parsed is None:
        errs.append(invalid(path, text, BAD_CIDR))
        return None
    address, network = parsed
    head, _, bits = text.partition("/")
    if _well_formed(head) is None or (len(bits) > 1 and bits[0] == "0"):
        errs.append(invalid(path, text, "must not have leading 0s in IP or prefix length"))
    elif ":" in head and address.version == 4:
        errs.append(invalid(path, text, "must not have an IPv4-mapped IPv6 address"))
    elif address != network.network_address:
        errs.append(invalid(path, text, "must not have bits set beyond the prefix length"))
    return network


def canonical_cidr(errs: Errors, path: str, text: str) -> None:
    """A CIDR in its one canonical spelling."""
    before = len(errs)
    network = strict_cidr(errs, path, text)
    if len(errs) == before and text != str(network):
        errs.append(invalid(path, text, f"must be in canonical form ({quoted(str(network))})"))


def family(text: str) -> str:
    """IPv4 or IPv6, or "" if this is no address."""
    address = parse_sloppy(text)
    return f"IPv{address.version}" if address else ""


def is_dual_stack_pair(texts: list[str]) -> bool:
    """Whether there are two addresses, one of each family."""
    return len(texts) == 2 and {family(t) for t in texts} == {"IPv4", "IPv6"}


def ip_warnings(path: str, text: str) -> list[str]:
    """What to warn about in an address that was accepted."""
    address = parse_sloppy(text)
    if address is None:
        return []
    if _well_formed(text) is None or (":" in text and address.version == 4):
        return [f'{path}: non-standard IP address "{text}" is invalid: use "{address}"']
    if address.version == 6 and str(address) != text:
        return [f'{path}: IPv6 address "{text}" should be in RFC 5952 canonical format ("{address}")']
    return []


def cidr_warnings(path: str, text: str) -> list[str]:
    """What to warn about in a CIDR that was accepted."""
    parsed = parse_cidr_sloppy(text)
    if parsed is None:
        return []
    address, network = parsed
    head, _, bits = text.partition("/")
    found: list[str] = []
    if address != network.network_address:
        single = f"{address}/{address.max_prefixlen}"
        found.append(f'{path}: CIDR value "{text}" is ambiguous in this context (should be "{network}" or "{single}"?)')
    sloppy = _well_formed(head) is None or (len(bits) > 1 and bits[0] == "0")
    if sloppy or (":" in head and address.version == 4):
        found.append(f'{path}: non-standard CIDR value "{text}" is invalid: use "{network}"')
    canonical = f"{address}/{bits}"
    if not found and address.version == 6 and canonical != text:
        found.append(f'{path}: IPv6 CIDR value "{text}" should be in RFC 5952 canonical format ("{canonical}")')
    return found
