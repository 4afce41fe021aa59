"""VerticalPodAutoscaler: watches what containers use, recommends what to ask for, and has Pods ask for it.

Running Pods are resized in place where the mode allows it; others are evicted, so that the Pods that replace them
get the recommendation at their admission (`podo/server/admission/vertical.py`).
"""

import logging
from collections.abc import Sequence

import msgspec

from podo.api import quantity
from podo.api.errors import APIError, NotFound, TooManyRequests
from podo.api.timestamps import format_time
from podo.api.types.apps_v1 import ReplicaSet
from podo.api.types.core_v1 import ContainerStatus, Pod
from podo.api.types.meta_v1 import Condition, ObjectMeta
from podo.api.types.policy_v1 import Eviction
from podo.api.vertical import (
    AUTO,
    IN_PLACE,
    MEMORY,
    RECREATE,
    AutoscalerStatus,
    Recommendation,
    VerticalPodAutoscaler,
    policy_for,
)
from podo.client.base import MERGE_PATCH, STRATEGIC_PATCH, Key, Patch, key_of, kind_of
from podo.client.events import EventWriter
from podo.client.informer import by_namespace
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import ownership, pods
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.vertical import models as kept
from podo.controllers.vertical.definitions import AUTOSCALERS
from podo.controllers.vertical.recommending import Model, recommend
from podo.controllers.vertical.updating import is_being_resized, is_infeasible, is_outdated, may_evict, resized

PERIOD, CHECKPOINTS = 60.0, 600.0  # seconds
PROVIDED = "RecommendationProvided"
log = logging.getLogger(__name__)


class VerticalAutoscaler:
    """Reads VerticalPodAutoscalers, Pods and their use; writes recommendations, resizes and evictions of Pods."""

    name = "vertical-autoscaler"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter, usage: kept.Usage) -> None:
        self._client, self._clock, self._usage = client, clock, usage
        self._events = events.recorder("vpa-updater")
        self._autoscalers, self._sets = client.informer(AUTOSCALERS), client.informer(ReplicaSet)
        self._pods = client.informer(Pod).index(by_namespace)
        self._models: dict[str, dict[str, Model]] = {}  # by the autoscaler's uid, then by container
        self._sampled: dict[str, float] = {}
        self._saved: dict[str, float] = {}
        self._killed: dict[tuple[str, str], int] = {}  # restarts that are known, by Pod and container
        self.watches = (Watch(AUTOSCALERS, to=itself, when=_spec_changes),)

    async def reconcile(self, key: Key) -> Outcome:
        autoscaler = self._autoscalers.get(key)
        if autoscaler is None or autoscaler.metadata.deletion_timestamp:
            return DONE
        uid, now = autoscaler.metadata.uid, self._clock.monotonic()
        mine = [p for p in self._pods(key.namespace) if self._is_target(autoscaler, p) and pods.is_active(p)]
        if uid not in self._models:
            self._models[uid] = await kept.load(self._client, autoscaler)
            self._saved[uid] = now
        if now - self._sampled.get(uid, -PERIOD) >= PERIOD:
            self._sampled[uid] = now
            await self._sample(key.namespace, mine, self._models[uid])
        autoscaler = await self._recommend(autoscaler, mine)
        await self._update(autoscaler, mine)
        if now - self._saved[uid] >= CHECKPOINTS:
            self._saved[uid] = now
            await kept.save(self._client, autoscaler, self._models[uid])
        return Outcome(requeue_after=PERIOD)

    def _is_target(self, autoscaler: VerticalPodAutoscaler, pod: Pod) -> bool:
        """Whether what the autoscaler names controls the Pod, itself or by a ReplicaSet."""
        target, owner = autoscaler.spec.target_ref, ownership.controller_of(pod)
        if target is None or owner is None:
            return False
        if (owner.kind, owner.name) == (target.kind, target.name):
            return True
        between = self._sets.get(Key(pod.metadata.namespace, owner.name)) if owner.kind == "ReplicaSet" else None
        top = ownership.controller_of(between) if between is not None else None
        return top is not None and (top.kind, top.name) == (target.kind, target.name)

    async def _sample(self, namespace: str, mine: Sequence[Pod], models: dict[str, Model]) -> None:
        at = self._clock.now().timestamp()
        try:
            usage = await self._usage(namespace)
        except APIError as error:
            log.info("no figures of the Pods of %s: %s", namespace, error)
            return
        for pod in mine:
            statuses = {s.name: s for s in pod.status.container_statuses}
            for container in pod.spec.containers:
                requests = container.resources.requests if container.resources else {}
                limits = container.resources.limits if container.resources else {}
                model = models.setdefault(container.name, Model())
                uid, used = pod.metadata.uid, usage.get(pod.metadata.name, {}).get(container.name)
                if used is not None:
                    asked = quantity.to_milli(requests.get("cpu", "0")) / 1000
                    model.add(uid, at, cores=used.cores, memory=used.memory, asked=asked)
                if self._ran_out(uid, statuses.get(container.name)):
                    had = limits.get(MEMORY) or requests.get(MEMORY) or "0"
                    model.out_of_memory(uid, at, float(quantity.parse(had)))

    def _ran_out(self, uid: str, status: ContainerStatus | None) -> bool:
        """Whether the container was killed for its memory since the last look."""
        if status is None or not status.restart_count:
            return False
        known = self._killed.get((uid, status.name), 0)
        self._killed[uid, status.name] = status.restart_count
        ended = status.last_state.terminated if status.last_state else None
        return status.restart_count > known and ended is not None and ended.reason == "OOMKilled"

    async def _recommend(self, autoscaler: VerticalPodAutoscaler, mine: Sequence[Pod]) -> VerticalPodAutoscaler:
        """Write what is recommended now."""
        models = self._models[autoscaler.metadata.uid]
        names = list(dict.fromkeys(c.name for p in mine for c in p.spec.containers)) or sorted(models)
        known = [name for name in names if name in models and models[name].samples]
        found = tuple(
            recommend(name, models[name], len(names), policy_for(autoscaler, name))
            for name in known
            if policy_for(autoscaler, name).mode != "Off"
        )
        condition = _condition(autoscaler, bool(found), matched=bool(mine), now=format_time(self._clock.now()))
        status = AutoscalerStatus(
            recommendation=Recommendation(container_recommendations=found) if found else None, conditions=(condition,)
        )
        if status == autoscaler.status:
            return autoscaler
        patch = Patch(media_type=MERGE_PATCH, body={"status": msgspec.to_builtins(status)})
        return await self._client.patch(AUTOSCALERS, key_of(autoscaler), patch, subresource="status")

    async def _update(self, autoscaler: VerticalPodAutoscaler, mine: Sequence[Pod]) -> None:
        """Have running Pods ask for what is recommended: all in place, or one at a time by eviction."""
        mode, now = autoscaler.spec.update_policy.update_mode, self._clock.now()
        if mode not in (RECREATE, AUTO, IN_PLACE):
            return
        for pod in mine:
            if not is_outdated(pod, autoscaler, now):
                continue
            stays = mode == IN_PLACE and not is_infeasible(pod)
            if stays and (is_being_resized(pod) or await self._resize(pod, autoscaler)):
                continue
            if may_evict(mine, autoscaler.spec.update_policy.min_replicas) and await self._evict(pod):
                return

    async def _resize(self, pod: Pod, autoscaler: VerticalPodAutoscaler) -> bool:
        """Whether the Pod is resized: the API refuses what would change its class of service."""
        body = resized(pod, autoscaler)
        if not body:
            return True
        try:
            patch = Patch(media_type=STRATEGIC_PATCH, body=body)
            await self._client.patch(Pod, key_of(pod), patch, subresource="resize")
        except APIError as error:
            log.info("%s is not resized in place: %s", key_of(pod), error)
            return False
        self._events.normal(pod, "InPlaceResizedByVPA", "Pod was resized in place by VPA Updater.")
        return True

    async def _evict(self, pod: Pod) -> bool:
        meta = ObjectMeta(namespace=pod.metadata.namespace, name=pod.metadata.name)
        try:
            await self._client.create(Eviction(metadata=meta), of=kind_of(Pod), subresource="eviction")
        except (NotFound, TooManyRequests):
            return False
        self._events.normal(pod, "EvictedByVPA", "Pod was evicted by VPA Updater to apply resource recommendation.")
        return True


def _spec_changes(old: VerticalPodAutoscaler | None, new: VerticalPodAutoscaler | None) -> bool:
    return old is None or new is None or old.metadata.generation != new.metadata.generation


def _condition(autoscaler: VerticalPodAutoscaler, provided: bool, *, matched: bool, now: str) -> Condition:
    status = "True" if provided else "False"
    before = next((c for c in autoscaler.status.conditions if c.type == PROVIDED), None)
    since = before.last_transition_time if before is not None and before.status == status else now
    if provided or matched:
        return Condition(type=PROVIDED, status=status, last_transition_time=since)
    message = "No pods match this VPA object"
    return Condition(type=PROVIDED, status=status, reason="NoPodsMatched", message=message, last_transition_time=since)
