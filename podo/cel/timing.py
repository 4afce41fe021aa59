"""How long this process has compiled and evaluated expressions. Read by whoever shows metrics."""

from bisect import bisect_left

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds, in seconds."""


class Times:
    """The sum of seconds, and how many were how long: one number a bucket, and a last one for all above."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.total, self.counts = 0.0, [0] * (len(BUCKETS) + 1)

    def add(self, seconds: float) -> None:
        self.total += seconds
        self.counts[bisect_left(BUCKETS, seconds)] += 1


COMPILED, EVALUATED = Times(), Times()
