"""The namespaces of a sandbox: made by a thread that lives only for that, kept by bind mounts, no process in them."""

import fcntl
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from podo.node import syscalls
from podo.node.mounts import unmount_quietly
from podo.node.runtime.config import IDRange

KINDS = {
    "network": ("net", syscalls.CLONE_NEWNET),
    "ipc": ("ipc", syscalls.CLONE_NEWIPC),
    "uts": ("uts", syscalls.CLONE_NEWUTS),
}
USER = "user"
WAITING = "echo; read line"  # a shell's words, while its namespaces are bound
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
SHM_OPTIONS = "mode=1777,size=65536k"


def make_namespaces(
    folder: Path, kinds: tuple[str, ...], *, hostname: str, sysctls: Mapping[str, str], users: IDRange | None = None
) -> None:
    """Make `kinds` ("network", "ipc", "uts") and bind each to `folder/<kind>`. Loopback is up in a new network.

    With `users` they belong to a new user namespace, which is bound to `folder/user`. Raises OSError; what was made
    until then is found and removed by `drop_namespaces`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if users:
        _make_for_users(folder, kinds, users)

    def run() -> None:
        if users:
            _join(folder, kinds)
        else:
            syscalls.unshare(_flags(kinds))
        if "uts" in kinds and hostname:
            syscalls.sethostname(hostname)
        if "network" in kinds:
            _loopback_up()
        for name, value in sysctls.items():
            Path("/proc/sys", name.replace(".", "/")).write_text(value)
        if not users:
            for kind in kinds:
                bind_namespace(f"/proc/self/task/{threading.get_native_id()}/ns/{KINDS[kind][0]}", folder / kind)

    syscalls.in_own_thread(run)


def _flags(kinds: tuple[str, ...]) -> int:
    flags = 0
    for kind in kinds:
        flags |= KINDS[kind][1]
    return flags


def _make_for_users(folder: Path, kinds: tuple[str, ...], users: IDRange) -> None:
    """A user namespace, and the other kinds in it: only a process of one thread may make that, so a shell does."""
    names = ["user", *(KINDS[kind][0] for kind in kinds)]
    command = ["unshare", *(f"--{name}" for name in names), "/bin/sh", "-c", WAITING]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as made:
        assert made.stdout
        assert made.stderr
        if not made.stdout.readline():
            said = made.stderr.read().decode(errors="replace").strip()
            raise OSError(f"cannot make a user namespace: {said}")
        for table in ("uid_map", "gid_map"):
            Path(f"/proc/{made.pid}/{table}").write_text(f"0 {users.first} {users.length}")
        for name, target in zip(names, (USER, *kinds), strict=True):
            bind_namespace(f"/proc/{made.pid}/ns/{name}", folder / target)


def _join(folder: Path, kinds: tuple[str, ...]) -> None:
    """Move this thread into the bound namespaces, as the node's root: the user namespace is not joined."""
    with ExitStack() as closing:
        for kind in kinds:
            syscalls.setns(closing.enter_context(open(folder / kind)).fileno(), KINDS[kind][1])


def bind_namespace(source: str, target: Path) -> None:
    """Keep a namespace of a process ("/proc/<pid>/ns/pid") at `target`."""
    target.touch()
    syscalls.mount(source, target, flags=syscalls.MS_BIND)


def drop_namespaces(folder: Path) -> None:
    """Let them go; quiet about what is not there."""
    for kind in (*KINDS, "pid", USER):
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
