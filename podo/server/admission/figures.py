"""Counts and times of admission, by the names that kube-apiserver has."""

import time
from collections.abc import Iterator

from podo.api.errors import APIError
from podo.server.counting import Counter, Histogram

PREFIX = "apiserver_admission"
ADMIT, VALIDATE = "admit", "validate"
BUCKETS = (0.005, 0.025, 0.1, 0.5, 1.0, 2.5)
CHECKS = (0.0000005, 0.001, 0.01, 0.1, 1.0)
CALLING, INTERNAL, NO_ERROR = "calling_webhook_error", "apiserver_internal_error", "no_error"
MOST = 600
"""Larger status codes of webhooks are shown as this one."""


class AdmissionFigures:
    """What plug-ins, webhooks and policies have taken, and what they refused."""

    def __init__(self) -> None:
        by = "type", "operation", "rejected"
        name = f"{PREFIX}_step_admission_duration_seconds"
        self._steps = Histogram(name, "Time of a step of admission, by operation.", BUCKETS, *by)
        name = f"{PREFIX}_controller_admission_duration_seconds"
        self._plugins = Histogram(name, "Time of a plug-in.", BUCKETS, "name", *by)
        name = f"{PREFIX}_webhook_admission_duration_seconds"
        self._webhooks = Histogram(name, "Time of a webhook.", (*BUCKETS, 10, 25), "name", *by)
        calls = ("name", "type", "operation", "code", "rejected")
        self.requests = Counter(f"{PREFIX}_webhook_request_total", "Requests to webhooks.", *calls)
        why = ("name", "type", "operation", "error_type", "rejection_code")
        self.rejections = Counter(f"{PREFIX}_webhook_rejection_count", "What webhooks refused, or failed to.", *why)
        text = "How often webhooks failed and were passed over."
        self.failed_open = Counter(f"{PREFIX}_webhook_fail_open_count", text, "name", "type")
        self.validating = _Checks("validating", "error_type", "enforcement_action")
        self.mutating = _Checks("mutating", "error_type")

    def step(self, kind: str, operation: str, began: float, *, rejected: bool) -> None:
        """All plug-ins of one kind have been asked since `began`, by the performance counter."""
        self._steps.observe(time.perf_counter() - began, kind, operation, _said(rejected))

    def plugin(self, name: str, kind: str, operation: str, took: float, *, rejected: bool) -> None:
        """A plug-in has been asked, and took so many seconds."""
        self._plugins.observe(took, name, kind, operation, _said(rejected))

    def webhook(self, name: str, kind: str, operation: str, began: float, refusal: Exception | None) -> None:
        """A webhook has been asked since `began`; a refusal that is no APIError is a failure to ask it."""
        code = 200 if refusal is None else refusal.code if isinstance(refusal, APIError) else 0
        shown, rejected = str(min(code, MOST)), refusal is not None
        self._webhooks.observe(time.perf_counter() - began, name, kind, operation, _said(rejected))
        self.requests.add(name, kind, operation, shown, _said(rejected))
        if refusal is not None:
            error = NO_ERROR if isinstance(refusal, APIError) else CALLING
            self.rejections.add(name, kind, operation, error, shown)

    def lines(self) -> Iterator[str]:
        """The text form of Prometheus."""
        for each in (self._steps, self._plugins, self._webhooks, self.requests, self.rejections, self.failed_open):
            yield from each.lines()
        yield from self.validating.lines()
        yield from self.mutating.lines()


class _Checks:
    """How often policies of one kind were checked, and how long that took."""

    def __init__(self, kind: str, *more: str) -> None:
        name, labels = f"apiserver_{kind}_admission_policy", ("policy", "policy_binding", *more)
        self.total = Counter(f"{name}_check_total", "Checks of policies, by what came of them.", *labels)
        text = "Time of checks of policies, by what came of them."
        self.times = Histogram(f"{name}_check_duration_seconds", text, CHECKS, *labels)

    def add(self, began: float, *values: str) -> None:
        """One check, which took since `began`, by the performance counter."""
        self.total.add(*values)
        self.times.observe(time.perf_counter() - began, *values)

    def lines(self) -> Iterator[str]:
        """The text form of Prometheus."""
        yield from self.total.lines()
        yield from self.times.lines()


def _said(value: bool) -> str:
    return "true" if value else "false"
