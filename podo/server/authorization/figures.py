"""Counts of what was allowed, by the names that kube-apiserver has."""

import time
from collections.abc import Iterator

from podo.server.authorization.base import Attempt, Authorizer, Decision, Verdict
from podo.server.counting import Counter, Histogram, growing

RESULTS = {Verdict.ALLOW: "allowed", Verdict.DENY: "denied", Verdict.NO_OPINION: "no-opinion"}


class CountedAuthorizer:
    """Counts and times what `inner` decides about requests."""

    def __init__(self, inner: Authorizer) -> None:
        self._inner = inner
        buckets = growing(0.001, 2, 15)
        self.times = Histogram("authorization_duration_seconds", "Time it took, by result.", buckets, "result")
        self._rows = {verdict: self.times.row(result) for verdict, result in RESULTS.items()}

    async def authorize(self, attempt: Attempt) -> Decision:
        began = time.perf_counter()
        decision = await self._inner.authorize(attempt)
        self.times.put(self._rows[decision.verdict], time.perf_counter() - began)
        return decision

    def lines(self) -> Iterator[str]:
        """The text form of Prometheus."""
        attempts = Counter("authorization_attempts_total", "Attempts, by result.", "result")
        attempts.values = self.times.counts()
        yield from attempts.lines()
        yield from self.times.lines()


class Decisions:
    """Which authorizer has decided how often, whoever asked."""

    def __init__(self) -> None:
        text = "Final decisions, by authorizer and decision."
        labels = ("type", "name", "decision")
        self.counted = Counter("apiserver_authorization_decisions_total", text, *labels)
        self.lines = self.counted.lines

    def of(self, kind: str, name: str, inner: Authorizer) -> Authorizer:
        """The authorizer, counted."""
        return _Deciding(inner, kind, name, self.counted)


class _Deciding:
    def __init__(self, inner: Authorizer, kind: str, name: str, counted: Counter) -> None:
        self._inner, self._kind, self._name, self._counted = inner, kind, name, counted

    async def authorize(self, attempt: Attempt) -> Decision:
        decision = await self._inner.authorize(attempt)
        if decision.verdict is not Verdict.NO_OPINION:
            self._counted.add(self._kind, self._name, RESULTS[decision.verdict])
        return decision
