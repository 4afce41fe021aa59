"""Automatic rollback: a rollout that fails goes back to the last revision that was once good. Opt-in by annotation.

A revision is good once its rollout was complete, and bad once it was rolled back from; that stands on its ReplicaSet.
A rollout has failed when its progress deadline has passed, or when its new Pods crash or can never start.
"""

from collections.abc import Iterable, Sequence

from podo.api.types.apps_v1 import Deployment, ReplicaSet
from podo.api.types.core_v1 import Pod
from podo.client.base import MERGE_PATCH, Key, Patch, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import deployment_revisions as revisions
from podo.controllers import deployment_status as statuses
from podo.controllers import ownership
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.deployment_revisions import STATE
from podo.controllers.ownership import by_controller
from podo.controllers.pod_trouble import trouble

ANNOTATION, ON_FAILURE = "podo.dev/rollback", "on-failure"
GOOD, BAD = "good", "bad"


class AutomaticRollback:
    """Reads Deployment, ReplicaSet and Pod; writes what is known of ReplicaSets, and templates of Deployments."""

    name = "automatic-rollback"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._events = client, events.recorder("automatic-rollback")
        self._deployments = client.informer(Deployment)
        self._sets = client.informer(ReplicaSet)
        self._sets_of, self._pods_of = self._sets.index(by_controller), client.informer(Pod).index(by_controller)
        self.watches = (
            Watch(Deployment, to=itself),
            Watch(Pod, to=self._deployment_of, when=lambda old, new: new is not None and bool(trouble(new))),
        )

    async def reconcile(self, key: Key) -> Outcome:
        found = self._deployments.get(key)
        if found is None or not is_wanted(found) or not statuses.is_observed(found):
            return DONE
        sets = revisions.divide(found, ownership.owned(self._sets_of, found))
        if sets.new is None:
            return DONE
        if statuses.is_rolled_out(found):
            await self._mark(sets.new, GOOD)
        elif state_of(sets.new) != GOOD and (why := self._failure(found, sets.new)):
            await self._roll_back(found, sets.new, sets.old, why)
        return DONE

    def _failure(self, found: Deployment, new: ReplicaSet) -> str:
        """Why the rollout has failed; "" while it has not."""
        if statuses.has_timed_out(found):
            return "its progress deadline has passed"
        for pod in ownership.owned(self._pods_of, new):
            if not pod.metadata.deletion_timestamp and (why := trouble(pod)):
                return f"Pod {pod.metadata.name}, {why}"
        return ""

    async def _roll_back(self, found: Deployment, bad: ReplicaSet, old: Sequence[ReplicaSet], why: str) -> None:
        """The mark comes first: whoever goes on from here never comes back to this revision."""
        was = state_of(bad)
        await self._mark(bad, BAD)
        name, number = found.metadata.name, revisions.revision(bad)
        good = last_good(old)
        if good is None:
            if was != BAD:
                text = f'Deployment "{name}" has no good revision to go back to from revision {number}: {why}'
                self._events.warning(found, "AutomaticRollbackImpossible", text)
            return
        await self._client.update(revisions.rolled_back(found, good))
        text = f'Rolled back deployment "{name}" from revision {number} to revision {revisions.revision(good)}: {why}'
        self._events.warning(found, "AutomaticRollback", text)

    async def _mark(self, found: ReplicaSet, state: str) -> None:
        if state_of(found) != state:
            body = {"metadata": {"annotations": {STATE: state}}}
            await self._client.patch(ReplicaSet, key_of(found), Patch(media_type=MERGE_PATCH, body=body))

    def _deployment_of(self, pod: Pod) -> Iterable[Key]:
        owner = ownership.controller_of(pod)
        if owner is None or owner.kind != "ReplicaSet":
            return ()
        found = self._sets.get(Key(pod.metadata.namespace, owner.name))
        top = ownership.controller_of(found) if found else None
        return (Key(pod.metadata.namespace, top.name),) if top else ()


def is_wanted(found: Deployment) -> bool:
    """Whether the Deployment asks for it, and may be changed."""
    meta = found.metadata
    return meta.annotations.get(ANNOTATION) == ON_FAILURE and not meta.deletion_timestamp and not found.spec.paused


def state_of(found: ReplicaSet) -> str:
    """What is known of its revision: GOOD, BAD or ""."""
    return found.metadata.annotations.get(STATE, "")


def last_good(old: Iterable[ReplicaSet]) -> ReplicaSet | None:
    """The newest revision that is known to be good."""
    good = [rs for rs in old if state_of(rs) == GOOD]
    return max(good, key=revisions.revision, default=None)
