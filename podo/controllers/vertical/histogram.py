"""Histograms whose samples lose half of their weight every so often: what was used of late counts most. Pure.

Buckets grow by a fixed ratio, so that percentiles are about as exact for small containers as for large ones. A
sample's weight is counted up, instead of all older ones being counted down; the reference moves on before numbers
become large.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST = 100  # half-lives between the reference and now
EPSILON = 1e-4  # what weighs less, of the whole of 1 a sample, is nothing


@dataclass(frozen=True)
class Scale:
    """Bucket 0 begins at 0, the next ones at `first`, `first` * (1 + `ratio`), and so on."""

    first: float
    ratio: float = 1.05
    buckets: int = 176

    def bucket(self, value: float) -> int:
        """Which bucket a value is in."""
        if value < self.first:
            return 0
        number = int(math.log(value * (self.ratio - 1) / self.first + 1, self.ratio))
        return min(number, self.buckets - 1)

    def end(self, bucket: int) -> float:
        """Where the next bucket begins: what stands for the values of a bucket."""
        number = min(bucket + 1, self.buckets - 1)
        return self.first * (self.ratio**number - 1) / (self.ratio - 1)


CPU_SCALE, MEMORY_SCALE = Scale(first=0.01), Scale(first=1e7)
"""Cores; bytes."""


@dataclass
class Histogram:
    """Weights by bucket, as of `reference` (seconds since the epoch)."""

    scale: Scale
    half_life: float = 24 * 3600.0
    reference: float = 0.0
    weights: dict[int, float] = field(default_factory=dict)

    def add(self, value: float, weight: float, at: float) -> None:
        """A sample was taken."""
        self._move(at)
        bucket = self.scale.bucket(value)
        self.weights[bucket] = self.weights.get(bucket, 0.0) + weight * self._factor(at)

    def subtract(self, value: float, weight: float, at: float) -> None:
        """Take a sample back that was added with this time."""
        bucket = self.scale.bucket(value)
        left = self.weights.get(bucket, 0.0) - weight * self._factor(at)
        if left > EPSILON:
            self.weights[bucket] = left
        else:
            self.weights.pop(bucket, None)

    def percentile(self, share: float) -> float:
        """The value that so much of the weight does not exceed; 0 without samples."""
        total, seen = sum(self.weights.values()), 0.0
        for bucket in sorted(self.weights):
            seen += self.weights[bucket]
            if seen >= share * total:
                return self.scale.end(bucket)
        return 0.0

    def _factor(self, at: float) -> float:
        return float(2 ** ((at - self.reference) / self.half_life))

    def _move(self, at: float) -> None:
        if not self.reference:
            self.reference = at
        if at - self.reference > LONGEST * self.half_life:
            shift = round((at - self.reference) / self.half_life)
            self.weights = {b: w / 2**shift for b, w in self.weights.items() if w / 2**shift > 1e-12}
            self.reference += shift * self.half_life

    def stored(self) -> Mapping[str, float]:
        """The weights for a checkpoint."""
        return {str(bucket): weight for bucket, weight in sorted(self.weights.items())}
