"""Whether an object store has gone silent: requests of a mount wait, and the store does not answer us either.

rclone waits for such a store for many minutes, and who reads or writes waits with it. A store that is only slow answers
a small question of ours, and is left alone however long the mount's own requests take.
"""

import asyncio
import configparser
import socket
import ssl
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from podo.node import syscalls
from podo.node.mounts import MOUNTINFO, mounts_below, unescaped
from podo.storage.objects.stores import REMOTE

LOOK_EVERY, LOOKS = 5.0, 2  # seconds between looks; how many of them have to find requests that wait
ANSWERS_WITHIN = 10.0  # seconds


class Waiting:
    """How many requests wait in mounts, as the kernel counts them (fusectl, which is mounted at `folder`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self) -> None:
        """Have the kernel's counts (blocking)."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if str(self._folder) not in mounts_below(self._folder):
            flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
            syscalls.mount("podo", self._folder, "fusectl", flags)

    def at(self, point: Path) -> int:
        """In the file system that is mounted at a point; 0 if none is, or nobody counts."""
        number = connection_of(point, MOUNTINFO.read_text())
        try:
            return int((self._folder / number / "waiting").read_text()) if number else 0
        except (OSError, ValueError):
            return 0


def connection_of(point: Path, mountinfo: str) -> str:
    """The kernel's number of what a process serves at a point: the minor number of its device; "" if nothing is."""
    found = ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith("fuse") and unescaped(before.split()[4]) == str(point):
            found = before.split()[2].partition(":")[2]
    return found


class Endpoint(NamedTuple):
    """Where a store listens."""

    host: str
    port: int
    secure: bool


def endpoint_of(configuration: str) -> Endpoint:
    """Where the store of a configuration of rclone's is."""
    known = configparser.ConfigParser(interpolation=None)
    known.read_string(configuration)
    options = known[REMOTE]
    url = options.get("sas_url") or options.get("endpoint") or f"s3.{options.get('region', 'us-east-1')}.amazonaws.com"
    parts = urlsplit(url if "://" in url else f"https://{url}")
    secure = parts.scheme != "http"
    return Endpoint(parts.hostname or "", parts.port or (443 if secure else 80), secure)


async def is_silent(configuration: str, netns: Path | None, within: float = ANSWERS_WITHIN) -> bool:
    """Whether the store gives no answer at all; one that cannot be reached gives one: its mount does, too."""
    endpoint = endpoint_of(configuration)
    return await asyncio.to_thread(syscalls.in_own_thread, lambda: _is_silent(endpoint, netns, within))


def _is_silent(endpoint: Endpoint, netns: Path | None, within: float) -> bool:
    """Blocks, in a thread of its own: it goes to another network."""
    try:
        if netns is not None:
            with open(netns) as opened:
                syscalls.setns(opened.fileno(), syscalls.CLONE_NEWNET)
        with socket.create_connection((endpoint.host, endpoint.port), within) as plain:
            return not _answers(plain, endpoint)
    except TimeoutError:
        return True
    except OSError:
        return False


def _answers(plain: socket.socket, endpoint: Endpoint) -> bool:
    """Whether it says anything to a question of HTTP. Raises TimeoutError, OSError."""
    asked = f"HEAD / HTTP/1.1\r\nHost: {endpoint.host}\r\nConnection: close\r\n\r\n".encode()
    if not endpoint.secure:
        plain.sendall(asked)
        plain.recv(1)
        return True
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is told to it, and nothing believed
    with context.wrap_socket(plain, server_hostname=endpoint.host) as secure:
        secure.sendall(asked)
        secure.recv(1)
        return True
