"""Ranges of sizes and costs that never leave 64 bits: what cannot be bounded is the largest number."""

import math
from typing import NamedTuple

LARGEST = 2**64 - 1


def added(one: int, other: int) -> int:
    return min(one + other, LARGEST)


def multiplied(one: int, other: int) -> int:
    return min(one * other, LARGEST)


def scaled(one: int, factor: float) -> int:
    """Rounded up, in the arithmetic of doubles."""
    product = math.ceil(float(one) * factor)
    return min(product, LARGEST)


class Range(NamedTuple):
    """At least, at most."""

    low: int
    high: int

    def plus(self, other: "Range") -> "Range":
        return Range(added(self.low, other.low), added(self.high, other.high))

    def times(self, other: "Range") -> "Range":
        return Range(multiplied(self.low, other.low), multiplied(self.high, other.high))

    def scaled(self, factor: float) -> "Range":
        return Range(scaled(self.low, factor), scaled(self.high, factor))

    def union(self, other: "Range") -> "Range":
        return Range(min(self.low, other.low), max(self.high, other.high))


def fixed(value: int) -> Range:
    return Range(value, value)


ZERO, ONE, UNKNOWN = fixed(0), fixed(1), Range(0, LARGEST)
NOTHING_YET = Range(LARGEST, 0)
"""Where a union starts."""


class Entry(NamedTuple):
    """The sizes of the keys and values of a list or map that the expression makes."""

    kind: str
    key: Range
    value: Range

    def union(self, other: "Entry | None") -> "Entry | None":
        if other is None:
            return None
        return Entry(self.kind, self.key.union(other.key), self.value.union(other.value))
