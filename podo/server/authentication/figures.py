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
        self.users = Counter("authenticated_user_requests", "Requests, by kind of user name.", "username")
        buckets = growing(0.001, 2, 15)
        self.times = Histogram("authentication_duration_seconds", "Time it took, by result.", buckets, "result")
        self._rows = {result: self.times.row(result) for result in ("success", "error", "failure")}
        name = "apiserver_client_certificate_expiration_seconds"
        self.expiry = Histogram(name, "Seconds that client certificates were still good for.", EXPIRY)
        self._expiry_row = self.expiry.row()

    async def authenticate(self, credentials: Credentials) -> User:
        """Raises Unauthorized."""
        began, result = time.perf_counter(), "error"
        if credentials.not_after:
            self.expiry.put(self._expiry_row, _moment(credentials.not_after) - self._clock.now().timestamp())
        try:
            user = await self._inner.authenticate(credentials)
            result = "success"
        except Unauthorized:
            result = "error" if credentials.token or credentials.common_name else "failure"
            raise
        finally:
            self.times.put(self._rows[result], time.perf_counter() - began)
        self.users.add(kind_of(user.name))
        return user

    def lines(self) -> Iterator[str]:
        """The text form of Prometheus."""
        attempts = Counter("authentication_attempts", "Attempts, by result.", "result")
        attempts.values = self.times.counts()
        for each in (attempts, self.users, self.times, self.expiry):
            yield from each.lines()


@lru_cache(maxsize=1024)
def kind_of(name: str) -> str:
    """A user name as metrics show it: there may be many, and they are nobody's business."""
    if name in KNOWN:
        return name
    return "email_id" if "@" in name else "other"


@lru_cache(maxsize=1024)
def _moment(not_after: str) -> float:
    return ssl.cert_time_to_seconds(not_after)
