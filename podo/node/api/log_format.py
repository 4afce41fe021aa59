"""Lines of container logs as CRI runtimes write them: `TIME STREAM TAG TEXT`, tag P for a part of a longer line."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. `text` ends with a newline unless the line is only a part of one."""

    time: bytes
    stream: bytes  # b"stdout" or b"stderr"
    text: bytes


@dataclass(frozen=True, kw_only=True)
class LogOptions:
    """What of a log is wanted (PodLogOptions)."""

    follow: bool = False
    timestamps: bool = False
    tail_lines: int | None = None
    limit_bytes: int | None = None
    since: datetime | None = None
    stream: str = ""  # "Stdout", "Stderr", or both


def parse_line(raw: bytes) -> LogLine | None:
    """A line of the file, which ends with a newline; None if it is none."""
    parts = raw.rstrip(b"\n").split(b" ", 3)
    if len(parts) < 3:
        return None
    text = parts[3] if len(parts) == 4 else b""
    partial = parts[2].split(b":")[0] == b"P"
    return LogLine(parts[0], parts[1], text if partial else text + b"\n")


def wanted(line: LogLine, options: LogOptions) -> bytes | None:
    """What of the line is to be sent; None if nothing."""
    if options.stream and options.stream.lower().encode() != line.stream:
        return None
    if options.since is not None and moment(line.time) < options.since:
        return None
    return shown(line.time) + b" " + line.text if options.timestamps else line.text


def shown(time: bytes) -> bytes:
    """A line's time as clients are shown it: UTC is a Z (RFC 3339), however the runtime writes it."""
    return time.removesuffix(b"+00:00") + b"Z" if time.endswith(b"+00:00") else time


def moment(time: bytes) -> datetime:
    """The moment of a line; nanoseconds are cut to microseconds."""
    text = time.decode("ascii", "replace")
    head, dot, rest = text.partition(".")
    if dot:
        digits = rest[: next((i for i, c in enumerate(rest) if not c.isdigit()), len(rest))]
        text = f"{head}.{digits[:6]}{rest[len(digits) :]}"
    return datetime.fromisoformat(text)
