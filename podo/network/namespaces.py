"""Network namespaces, kept alive by bind mounts. Everything here blocks: call it through `netlink.in_namespace`."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CLONE_NEWNET = 0x4000_0000
_MS_BIND, _MNT_DETACH = 0x1000, 2
_OWN = "/proc/thread-self/ns/net"
_libc = ctypes.CDLL(None, use_errno=True)


def create(path: Path) -> None:
    """Make a network namespace, bound at `path`. Raises FileExistsError if something is bound there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if is_bound(path):
        raise FileExistsError(f"{path} is a network namespace already")
    path.touch()
    with _returning():
        _check(_libc.unshare(_CLONE_NEWNET), "unshare")
        _check(_libc.mount(_OWN.encode(), str(path).encode(), None, _MS_BIND, None), f"bind {path}")


def remove(path: Path) -> None:
    """Let go of the namespace at `path`, whatever is left of it: the kernel ends it when nothing runs in it."""
    while is_bound(path):
        _check(_libc.umount2(str(path).encode(), _MNT_DETACH), f"unmount {path}")
    path.unlink(missing_ok=True)


def is_bound(path: Path) -> bool:
    """Whether a namespace is bound at `path`, not just a file left there."""
    try:
        return path.stat().st_dev == os.stat(_OWN).st_dev
    except FileNotFoundError:
        return False


def enter(path: Path) -> None:
    """Move this process, which must have one thread only, into the namespace at `path` for good. Raises OSError."""
    target = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(_libc.setns(target, _CLONE_NEWNET), f"enter {path}")
    finally:
        os.close(target)


@contextmanager
def entered(path: Path | None) -> Iterator[None]:
    """This thread is in the namespace at `path` meanwhile; None is the one that it is in."""
    if path is None:
        yield
        return
    with _returning():
        target = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _check(_libc.setns(target, _CLONE_NEWNET), f"enter {path}")
        finally:
            os.close(target)
        yield


@contextmanager
def _returning() -> Iterator[None]:
    own = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        _check(_libc.setns(own, _CLONE_NEWNET), "return to the own namespace")
        os.close(own)


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
