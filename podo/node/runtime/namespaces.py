"""The namespaces of a sandbox: made by a thread that lives only for that, kept by bind mounts, no process in them."""

import fcntl
import os
import socket
import struct
import threading
from collections.abc import Mapping
from pathlib import Path

from podo.node import syscalls
from podo.node.mounts import unmount_quietly

KINDS = {
    "network": ("net", syscalls.CLONE_NEWNET),
    "ipc": ("ipc", syscalls.CLONE_NEWIPC),
    "uts": ("uts", syscalls.CLONE_NEWUTS),
}
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
SHM_OPTIONS = "mode=1777,size=65536k"


def make_namespaces(folder: Path, kinds: tuple[str, ...], *, hostname: str, sysctls: Mapping[str, str]) -> None:
    """Make `kinds` ("network", "ipc", "uts") and bind each to `folder/<kind>`. Loopback is up in a new network.

    Raises OSError; what was made until then is found and removed by `drop_namespaces`.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def run() -> None:
        flags = 0
        for kind in kinds:
            flags |= KINDS[kind][1]
        syscalls.unshare(flags)
        if "uts" in kinds and hostname:
            syscalls.sethostname(hostname)
        if "network" in kinds:
            _loopback_up()
        for name, value in sysctls.items():
            Path("/proc/sys", name.replace(".", "/")).write_text(value)
        for kind in kinds:
            target = folder / kind
            target.touch()
            source = f"/proc/self/task/{threading.get_native_id()}/ns/{KINDS[kind][0]}"
            syscalls.mount(source, target, flags=syscalls.MS_BIND)

    syscalls.in_own_thread(run)


def bind_namespace(source: str, target: Path) -> None:
    """Keep a namespace of a process ("/proc/<pid>/ns/pid") at `target`."""
    target.touch()
    syscalls.mount(source, target, flags=syscalls.MS_BIND)


def drop_namespaces(folder: Path) -> None:
    """Let them go; quiet about what is not there."""
    for kind in (*KINDS, "pid"):
        unmount_quietly(folder / kind)


def has_namespaces(folder: Path, kinds: tuple[str, ...]) -> bool:
    """Whether all of them are still bound: they are not after a reboot."""
    return all(_is_namespace(folder / kind) for kind in kinds)


def mount_shm(target: Path) -> None:
    """The /dev/shm of a sandbox, as small as Docker's and containerd's."""
    target.mkdir(parents=True, exist_ok=True)
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    syscalls.mount("shm", target, "tmpfs", flags, SHM_OPTIONS)


def connect_in(namespace: Path | None, port: int) -> socket.socket:
    """A connection to localhost:`port` inside the network namespace (None: our own), IPv4 first. Raises OSError."""

    def run() -> socket.socket:
        if namespace is not None:
            with open(namespace) as file:
                syscalls.setns(file.fileno(), syscalls.CLONE_NEWNET)
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError as refused:
            try:
                return socket.create_connection(("::1", port))
            except OSError:
                raise refused from None

    return syscalls.in_own_thread(run)


def _is_namespace(path: Path) -> bool:
    try:
        return os.stat(path).st_dev != os.stat(path.parent).st_dev
    except FileNotFoundError:
        return False


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
