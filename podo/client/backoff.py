"""How long to wait before the next try: exponential, capped, jittered."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Delays in seconds. `jitter` adds up to that fraction of a delay, so that many who failed together spread out."""

    base: float = 0.005
    cap: float = 60.0
    factor: float = 2.0
    jitter: float = 0.0

    def delay(self, failures: int, chance: Random | None = None) -> float:
        """The wait after `failures` failures in a row, the first being 1."""
        exponent = min(failures - 1, 64)  # beyond this every sensible cap has been reached, and floats overflow
        seconds = min(self.base * self.factor**exponent, self.cap)
        return seconds * (1 + self.jitter * chance.random()) if chance else seconds


RECONCILE = Backoff()
"""Of a key whose reconcile failed: quick at first, since most failures are races."""

CONNECT = Backoff(base=0.1, cap=15.0, jitter=0.5)
"""Of a list or watch that failed: many clients share the server that is in trouble."""
