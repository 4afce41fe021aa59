"""Read a container's log: the last lines of it, all of it, and with `follow` what is added until the container ends.

Rotated files are not read, as in Kubernetes; only who follows goes through a rotation, and misses nothing."""

import errno
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import BinaryIO

from podo.node.api.log_format import LogOptions, parse_line, wanted

BLOCK = 64 * 1024
Wait = Callable[[], Awaitable[bool]]
"""Waits until the log may have grown; False once the container has ended and will write no more."""


async def read_log(path: Path, options: LogOptions, wait: Wait | None = None) -> AsyncIterator[bytes]:
    """What is wanted of the log, in pieces. `wait` is asked when the end is reached and `follow` is on."""
    left = options.limit_bytes
    async for piece in _pieces(path, options, wait):
        if left is not None:
            piece = piece[:left]
            left -= len(piece)
        if piece:
            yield piece
        if left == 0:
            return


async def _pieces(path: Path, options: LogOptions, wait: Wait | None) -> AsyncIterator[bytes]:
    rest = b""
    async for block in _blocks(path, options, wait if options.follow else None):
        *lines, rest = (rest + block).split(b"\n")
        if piece := _render(lines, options):
            yield piece
    if rest and (piece := _render([rest], options)):
        yield piece


async def _blocks(path: Path, options: LogOptions, wait: Wait | None) -> AsyncIterator[bytes]:
    """The bytes of the log from its wanted tail on; a follower goes on in the file that a rotation puts there."""
    alive = wait is not None
    file = _open(path)
    try:
        file.seek(tail_offset(file, options.tail_lines) if options.tail_lines is not None else 0)
        while True:
            fresh = _successor(path, file) if wait is not None else None  # looked for first: once it is there,
            while block := file.read(BLOCK):  # nothing more comes to the old one
                yield block
            if fresh is not None:
                file.close()
                file = fresh
            elif alive and wait is not None:
                alive = await wait()
                if file.tell() > os.fstat(file.fileno()).st_size:
                    file.seek(0)  # it was cut short
            else:
                return
    finally:
        file.close()


def _open(path: Path) -> BinaryIO:
    """Open a log; what is no file (a link that a Pod with the logs' folder has put there) is not found."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise FileNotFoundError(f"{path} is a link") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(f"{path} is no file")
    return os.fdopen(descriptor, "rb")


def _successor(path: Path, file: BinaryIO) -> BinaryIO | None:
    """The file that has the path now, if it is another one."""
    try:
        fresh = _open(path)
    except FileNotFoundError:
        return None
    if os.path.sameopenfile(fresh.fileno(), file.fileno()):
        fresh.close()
        return None
    return fresh


def _render(lines: list[bytes], options: LogOptions) -> bytes:
    found = (parse_line(line) for line in lines)
    return b"".join(piece for line in found if line and (piece := wanted(line, options)) is not None)


def tail_offset(file: BinaryIO, count: int) -> int:
    """Where the last `count` whole lines of a log begin; parts of one line count as one."""
    end = position = file.seek(0, os.SEEK_END)
    if count <= 0:
        return end
    buffer = b""
    while position > 0:
        step = min(BLOCK, position)
        position -= step
        file.seek(position)
        buffer = file.read(step) + buffer
        starts = _line_starts(buffer, whole=position == 0)
        if len(starts) >= count or position == 0:
            return position + (starts[-count] if len(starts) >= count else 0)
    return 0


def _line_starts(buffer: bytes, *, whole: bool) -> list[int]:
    """Where lines begin, a line of several parts where its first part does. `whole`: the buffer begins with a line."""
    offsets, at = [0] if whole else [], buffer.find(b"\n") + 1
    while 0 < at < len(buffer):
        offsets.append(at)
        at = buffer.find(b"\n", at) + 1
    starts: list[int] = []
    continued = False
    for offset in offsets:
        if not continued:
            starts.append(offset)
        end = buffer.find(b"\n", offset)
        line = parse_line(buffer[offset : end if end >= 0 else len(buffer)])
        continued = line is not None and not line.text.endswith(b"\n")
    return starts
