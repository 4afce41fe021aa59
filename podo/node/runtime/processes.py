"""Processes that are not our children, or no longer: named by pid and start time, so that a reused pid fools nobody."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
PF_EXITING = 0x4  # include/linux/sched.h: its namespaces and files are being let go


class Process(NamedTuple):
    """`started` is in clock ticks since boot (proc(5), field 22 of stat)."""

    pid: int
    started: int


def start_ticks(stat: str) -> int:
    """From the text of /proc/<pid>/stat. The name in it may hold anything, blanks and brackets too."""
    return int(stat[stat.rindex(")") + 2 :].split()[19])


def identify(pid: int) -> Process | None:
    """The process that has this pid now; None if there is none, or only its remains."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if text[text.rindex(")") + 2] in "ZX" else Process(pid, start_ticks(text))


def command_lines() -> Iterator[tuple[int, list[str]]]:
    """Of all processes of the machine that have one: pid and arguments."""
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if command:
                yield int(entry.name), command.decode(errors="replace").rstrip("\0").split("\0")


def is_alive(process: Process) -> bool:
    """Whether it still runs."""
    return identify(process.pid) == process


def is_ending(process: Process) -> bool:
    """Whether it has ended, or is at it: nobody can join it any more."""
    try:
        text = (PROC / str(process.pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    flags = int(text[text.rindex(")") + 2 :].split()[6])
    return identify(process.pid) != process or bool(flags & PF_EXITING)


def send_signal(process: Process, number: int) -> bool:
    """To this process and no other; whether it was there. A pidfd is taken first, so it cannot change in between."""
    try:
        fd = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        if not is_alive(process):
            return False
        signal.pidfd_send_signal(fd, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(fd)
    return True


def signal_number(name: str) -> int:
    """ "SIGTERM", "TERM", "15" or "SIGRTMIN+3"; SIGTERM for "" and for what is none."""
    text = name.upper().removeprefix("SIG")
    if text.isdigit():
        return int(text)
    base, plus, offset = text.partition("+")
    try:
        number = int(signal.Signals[f"SIG{base}"])
    except KeyError:
        return int(signal.SIGTERM)
    return number + int(offset) if plus and offset.isdigit() else number
