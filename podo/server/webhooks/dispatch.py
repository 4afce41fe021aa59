"""What mutating and validating webhooks have in common: which are asked, as what, and how."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from podo.api.errors import APIError
from podo.api.types.admissionregistration_v1 import MatchCondition
from podo.server.admission.figures import ADMIT, VALIDATE, AdmissionFigures
from podo.server.admission.lookup import Lookup
from podo.server.admission_point import Attributes
from podo.server.strategy import Object
from podo.server.webhooks.calling import CallError, Target
from podo.server.webhooks.forms import Forms
from podo.server.webhooks.hooks import Hook
from podo.server.webhooks.matching import Invocation, invocation, selects_object
from podo.server.webhooks.namespace_selection import selects_namespace
from podo.server.webhooks.reviews import (
    ReviewError,
    Verdict,
    admission_review,
    no_dry_run,
    refusal,
    review_version,
    verdict_of,
)


class Asking(Protocol):
    """Asks webhooks."""

    async def ask(self, target: Target, review: Object, timeout: float) -> Object: ...


class Matching(Protocol):
    """Evaluates matchConditions."""

    async def met(
        self, conditions: Sequence[MatchCondition], attributes: Attributes, shown: "Shown", *, may_fail: bool
    ) -> bool:
        """Whether all are true. Raises Forbidden where one fails, unless `may_fail`: then it is not met."""
        ...


class Shown(NamedTuple):
    """A request as a webhook sees it: `obj` and `old` in the version of `seen`."""

    seen: Invocation
    obj: Object | None
    old: Object | None


@dataclass(frozen=True)
class Dispatch:
    """The parts that both plug-ins work with. `is_on` tells whether webhooks are asked at all."""

    asking: Asking
    lookup: Lookup
    forms: Forms
    uid: Callable[[], str]
    conditions: Matching | None
    is_on: Callable[[], bool]
    figures: AdmissionFigures = field(default_factory=AdmissionFigures)

    async def concerned(self, hook: Hook, attributes: Attributes) -> Shown | None:
        """The request as the webhook is to see it, None if it is not for this webhook."""
        spec = hook.spec
        if not selects_object(spec.object_selector, attributes.obj, attributes.old):
            return None
        equivalents = self.forms.equivalents(attributes.resource, attributes.subresource)
        seen = invocation(spec.rules, spec.match_policy, attributes, equivalents)
        if seen is None or not await selects_namespace(spec.namespace_selector, attributes, self.lookup):
            return None
        shown = await self._shown(seen, attributes)
        if spec.match_conditions and self.conditions is not None:
            met = await self.conditions.met(spec.match_conditions, attributes, shown, may_fail=hook.may_fail)
            return shown if met else None
        return shown

    async def _shown(self, seen: Invocation, attributes: Attributes) -> Shown:
        own = attributes.resource
        obj = await self.forms.shown(attributes.obj, own, seen.resource, seen.kind)
        old = await self.forms.shown(attributes.old, own, seen.resource, seen.kind)
        return Shown(seen, obj, old)

    async def ask(self, hook: Hook, attributes: Attributes, shown: Shown, *, mutating: bool) -> Verdict:
        """What the webhook says. Raises CallError where it cannot be asked, and the APIError of its refusal."""
        began, kind, operation = time.perf_counter(), ADMIT if mutating else VALIDATE, attributes.operation.value
        try:
            verdict = await self._ask(hook, attributes, shown, mutating=mutating)
        except (CallError, APIError) as error:
            self.figures.webhook(hook.name, kind, operation, began, error)
            if hook.may_fail and isinstance(error, CallError):
                self.figures.failed_open.add(hook.name, kind)
            raise
        finally:
            attributes.ctx.waited.append(time.perf_counter() - began)
        self.figures.webhook(hook.name, kind, operation, began, None)
        return verdict

    async def _ask(self, hook: Hook, attributes: Attributes, shown: Shown, *, mutating: bool) -> Verdict:
        if attributes.ctx.dry_run and not hook.takes_dry_runs:
            raise no_dry_run(hook.name)
        uid = self.uid()
        try:
            version = review_version(hook.spec.admission_review_versions)
        except ReviewError as error:
            raise CallError(f"could not create admission objects: {error}") from error
        review = admission_review(version, uid, attributes, shown.seen, shown.obj, shown.old)
        try:
            answer = await self.asking.ask(hook.target, review, hook.timeout)
        except CallError as error:
            raise CallError(f"failed to call webhook: {error}") from error
        try:
            verdict = verdict_of(answer, uid, version, mutating=mutating)
        except ReviewError as error:
            raise CallError(str(error)) from error
        for key, value in verdict.annotations.items():
            attributes.ctx.annotate(f"{hook.name}/{key}", value)
        for text in verdict.warnings:
            attributes.ctx.warn(text)
        if not verdict.allowed:
            raise refusal(hook.name, verdict.status)
        return verdict


def internal(why: object) -> APIError:
    """The 500 of what went wrong on our side of a webhook."""
    return APIError(f"Internal error occurred: {why}", causes=[{"message": str(why)}])
