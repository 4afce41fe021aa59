"""Delays between tries: 10 s, doubled to 300 s, forgotten after twice that long (kubelet's crash-loop rule)."""

from datetime import datetime, timedelta
from typing import NamedTuple

INITIAL, LIMIT = timedelta(seconds=10), timedelta(seconds=300)


class Backoff(NamedTuple):
    """The delay that the next failure has to wait, and when it was set."""

    delay: timedelta
    since: datetime

    def until(self, failed: datetime, now: datetime) -> datetime | None:
        """When what failed at `failed` may be tried again; None: at once."""
        if failed - self.since > 2 * LIMIT:
            return None
        end = failed + self.delay
        return end if end > now else None


def grown(last: Backoff | None, failed: datetime, now: datetime) -> Backoff:
    """The back-off after one more try for what failed at `failed`."""
    if last is None or failed - last.since > 2 * LIMIT:
        return Backoff(INITIAL, now)
    return Backoff(min(last.delay * 2, LIMIT), now)


def recalled(attempt: int, started: datetime) -> Backoff | None:
    """The back-off of a container whose history is only known by its attempt: none for the first."""
    if attempt < 1:
        return None
    return Backoff(min(INITIAL * 2 ** min(attempt - 1, 10), LIMIT), started)


def go_duration(delay: timedelta) -> str:
    """As Go prints a Duration of whole seconds: 10s, 2m40s, 5m0s."""
    seconds = int(delay.total_seconds())
    if seconds < 60:
        return f"{seconds}s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes}m{seconds}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{seconds}s"
