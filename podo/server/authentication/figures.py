"""Counts of who came in, by the names that kube-apiserver has."""

import ssl
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

from podo.api.errors import Unauthorized
from podo.clock import Clock
from podo.server.authentication.base import Credentials
from podo.server.context import User
from podo.server.counting import Counter, Histogram, growing

KNOWN = frozenset({"admin", "client", "kube_proxy", "kubelet", "system:serviceaccount:kube-system:default"})
HOUR, DAY = 3600.0, 86400.0
EXPIRY: tuple[float, ...] = (0, HOUR / 2, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 4 * DAY, 7 * DAY)
EXPIRY += (30 * DAY, 90 * DAY, 180 * DAY, 360 * DAY)


class Identify(Protocol):
    """Tells who asks. Raises Unauthorized."""

    async def authenticate(self, credentials: Credentials) -> User: ...


class CountedAuthentication:
    """Counts what `inner` answers."""

    def __init__(self, inner: Identify, clock: Clock) -> None:
        self._inner, self._clock = inner, clock
        self.attempts = Counter("authentication_attempts", "Attempts, by result.", "result")
        self.users = Counter("authenticated_user_requests", "Requests, by kind of user name.", "username")
        buckets = growing(0.001, 2, 15)
        self._times = Histogram("authentication_duration_seconds", "Time it took, by result.", buckets, "result")
        name = "apiserver_client_certificate_expiration_seconds"
        self.expiry = Histogram(name, "Seconds that client certificates were still good for.", EXPIRY)

    async def authenticate(self, credentials: Credentials) -> User:
        """Raises Unauthorized."""
        began, result = time.perf_counter(), "error"
        if credentials.not_after:
            self.expiry.observe(_moment(credentials.not_after) - self._clock.now().timestamp())
        try:
            user = await self._inner.authenticate(credentials)
            result = "success"
        except Unauthorized:
            result = "error" if credentials.token or credentials.common_name else "failure"
            raise
        finally:
            self.attempts.add(result)
            self._times.observe(time.perf_counter() - began, result)
        self.users.add(kind_of(user.name))
        return user

    def lines(self) -> Iterator[str]:
        """The text form of Prometheus."""
        for each in (self.attempts, self.users, self._times, self.expiry):
            yield from each.lines()


def kind_of(name: str) -> str:
    """A user name as metrics show it: there may be many, and they are nobody's business."""
    if name in KNOWN:
        return name
    return "email_id" if "@" in name else "other"


@lru_cache(maxsize=1024)
def _moment(not_after: str) -> float:
    return ssl.cert_time_to_seconds(not_after)
