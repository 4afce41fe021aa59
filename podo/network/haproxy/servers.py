"""Servers that wait for addresses: a backend has a fixed number, and endpoints are put into them at run time. Pure.

The number grows in powers of two, so a reload for more of them is rare.
"""

from collections.abc import Iterable, Iterator

from podo.network.services.backends import Backend

Servers = tuple[Backend | None, ...]
"""What the servers of a backend are; None is one that waits for an address."""
LEAST_SLOTS = 8


def slots_for(endpoints: int, before: int = 0) -> int:
    """How many servers a backend has that has so many endpoints, and had `before` servers."""
    slots = max(LEAST_SLOTS, before)
    while slots < endpoints:
        slots *= 2
    return slots


def server_lines(servers: Servers, options: str = "") -> Iterator[str]:
    """The lines of a backend that say what its servers are. `options` are those of each server."""
    for number, server in enumerate(servers, 1):
        where = f"{_host(server.address)}:{server.port}" if server else "127.0.0.1:1 disabled"
        yield f"  server s{number} {where}{options}"


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def withdrawals(backend: str, before: Servers, endpoints: Iterable[Backend]) -> list[str]:
    """Runtime commands by which the servers of endpoints that are gone get no more requests."""
    staying = set(endpoints)
    gone = (number for number, each in enumerate(before, 1) if each is not None and each not in staying)
    return [f"set server {backend}/s{number} state maint" for number in gone]


def server_commands(backend: str, before: Servers, endpoints: Iterable[Backend]) -> tuple[list[str], Servers]:
    """(runtime commands that make a backend's servers these endpoints, what its servers then are).

    An endpoint that stays keeps its server. One that goes gets no more requests, but ends those that it has. More
    servers than `before` are there only after a reload.
    """
    wanted = list(dict.fromkeys(endpoints))
    have = [*before, *[None] * (slots_for(len(wanted), len(before)) - len(before))]
    staying = set(wanted)
    after = [each if each in staying else None for each in have]
    kept = {each for each in after if each is not None}
    fresh = iter([each for each in wanted if each not in kept])
    after = [each if each is not None else next(fresh, None) for each in after]
    commands = []
    for number, (old, new) in enumerate(zip(have, after, strict=True), 1):
        if old == new:
            continue
        name = f"{backend}/s{number}"
        if new is None:
            commands.append(f"set server {name} state maint")
        else:
            commands += [f"set server {name} addr {new.address} port {new.port}", f"set server {name} state ready"]
    return commands, tuple(after)
