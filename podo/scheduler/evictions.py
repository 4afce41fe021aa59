"""Make room: end the Pods that preemption chose, and say on each for whom."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from podo.api.errors import APIError, NotFound
from podo.api.timestamps import format_time
from podo.api.types.core_v1 import Pod
from podo.client.base import STRATEGIC_PATCH, Client, DeleteOptions, Key, Patch, key_of
from podo.client.events import EventRecorder
from podo.clock import Clock
from podo.scheduler.preemption import REASON, Candidate

log = logging.getLogger(__name__)


class Evictions:
    """Writes what a preemption means to other Pods. Failures are logged: a later attempt of the Pod tries again."""

    def __init__(self, client: Client, recorder: EventRecorder, clock: Clock) -> None:
        self._client, self._recorder, self._clock = client, recorder, clock

    async def make_room(self, pod: Pod, candidate: Candidate, displaced: Sequence[Pod]) -> None:
        """End the victims; `displaced` are Pods of lower priority that were to go to the same node and must not."""
        for other in displaced:
            await self._patch(key_of(other), status_patch(other.metadata.uid, {"nominatedNodeName": None}))
        victims = [v.pod for v in candidate.victims if not v.pod.metadata.deletion_timestamp]
        await asyncio.gather(*(self._end(victim, pod, candidate.node) for victim in victims))

    async def _end(self, victim: Pod, pod: Pod, node: str) -> None:
        key, uid = key_of(victim), victim.metadata.uid
        condition = {"type": "DisruptionTarget", "status": "True", "reason": REASON}
        scheduler = pod.spec.scheduler_name or "default-scheduler"
        condition["message"] = f"{scheduler}: preempting to accommodate a higher priority pod"
        if not await self._patch(key, condition_patch(victim, condition, self._now())):
            return
        try:
            await self._client.delete(Pod, key, DeleteOptions(uid=uid))
        except NotFound:
            return
        except APIError as error:
            log.warning("cannot delete %s to make room for %s: %s", key, key_of(pod), error)
            return
        self._recorder.normal(victim, "Preempted", f"Preempted by pod {pod.metadata.uid} on node {node}")

    async def _patch(self, key: Key, body: Mapping[str, Any]) -> bool:
        try:
            await self._client.patch(Pod, key, Patch(media_type=STRATEGIC_PATCH, body=body), subresource="status")
        except NotFound:
            return False
        except APIError as error:
            log.warning("cannot write the status of %s: %s", key, error)
            return False
        return True

    def _now(self) -> str:
        return format_time(self._clock.now())


def status_patch(uid: str, status: Mapping[str, Any]) -> dict[str, Any]:
    """A strategic patch of the status of this very Pod."""
    return {"metadata": {"uid": uid}, "status": status}


def condition_patch(pod: Pod, condition: Mapping[str, Any], now: str, **status: Any) -> dict[str, Any]:
    """The patch that gives a Pod a condition; its time stays if only the words change. `status` goes along."""
    same = [c for c in pod.status.conditions if (c.type, c.status) == (condition["type"], condition["status"])]
    full = dict(condition) | {"lastProbeTime": None}
    full["lastTransitionTime"] = same[0].last_transition_time if same and same[0].last_transition_time else now
    if pod.metadata.generation:
        full["observedGeneration"] = pod.metadata.generation
    return status_patch(pod.metadata.uid, {"conditions": [full], **status})
