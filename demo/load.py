"""Constant load on a Service: so many requests a second, each on a connection of its own, bounded in count."""

import http.client
import threading
import time
from dataclasses import dataclass, field

from demo.stage import Broken, fetch

RATE, LIMIT = 100, 6000  # requests a second, and in all


@dataclass
class Load:
    """Use as a context manager; afterwards `failures` names each request that failed."""

    address: str
    answers: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __enter__(self) -> "Load":
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(n,), daemon=True) for n in range(4)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def _send(self, number: int) -> None:
        pause = len(self._threads) / RATE
        for _ in range(LIMIT // len(self._threads)):
            started = time.monotonic()
            try:
                self.answers.append(fetch(self.address))
            except (OSError, http.client.HTTPException, Broken) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
            if self._end.wait(max(0.0, pause - (time.monotonic() - started))):
                return

    def verdict(self) -> str:
        """How many requests were answered. Raises Broken if one was not."""
        if self.failures or not self.answers:
            first = self.failures[0] if self.failures else "none was sent"
            raise Broken(f"{len(self.failures)} of {len(self.answers) + len(self.failures)} requests failed: {first}")
        return f"{len(self.answers)} requests, 0 failed"
