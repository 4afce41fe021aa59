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
CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x8000000, 0x10000000, 0x20000000, 0x40000000
AT_FDCWD, AT_EMPTY_PATH, AT_RECURSIVE = -100, 0x1000, 0x8000
OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC = 0x1, 0x80000
MOVE_MOUNT_F_EMPTY_PATH = 0x4
MOUNT_ATTR_IDMAP = 0x100000
RESOLVE_NO_MAGICLINKS, RESOLVE_IN_ROOT = 0x2, 0x10
_OPENAT2 = 437
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442  # the same on every architecture

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


class _MountAttributes(ctypes.Structure):
    """struct mount_attr (mount_setattr(2))."""

    _fields_ = tuple((name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd"))


def clone_tree(path: str | Path) -> int:
    """A detached copy of the mount at `path`, with all below it (open_tree(2)): a descriptor, to be closed."""
    flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE
    fd: int = _libc.syscall(_OPEN_TREE, AT_FDCWD, os.fsencode(path), ctypes.c_uint(flags))
    if fd < 0:
        _fail(str(path))
    return fd


def map_ids(tree: int, user_namespace: int) -> None:
    """Show the owners of a detached mount's files as the user namespace has them (mount_setattr(2))."""
    attributes = _MountAttributes(MOUNT_ATTR_IDMAP, 0, 0, user_namespace)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    if _libc.syscall(_MOUNT_SETATTR, tree, b"", ctypes.c_uint(AT_EMPTY_PATH), ctypes.byref(attributes), size) != 0:
        _fail("mount_setattr")


def attach_tree(tree: int, target: str | Path) -> None:
    """Mount a detached tree (move_mount(2))."""
    flags = ctypes.c_uint(MOVE_MOUNT_F_EMPTY_PATH)
    if _libc.syscall(_MOVE_MOUNT, tree, b"", AT_FDCWD, os.fsencode(target), flags) != 0:
        _fail(str(target))


class _OpenHow(ctypes.Structure):
    """struct open_how (openat2(2))."""

    _fields_ = tuple((name, ctypes.c_uint64) for name in ("flags", "mode", "resolve"))


def open_in_root(root: str | Path, path: str) -> int:
    """Open a file to read as if `root` were "/": no link leads out of it, whoever changes it meanwhile (openat2(2)).

    A descriptor, to be closed; a pipe does not make it wait.
    """
    folder = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        how = _OpenHow(flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
        size = ctypes.c_size_t(ctypes.sizeof(how))
        fd: int = _libc.syscall(_OPENAT2, folder, os.fsencode(path), ctypes.byref(how), size)
        if fd < 0:
            _fail(path)
        return fd
    finally:
        os.close(folder)


def in_own_thread(function: Callable[[], _Result]) -> _Result:
    """Run `function` in a thread made for it: what it does to its namespaces or folder ends with it."""
    with ThreadPoolExecutor(1, thread_name_prefix="own-namespaces") as pool:
        return pool.submit(function).result()


def _fail(what: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number), what)
