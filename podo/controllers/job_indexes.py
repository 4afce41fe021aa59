"""Sets of completion indexes and their text form: `0,2-5`. Pure."""

from collections.abc import Iterable, Set
from itertools import islice


def parse(text: str, completions: int) -> frozenset[int]:
    """The indexes below `completions` that `text` lists. What is no index is skipped."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        if first.isdecimal() and (not last or last.isdecimal()):
            found.update(range(int(first), min(int(last or first), completions - 1) + 1))
    return frozenset(found)


def show(indexes: Iterable[int]) -> str:
    """The text form: ranges of three and more are shortened."""
    parts: list[str] = []
    ordered = sorted(indexes)
    begin = 0
    for place, index in enumerate(ordered):
        if place + 1 < len(ordered) and ordered[place + 1] == index + 1:
            continue
        first = ordered[begin]
        between = "-" if index > first + 1 else ","
        parts.append(str(index) if index == first else f"{first}{between}{index}")
        begin = place + 1
    return ",".join(parts)


def pending(taken: Set[int], completions: int, count: int) -> list[int]:
    """The first `count` indexes below `completions` that are not taken."""
    return list(islice((index for index in range(completions) if index not in taken), count))
