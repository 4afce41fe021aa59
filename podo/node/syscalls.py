"""System calls that Python 3.11 does not have: mounts and namespaces, by ctypes. Linux only; all block."""

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 0x1, 0x2, 0x4, 0x8, 0x20
MS_BIND, MS_REC, MS_PRIVATE, MS_SHARED = 0x1000, 0x4000, 0x40000, 0x100000
MNT_DETACH = 0x2
CLONE_FS, CLONE_NEWNS, CLONE_NEWUTS = 0x200, 0x20000, 0x4000000
CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET = 0x8000000, 0x20000000, 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_Result = TypeVar("_Result")


def mount(source: str, target: str | Path, kind: str = "", flags: int = 0, data: str = "") -> None:
    """mount(2). Raises OSError with the target as its file."""
    arguments = (source.encode(), os.fsencode(target), kind.encode() or None, ctypes.c_ulong(flags), data.encode())
    if _libc.mount(*arguments) != 0:
        _fail(str(target))


def unmount(target: str | Path, flags: int = 0) -> None:
    """umount2(2)."""
    if _libc.umount2(os.fsencode(target), flags) != 0:
        _fail(str(target))


def unshare(flags: int) -> None:
    """Give the calling thread new namespaces (unshare(2))."""
    if _libc.unshare(flags) != 0:
        _fail("unshare")


def setns(fd: int, kind: int = 0) -> None:
    """Move the calling thread into a namespace (setns(2))."""
    if _libc.setns(fd, kind) != 0:
        _fail("setns")


def sethostname(name: str) -> None:
    """Of the calling thread's UTS namespace."""
    data = name.encode()
    if _libc.sethostname(data, len(data)) != 0:
        _fail("sethostname")


def in_own_thread(function: Callable[[], _Result]) -> _Result:
    """Run `function` in a thread made for it: what it does to its namespaces or folder ends with it."""
    with ThreadPoolExecutor(1, thread_name_prefix="own-namespaces") as pool:
        return pool.submit(function).result()


def _fail(what: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number), what)
