"""Canary: takes the new revision of a Deployment from step to step, or back. Opt-in by annotation.

A step is done when its Pods are all available, have been so for the pause, and the metric, if one is named, is not
above its bound on average. If it is above, the revision is bad and the Deployment goes back to the one before.
"""

from datetime import timedelta
from typing import Any

from podo.api.timestamps import format_time, parse
from podo.api.types.apps_v1 import Deployment, ReplicaSet
from podo.client.base import MERGE_PATCH, Key, Patch, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import deployment_revisions as revisions
from podo.controllers import ownership
from podo.controllers.automatic_rollback import BAD
from podo.controllers.autoscaling.metrics import Metrics, MetricsFailure
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.canary_steps import SINCE, STEP, Canary, canary_of, most_new, step_of
from podo.controllers.deployment_revisions import HASH_LABEL, STATE, Sets
from podo.controllers.ownership import by_controller

AGAIN = 5.0
"""Seconds until the next look at a metric that says nothing yet."""


class CanaryController:
    """Reads Deployment, ReplicaSet and metrics; writes marks on ReplicaSets, and templates of Deployments."""

    name = "canary"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter, metrics: Metrics) -> None:
        self._client, self._clock, self._metrics = client, clock, metrics
        self._events, self._deployments = events.recorder("canary"), client.informer(Deployment)
        self._sets = client.informer(ReplicaSet).index(by_controller)
        self.watches = (Watch[Key](Deployment, to=itself),)

    async def reconcile(self, key: Key) -> Outcome:
        found = self._deployments.get(key)
        if found is None or found.spec.paused or found.metadata.deletion_timestamp:
            return DONE
        canary = canary_of(found)
        sets = revisions.divide(found, ownership.owned(self._sets, found))
        if canary is None or sets.new is None or not is_held(found, canary, sets):
            return DONE
        since = sets.new.metadata.annotations.get(SINCE, "")
        if not since:
            await self._mark(sets.new, {SINCE: format_time(self._clock.now())})
            return Outcome(requeue_after=float(canary.pause))
        left = parse(since) + timedelta(seconds=canary.pause) - self._clock.now()
        if left > timedelta(0):
            return Outcome(requeue_after=left.total_seconds())
        return await self._judge(found, canary, sets)

    async def _judge(self, found: Deployment, canary: Canary, sets: Sets) -> Outcome:
        new = sets.new
        assert new is not None
        value = await self._value(canary, new) if canary.metric else None
        if canary.metric and value is None:
            return Outcome(requeue_after=AGAIN)
        step, name, number = step_of(new), found.metadata.name, revisions.revision(new)
        if value is not None and value > canary.most:
            await self._mark(new, {STATE: BAD, STEP: None, SINCE: None})
            before = max(revisions.active(sets.old), key=revisions.revision)
            await self._client.update(revisions.rolled_back(found, before))
            why = f"{canary.metric} is {value / 1000:g} on average, the most is {canary.most / 1000:g}"
            back = f"from revision {number} to revision {revisions.revision(before)}"
            self._events.warning(found, "CanaryFailed", f'Rolled back deployment "{name}" {back}: {why}')
            return DONE
        await self._mark(new, {STEP: str(step + 1), SINCE: None})
        last = step + 1 >= len(canary.steps)
        text = "to all Pods" if last else f"to {canary.steps[step + 1]}"
        self._events.normal(found, "CanaryStep", f'Revision {number} of deployment "{name}" goes on {text}')
        return DONE

    async def _value(self, canary: Canary, new: ReplicaSet) -> int | None:
        """The metric of the new Pods on average, in thousandths; None if it cannot be told."""
        selector = f"{HASH_LABEL}={new.metadata.labels.get(HASH_LABEL, '')}"
        try:
            found = await self._metrics.pods(canary.metric, new.metadata.namespace, selector, "")
        except MetricsFailure:
            return None
        return sum(metric.value for metric in found.values()) // len(found) if found else None

    async def _mark(self, new: ReplicaSet, marks: dict[str, Any]) -> None:
        body = {"metadata": {"annotations": marks}}
        await self._client.patch(ReplicaSet, key_of(new), Patch(media_type=MERGE_PATCH, body=body))


def is_held(found: Deployment, canary: Canary, sets: Sets) -> bool:
    """Whether the new revision has reached what its step allows, and waits for the next."""
    new, old = sets.new, revisions.active(sets.old)
    if new is None or not old or step_of(new) >= len(canary.steps):
        return False
    size = revisions.size(new)
    return size == most_new(found, new, old, revisions.desired(found)) == (new.status.available_replicas or 0)
