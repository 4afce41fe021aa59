"""Cases as they are kept: requests, and what has been answered.

Strings may hold `${NS}` (the case's namespace), `${U}` (a token of the case), `${F}` (one of what cases share) and
names of values that earlier answers gave. In answers, `<uid>`, `<time>` and the like stand for what differs each time
(matching.py).
"""

import lzma
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).parent / "answers"
VARIABLE = re.compile(r"\$\{(\w+)\}")
NO_NAMESPACE, SHARED_NAMESPACE, OWN_NAMESPACE = 0, 1, 2


class Answer(msgspec.Struct, omit_defaults=True):
    """What came back; None and absent parts are not compared."""

    status: int = 0
    media_type: str | None = None
    warnings: list[str] = []
    body: Any = msgspec.UNSET
    events: list[Any] | None = None


class Step(msgspec.Struct, omit_defaults=True):
    """A request, or (with `collect`) the reading of `count` events from a watch that `watch` named before."""

    answer: Answer
    method: str = "GET"
    path: str = ""
    body: Any = msgspec.UNSET
    text: str | None = None
    filler: int = 0  # how many letters stand for `@BIG@` in the body
    media_type: str = "application/json"
    headers: dict[str, str | None] = {}
    capture: dict[str, str] = {}
    until: dict[str, Any] = {}
    watch: str = ""
    collect: str = ""
    count: int = 0
    condense: list[str] = []  # of condensing.py
    only: list[str] | None = None  # compare these paths within the body


class Case(msgspec.Struct, omit_defaults=True):
    """One line of a file. `shared` are the steps that make what several cases need."""

    id: str
    steps: list[Step]
    namespace: int = NO_NAMESPACE
    shared: list[Step] = []


def files() -> list[Path]:
    """The files, one a group."""
    return sorted(FOLDER.glob("*.xz"))


def read(path: Path) -> list[Case]:
    """The cases of a file."""
    decoder = msgspec.json.Decoder(Case)
    return [decoder.decode(line) for line in lzma.decompress(path.read_bytes()).splitlines()]


def write(path: Path, cases: list[Case]) -> None:
    """Keep cases."""
    path.write_bytes(lzma.compress(b"".join(msgspec.json.encode(case) + b"\n" for case in cases), preset=9))


def filled(value: Any, variables: Mapping[str, str]) -> Any:
    """The value with its variables replaced, those in keys too."""
    if isinstance(value, str):
        return VARIABLE.sub(lambda found: variables.get(found[1], found[0]), value) if "${" in value else value
    if isinstance(value, dict):
        return {filled(key, variables): filled(item, variables) for key, item in value.items()}
    return [filled(item, variables) for item in value] if isinstance(value, list) else value


def at(value: Any, path: str) -> Any:
    """What is at `a.b[0]["c.d"]`, None if there is nothing."""
    for quoted, index, name in re.findall(r'\["([^"]*)"\]|\[(-?\d+)\]|([^.\[\]]+)', path):
        try:
            value = value[int(index)] if index else value[quoted or name]
        except (KeyError, IndexError, TypeError):
            return None
    return value
