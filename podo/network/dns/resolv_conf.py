"""Whom to ask for names that are not the cluster's: the machine's own name servers. Pure, but for `read`."""

from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

SYSTEMD = Path("/run/systemd/resolve/resolv.conf")  # the servers behind systemd-resolved's stub
PLAIN = Path("/etc/resolv.conf")


def nameservers(text: str) -> tuple[str, ...]:
    """The name servers in a resolv.conf(5), in order."""
    found = []
    for line in text.splitlines():
        words = line.split("#")[0].split(";")[0].split()
        if len(words) >= 2 and words[0] == "nameserver":
            try:
                ip_address(words[1].partition("%")[0])
            except ValueError:
                continue
            found.append(words[1])
    return tuple(dict.fromkeys(found))


def upstreams(servers: Iterable[str], *, own: Iterable[str], relay: Iterable[str] = ()) -> tuple[str, ...]:
    """Those of `servers` that can be asked from here, without ourselves (`own`).

    A loopback server listens on the host's loopback, which a node's namespace does not see: if `relay` is given (the
    host's addresses, where the host's own DNS server listens), it is asked instead.
    """
    wanted: list[str] = []
    for server in servers:
        loopback = ip_address(server.partition("%")[0]).is_loopback
        wanted += relay if loopback and relay else [server]
    ours = set(own)
    return tuple(dict.fromkeys(server for server in wanted if server not in ours))


def read() -> tuple[str, ...]:
    """The machine's name servers; those behind systemd-resolved's stub rather than the stub. Blocks."""
    servers = _read(PLAIN)
    if servers and all(ip_address(server.partition("%")[0]).is_loopback for server in servers):
        return _read(SYSTEMD) or servers
    return servers


def _read(path: Path) -> tuple[str, ...]:
    try:
        return nameservers(path.read_text())
    except OSError:
        return ()
