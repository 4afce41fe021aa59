"""Sets of completion indexes as text: `0,2-5`."""

import re
from collections.abc import Iterator


class BadIndexes(ValueError):
    """The text is no set of indexes; the message says why."""


def intervals(text: str, completions: int) -> Iterator[tuple[int, int]]:
    """(first, last) of each part of the text. Raises BadIndexes."""
    for part in text.split(",") if text else ():
        yield interval(part, completions)


def interval(part: str, completions: int) -> tuple[int, int]:
    """(first, last) of one part. Raises BadIndexes."""
    limits = part.split("-")
    if len(limits) > 2:
        raise BadIndexes(
            f'the fragment "{part}" violates the requirement that an index interval can have at most two parts '
            "separated by '-'"
        )
    numbers: list[int] = []
    for limit in limits:
        if not re.fullmatch("[+]?[0-9]+", limit):
            raise BadIndexes(f'cannot convert string to integer for index: "{limit}"')
        if int(limit) >= completions:
            raise BadIndexes(f'too large index: "{limit}"')
        numbers.append(int(limit))
    if len(numbers) == 2 and numbers[0] >= numbers[1]:
        raise BadIndexes(f"non-increasing order, previous: {numbers[0]}, current: {numbers[1]}")
    return numbers[0], numbers[-1]


def total(text: str, completions: int) -> int:
    """How many indexes a text names. Raises BadIndexes."""
    count, last = 0, -1
    for first, end in intervals(text, completions):
        if last >= first:
            raise BadIndexes(f"non-increasing order, previous: {last}, current: {first}")
        count, last = count + end - first + 1, end
    return count


def overlap(completed: str, failed: str, completions: int) -> int | None:
    """The first index that both texts name; parts that cannot be read are passed over."""
    done, lost = _readable(completed, completions), _readable(failed, completions)
    position = other = 0
    while position < len(done) and other < len(lost):
        (first, last), (low, high) = done[position], lost[other]
        if first <= high and low <= last:
            return max(first, low)
        if first <= low:
            position += 1
        else:
            other += 1
    return None


def _readable(text: str, completions: int) -> list[tuple[int, int]]:
    found = []
    for part in text.split(",") if text else ():
        try:
            found.append(interval(part, completions))
        except BadIndexes:
            continue
    return found
