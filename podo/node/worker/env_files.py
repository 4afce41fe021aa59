"""Variables from files that a container of the Pod wrote (KEP-3721): `NAME='value'`, as a shell reads it."""

import os
import stat
from pathlib import Path

from podo.node import syscalls

MOST = 1 << 20  # bytes of a file that we are willing to read


class NotUnderstood(Exception):
    """The file has a line that is none of a variable."""


def read_value(volume: Path, path: str, key: str) -> str:
    """The value of `key` in a file of a volume, "" if it has none. Raises NotUnderstood, also if there is no file.

    Links lead nowhere outside of the volume.
    """
    try:
        with open(syscalls.open_in_root(volume, path), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise NotUnderstood(f"{path} is no file")
            text = file.read(MOST + 1)
        if len(text) > MOST:
            raise NotUnderstood(f"{path} is larger than {MOST} bytes")
        return value_of(text.decode(), key)
    except (OSError, UnicodeDecodeError) as error:
        raise NotUnderstood(str(error)) from error


def value_of(text: str, key: str) -> str:
    """The first value of `key`. Values are in single quotes and may go over lines. Raises NotUnderstood."""
    lines = enumerate(text.splitlines(), 1)
    for number, line in lines:
        stripped = line.lstrip(" \t")
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.partition("=")
        if not equals or not name or name != name.rstrip(" \t"):
            raise NotUnderstood(f"line {number} is none of a variable")
        if value[:1] in (" ", "\t", ""):
            if value and name == key:
                return ""
            if value:
                continue
        if not value.startswith("'"):
            raise NotUnderstood(f"line {number}: a value must be enclosed in single quotes")
        found, rest = _quoted(value[1:], lines)
        if rest and not rest.startswith("#"):
            raise NotUnderstood(f"line {number}: there is something after the closing quote")
        if name == key:
            return found
    return ""


def _quoted(first: str, lines: "enumerate[str]") -> tuple[str, str]:
    """(what is in the quotes, what comes after them in their last line)."""
    parts, line = [], first
    while "'" not in line:
        parts.append(line)
        try:
            _, line = next(lines)
        except StopIteration:
            raise NotUnderstood("a quote is never closed") from None
    last, _, rest = line.partition("'")
    return "\n".join([*parts, last]), rest.lstrip(" \t")
