"""Metrics that parts of the server keep: plain dictionaries by the values of labels, in the text form of Prometheus."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence

ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
Labels = tuple[str, ...]


class Counter:
    """Counts by labels."""

    def __init__(self, name: str, text: str, *labels: str) -> None:
        self._name, self._text, self._labels = name, text, labels
        self.values: dict[Labels, float] = {}
        if not labels:
            self.values[()] = 0

    def add(self, *values: str) -> None:
        """One more, of those with these values of the labels."""
        self.values[values] = self.values.get(values, 0) + 1

    def lines(self) -> Iterator[str]:
        """The text form."""
        yield from head(self._name, "counter", self._text)
        for values, number in self.values.items():
            yield f"{self._name}{_braced(self._labels, values)} {number:g}\n"


class Gauge:
    """Numbers as they are when someone asks, by labels."""

    def __init__(self, name: str, text: str, labels: Sequence[str], now: Callable[[], Mapping[Labels, float]]) -> None:
        self._name, self._text, self._labels, self._now = name, text, tuple(labels), now

    def lines(self) -> Iterator[str]:
        """The text form."""
        yield from head(self._name, "gauge", self._text)
        for values, number in self._now().items():
            yield f"{self._name}{_braced(self._labels, values)} {number:g}\n"


class Histogram:
    """How many were how large, by labels; `buckets` are upper bounds, in rising order."""

    def __init__(self, name: str, text: str, buckets: Sequence[float], *labels: str) -> None:
        self._name, self._text, self._labels, self._buckets = name, text, labels, tuple(buckets)
        self.values: dict[Labels, list[float]] = {}
        """The sum, then the number in each bucket (the last one: above all bounds)."""
        if not labels:
            self._new(())

    def observe(self, value: float, *values: str) -> None:
        """One of this size, with these values of the labels."""
        found = self.values.get(values) or self._new(values)
        found[0] += value
        found[1 + bisect_left(self._buckets, value)] += 1

    def row(self, *values: str) -> list[float]:
        """What is kept for these values of the labels: for who adds to it with `put`, again and again."""
        return self.values.get(values) or self._new(values)

    def put(self, row: list[float], value: float) -> None:
        """One of this size, in a row."""
        row[0] += value
        row[1 + bisect_left(self._buckets, value)] += 1

    def count(self, *values: str) -> float:
        """How many there were."""
        return sum(self.values.get(values, (0,))[1:])

    def counts(self) -> dict[Labels, float]:
        """How many there were, by the values of the labels."""
        return {values: sum(row[1:]) for values, row in self.values.items()}

    def _new(self, values: Labels) -> list[float]:
        self.values[values] = found = [0.0] * (len(self._buckets) + 2)
        return found

    def lines(self) -> Iterator[str]:
        """The text form."""
        yield from head(self._name, "histogram", self._text)
        bounds = (*(f"{bound:g}" for bound in self._buckets), "+Inf")
        for values, (total, *counts) in self.values.items():
            labels, reached = _braced(self._labels, values), 0.0
            before = f"{labels[:-1]}," if labels else "{"
            for bound, number in zip(bounds, counts, strict=True):
                reached += number
                yield f'{self._name}_bucket{before}le="{bound}"}} {reached:.0f}\n'
            yield f"{self._name}_sum{labels} {total:g}\n"
            yield f"{self._name}_count{labels} {reached:.0f}\n"


def head(name: str, kind: str, text: str) -> Iterator[str]:
    """What stands before the values of a metric."""
    yield f"# HELP {name} {text}\n"
    yield f"# TYPE {name} {kind}\n"


def growing(first: float, factor: float, count: int) -> tuple[float, ...]:
    """So many bounds of buckets, each so many times the one before."""
    return tuple(first * factor**each for each in range(count))


def _braced(labels: Labels, values: Labels) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{value.translate(ESCAPED)}"' for name, value in zip(labels, values, strict=True))
    return "{" + ",".join(pairs) + "}"
