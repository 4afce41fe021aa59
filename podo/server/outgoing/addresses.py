"""Where the server never lets itself be sent to by an object: its own loopback, link-local networks (and with them the
metadata services of clouds), and addresses that are no single host's.

Names are resolved once, each answer is checked, and the connection goes to the address that was checked: a name that
answers differently a moment later (DNS rebinding) gains nothing.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterator

from podo.api.errors import APIError, BadRequest

NOT_ALLOWED = "address not allowed"
METADATA = frozenset(
    map(ipaddress.ip_address, ("fd00:ec2::254", "fd20:ce::254", "168.63.129.16", "100.100.100.200", "192.0.0.192"))
)
"""Of clouds (AWS, Google, Azure, Alibaba, Oracle), where they are not link-local."""
TRANSLATED = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::/96")))
"""Networks (RFC 6052, RFC 4291) whose addresses stand for the IPv4 address in their last 32 bits."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_allowed(address: str) -> bool:
    """Whether the server may connect to an IP address that an object names."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return not any(_is_special(each) for each in (found, *_embedded(found)))


def _is_special(found: Address) -> bool:
    one_hosts_own = found.is_loopback or found.is_link_local or found.is_unspecified
    return one_hosts_own or found.is_multicast or found in METADATA


def _embedded(found: Address) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 addresses to which an IPv6 address may lead in the end."""
    if isinstance(found, ipaddress.IPv4Address):
        return
    if found.ipv4_mapped is not None:
        yield found.ipv4_mapped
    if found.sixtofour is not None:
        yield found.sixtofour
    if any(found in network for network in TRANSLATED):
        yield ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)


def check_address(address: str) -> None:
    """Raises BadRequest for an IP address where the server does not connect to, or what is none."""
    try:
        allowed = is_allowed(address)
    except ValueError:
        allowed = False
    if not allowed:
        raise BadRequest(NOT_ALLOWED)


async def resolved(name: str) -> list[str]:
    """All addresses of a name. Raises APIError if there are none."""
    try:
        answers = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise APIError(f"lookup {name}: no such host") from error
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


Resolve = Callable[[str], Awaitable[list[str]]]


async def checked_host(host: str, resolve: Resolve = resolved) -> str:
    """The IP address to connect to for a host, by name or address. Raises BadRequest, and APIError if there is none."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        found = await resolve(host)
    else:
        found = [host]
    for address in found:
        check_address(address)
    return found[0]
