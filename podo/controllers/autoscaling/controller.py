"""HorizontalPodAutoscaler: looks at its metrics every 15 seconds and sets the scale of its target."""

from dataclasses import dataclass
from typing import Any

import msgspec

from podo.api import quantity, selectors
from podo.api.errors import APIError, NotFound
from podo.api.timestamps import format_time
from podo.api.types.autoscaling_v2 import (
    CrossVersionObjectReference,
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerStatus,
    MetricStatus,
)
from podo.api.types.core_v1 import Pod
from podo.client.base import Key, key_of
from podo.client.events import EventWriter
from podo.client.informer import by_namespace
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.autoscaling.behavior import Bounds, Entry, History, decide
from podo.controllers.autoscaling.calculator import Tolerances
from podo.controllers.autoscaling.conditions import ABLE, ACTIVE, AT_ZERO, LIMITED, Conditions
from podo.controllers.autoscaling.metrics import Metrics
from podo.controllers.autoscaling.proposals import Failed, Proposals, Situation, proposals
from podo.controllers.autoscaling.scales import NoScale, Scaled, Scales
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.served import ServedResources

INTERVAL = 15.0
"""Seconds between two looks (--horizontal-pod-autoscaler-sync-period)."""
AGAIN = Outcome(requeue_after=INTERVAL)
ABOVE, BELOW = "Current number of replicas above Spec.MaxReplicas", "Current number of replicas below Spec.MinReplicas"


@dataclass
class Look:
    """One look at an autoscaler: what it is, and what is to be said of it."""

    autoscaler: HorizontalPodAutoscaler
    conditions: Conditions
    metrics: tuple[MetricStatus, ...] = ()


class Plan(Exception):
    """Nothing can be decided; the conditions say why."""


class HorizontalPodAutoscalerController:
    """Reads HorizontalPodAutoscaler, Pod and metrics; writes the status of the first and the scale of its target.

    What was called for lately is only in memory, as in Kubernetes: who starts anew holds what there is.
    """

    name = "horizontalpodautoscaler"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter, metrics: Metrics) -> None:
        self._client, self._clock, self._metrics = client, clock, metrics
        self._events = events.recorder("horizontal-pod-autoscaler")
        self._autoscalers = client.informer(HorizontalPodAutoscaler)
        self._pods = client.informer(Pod).index(by_namespace)
        self._scales = Scales(client, ServedResources(client))
        self._histories: dict[Key, History] = {}
        self._selectors: dict[Key, str] = {}
        self.watches = (Watch[Key](HorizontalPodAutoscaler, to=itself, when=_is_news),)

    async def reconcile(self, key: Key) -> Outcome:
        autoscaler = self._autoscalers.get(key)
        if autoscaler is None:
            self._histories.pop(key, None)
            self._selectors.pop(key, None)
            return DONE
        look = Look(autoscaler, Conditions(autoscaler.status.conditions, format_time(self._clock.now())))
        try:
            scaled = await self._scales.find(key.namespace, autoscaler.spec.scale_target_ref or NO_TARGET)
        except NoScale as failure:
            self._events.warning(autoscaler, "FailedGetScale", str(failure))
            text = f"the HPA controller was unable to get the target's current scale: {failure}"
            look.conditions.set(ABLE, False, "FailedGetScale", text)
            await self._write(look, {})
            return AGAIN
        found = "the HPA controller was able to get the target's current scale"
        look.conditions.set(ABLE, True, "SucceededGetScale", found)
        await self._follow(look, scaled)
        return AGAIN

    async def _follow(self, look: Look, scaled: Scaled) -> None:
        key, current = key_of(look.autoscaler), scaled.wanted
        history = self._histories.setdefault(key, History([Entry(self._clock.now(), current)]))
        try:
            wanted, reason = await self._wanted(look, scaled, history)
            if wanted != current:
                await self._rescale(look, scaled, wanted, reason)
                history.done(current, wanted, self._clock.now())
        except Plan:
            await self._write(look, {"current_replicas": current})
            return
        counts: dict[str, Any] = {"current_replicas": current, "desired_replicas": wanted}
        if wanted != current:
            counts["last_scale_time"] = format_time(self._clock.now())
        await self._write(look, counts)

    async def _wanted(self, look: Look, scaled: Scaled, history: History) -> tuple[int, str]:
        """How many there shall be, and why. Raises Plan."""
        spec, current = look.autoscaler.spec, scaled.wanted
        most, least = spec.max_replicas or 1, 1 if spec.min_replicas is None else spec.min_replicas
        if current == 0 and not look.conditions.holds(AT_ZERO):
            text = "scaling is disabled since the replica count of the target is zero"
            look.conditions.set(ACTIVE, False, "ScalingDisabled", text)
            return 0, ""
        if current > most:
            return most, ABOVE
        if 0 < current < least:
            return least, BELOW
        found = await self._proposals(look, scaled)
        assert found.chosen is not None
        called_for = found.chosen.replicas
        reason = f"{found.chosen.name} above target" if called_for > current else "All metrics below target"
        decision = decide(called_for, Bounds(current, least, most), spec.behavior, history, self._clock.now())
        look.conditions.set(ABLE, True, *decision.able)
        look.conditions.set(LIMITED, decision.limited, *decision.limit)
        if current == 0 and decision.replicas < least:
            return least, BELOW
        return decision.replicas, reason

    async def _proposals(self, look: Look, scaled: Scaled) -> Proposals:
        """What the metrics call for. Raises Plan if they do not say enough."""
        autoscaler = look.autoscaler
        specs = autoscaler.spec.metrics
        found = await proposals(specs, self._situation(look, scaled), self._metrics)
        look.metrics = found.statuses
        for failure in found.failures:
            self._events.warning(autoscaler, failure.reason, failure.why)
        failed, chosen = len(found.failures), found.chosen
        if chosen is None or failed >= len(specs) or (failed and chosen.replicas < scaled.wanted):
            first: Failed = found.failures[0]
            text = f"the HPA was unable to compute the replica count: {first.why}"
            look.conditions.set(ACTIVE, False, first.reason, text)
            whole = f"invalid metrics ({failed} invalid out of {len(specs)}), first error is: {first}"
            self._events.warning(autoscaler, "FailedComputeMetricsReplicas", whole)
            raise Plan
        text = f"the HPA was able to successfully calculate a replica count from {chosen.name}"
        look.conditions.set(ACTIVE, True, "ValidMetricFound", text)
        return found

    def _situation(self, look: Look, scaled: Scaled) -> Situation:
        autoscaler, selector = look.autoscaler, scaled.scale.status.selector
        namespace = autoscaler.metadata.namespace
        behavior = autoscaler.spec.behavior
        down, up = (behavior.scale_down, behavior.scale_up) if behavior else (None, None)
        default = Tolerances()
        return Situation(
            namespace=namespace,
            selector=selector,
            pods=self._selected(look, selector),
            wanted=scaled.wanted,
            actual=scaled.actual,
            tolerances=Tolerances(
                float(quantity.parse(down.tolerance)) if down and down.tolerance else default.down,
                float(quantity.parse(up.tolerance)) if up and up.tolerance else default.up,
            ),
            now=self._clock.now(),
        )

    def _selected(self, look: Look, selector: str) -> list[Pod]:
        """The target's Pods. Raises Plan if that cannot be told, or others scale them too."""
        autoscaler = look.autoscaler
        key, namespace = key_of(autoscaler), autoscaler.metadata.namespace
        if not selector:
            text = "the HPA target's scale is missing a selector"
            raise self._unusable(look, "SelectorRequired", "selector is required", ("InvalidSelector", text))
        try:
            chosen = selectors.parse_labels(selector)
        except selectors.SelectorError as error:
            text = f"couldn't convert selector into a corresponding internal selector object: {error}"
            raise self._unusable(look, "InvalidSelector", text) from error
        self._selectors[key] = selector
        pods = [pod for pod in self._pods(namespace) if chosen.matches(pod.metadata.labels)]
        others = {
            other
            for other, text in self._selectors.items()
            if other.namespace == namespace
            and self._autoscalers.get(other) is not None
            and any(selectors.parse_labels(text).matches(pod.metadata.labels) for pod in pods)
        }
        if len(others) > 1:
            listed = " ".join(f"{{{o.name} {o.namespace}}}" for o in sorted(others))
            text = f"pods by selector {selector} are controlled by multiple HPAs: [{listed}]"
            raise self._unusable(look, "AmbiguousSelector", text)
        return pods

    def _unusable(self, look: Look, reason: str, text: str, condition: tuple[str, str] | None = None) -> Plan:
        self._events.warning(look.autoscaler, reason, text)
        look.conditions.set(ACTIVE, False, *(condition or (reason, text)))
        self._events.warning(look.autoscaler, "FailedComputeMetricsReplicas", text)
        return Plan()

    async def _rescale(self, look: Look, scaled: Scaled, replicas: int, reason: str) -> None:
        """Raises Plan if it cannot be done."""
        try:
            await self._scales.set(scaled, replicas)
        except APIError as error:
            text = f"New size: {replicas}; reason: {reason}; error: {error}"
            self._events.warning(look.autoscaler, "FailedRescale", text)
            text = f"the HPA controller was unable to update the target scale: {error}"
            look.conditions.set(ABLE, False, "FailedUpdateScale", text)
            raise Plan from error
        text = f"the HPA controller was able to update the target scale to {replicas}"
        look.conditions.set(ABLE, True, "SucceededRescale", text)
        self._events.normal(look.autoscaler, "SuccessfulRescale", f"New size: {replicas}; reason: {reason}")
        if look.autoscaler.spec.min_replicas == 0 or look.conditions.holds(AT_ZERO):
            zero = replicas == 0
            reason = "ScaledToZero" if zero else "NotScaledToZero"
            did = "scaled" if zero else "did not scale"
            look.conditions.set(AT_ZERO, zero, reason, f"the HPA controller {did} the workload to zero")

    async def _write(self, look: Look, counts: dict[str, Any]) -> None:
        before = look.autoscaler.status
        metrics = look.metrics if counts else before.current_metrics
        status: HorizontalPodAutoscalerStatus = msgspec.structs.replace(
            before, conditions=look.conditions.all, current_metrics=metrics, **counts
        )
        if status.desired_replicas is None:
            status = msgspec.structs.replace(status, desired_replicas=0)
        if status == before:
            return
        changed = msgspec.structs.replace(look.autoscaler, status=status)
        try:
            await self._client.update(changed, subresource="status")
        except NotFound:
            return  # deleted meanwhile
        except APIError as error:
            self._events.warning(look.autoscaler, "FailedUpdateStatus", str(error))
            raise


NO_TARGET = CrossVersionObjectReference()


def _is_news(old: HorizontalPodAutoscaler | None, new: HorizontalPodAutoscaler | None) -> bool:
    """What is not of our own writing."""
    return old is None or new is None or old.spec != new.spec
