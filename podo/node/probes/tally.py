"""Counting results against a probe's thresholds. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

from podo.api.types.core_v1 import Probe


class ProbeCount(NamedTuple):
    """What is counted together: a container's probes of a kind that ended alike (`successful`, `failed`)."""

    uid: str  # the Pod's
    container: str
    kind: str
    result: str


@dataclass
class Tally:
    """Results in a row; `conclude` says when enough of the same have come."""

    success_threshold: int = 1
    failure_threshold: int = 3
    last: bool | None = None
    run: int = 0

    @classmethod
    def of(cls, probe: Probe) -> "Tally":
        """With the thresholds of `probe`."""
        return cls(probe.success_threshold or 1, probe.failure_threshold or 3)

    def conclude(self, success: bool) -> bool | None:
        """Enter a result; True or False once it stands, None while it is too early to say."""
        self.run = self.run + 1 if success == self.last else 1
        self.last = success
        needed = self.success_threshold if success else self.failure_threshold
        return success if self.run >= needed else None
