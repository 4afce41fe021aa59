"""Deployment: a ReplicaSet for each template, rolled from the old ones to the new one.

`deployment_revisions.py` says which ReplicaSets there should be, `deployment_scaling.py` how large, and
`deployment_status.py` what to tell the user: all pure. This file reads, applies and writes.
"""

from collections.abc import Iterable

import msgspec

from podo.api import selectors
from podo.api.errors import AlreadyExists, APIError, NotFound, is_terminating
from podo.api.types.apps_v1 import Deployment, DeploymentStatus, ReplicaSet
from podo.api.types.core_v1 import Pod
from podo.api.types.meta_v1 import LabelSelector
from podo.client.base import DeleteOptions, Key, key_of
from podo.client.events import EventWriter
from podo.client.informer import by_namespace
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import deployment_revisions as revisions
from podo.controllers import deployment_scaling as scaling
from podo.controllers import deployment_status as statuses
from podo.controllers import ownership, pods
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.deployment_revisions import REVISION, ROLLBACK_TO, Sets
from podo.controllers.ownership import by_controller


class DeploymentController:
    """Reads Deployment, ReplicaSet and Pod; writes ReplicaSets, and Deployment.status with its revision annotation."""

    name = "deployment"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._clock = client, clock
        self._deployments, self._sets = client.informer(Deployment), client.informer(ReplicaSet)
        self._in_namespace = self._deployments.index(by_namespace)
        self._sets_by_controller = self._sets.index(by_controller)
        self._pods = client.informer(Pod).index(by_controller)
        self._events = events.recorder("deployment-controller")
        self.watches = (
            Watch(Deployment, to=itself),
            Watch(ReplicaSet, to=self._owners_of, when=ownership.may_matter_to_owners),
            Watch(Pod, to=self._recreated_by, when=_ends),
        )

    async def reconcile(self, key: Key) -> Outcome:
        found = self._deployments.get(key)
        if found is None:
            return DONE
        if found.spec.selector == LabelSelector():
            return await self._refuse(found)
        selector = selectors.from_object(found.spec.selector)
        sets = self._sets_by_controller
        candidates = [*ownership.owned(sets, found), *ownership.orphans(sets, key.namespace)]
        mine = await ownership.claim(self._client, found, selector, candidates)
        change = _Change(found)
        try:
            await self._act(change, mine)
        except APIError:
            await self._write(change)
            raise
        await self._write(change)
        return Outcome(statuses.seconds_to_deadline(change.new, change.new.status, self._clock.now()))

    async def _act(self, change: "_Change", mine: list[ReplicaSet]) -> None:
        now, d = self._clock.now(), change.new
        if d.metadata.deletion_timestamp:
            change.status(statuses.counted(d, revisions.divide(d, mine), now))
            return
        change.status(statuses.paused_condition(d, now))
        if ROLLBACK_TO in d.metadata.annotations and not d.spec.paused:
            await self._roll_back(change, revisions.divide(d, mine))
        elif d.spec.paused or scaling.is_scaled(d, mine):
            await self._rescale(change, mine)
        elif revisions.is_rolling(d):
            await self._roll(change, mine)
        else:
            await self._recreate(change, mine)

    async def _rescale(self, change: "_Change", mine: list[ReplicaSet]) -> None:
        """The Deployment's size changed, or it is paused: keep proportions, start nothing new."""
        sets = await self._inscribe(change, revisions.divide(change.new, mine))
        sets = await self._resize(change.new, sets, scaling.rescale(change.new, sets))
        if change.new.spec.paused and ROLLBACK_TO not in change.new.metadata.annotations:
            await self._clean_up(change.new, sets)
        change.status(statuses.counted(change.new, sets, self._clock.now()))

    async def _roll(self, change: "_Change", mine: list[ReplicaSet]) -> None:
        sets = await self._ensure_new(change, revisions.divide(change.new, mine))
        d = change.new
        assert sets.new is not None
        wanted = scaling.new_size(d, sets)
        if wanted != revisions.size(sets.new):
            sets = await self._resize(d, sets, [scaling.Resize(sets.new, wanted)])
        elif resizes := scaling.shrink_old(d, sets):
            sets = await self._resize(d, sets, resizes)
        elif statuses.is_complete(d, d.status):
            await self._clean_up(d, sets)
        change.status(statuses.rolled_out(change.new, sets, self._clock.now()))

    async def _recreate(self, change: "_Change", mine: list[ReplicaSet]) -> None:
        """All old Pods end before the first new one begins."""
        sets, d = await self._inscribe(change, revisions.divide(change.new, mine)), change.new
        if old := revisions.active(sets.old):
            sets = await self._resize(d, sets, [scaling.Resize(rs, 0) for rs in old])
        elif not self._old_pods_run(sets):
            sets = await self._ensure_new(change, sets)
            d = change.new
            assert sets.new is not None
            if revisions.size(sets.new) != revisions.desired(d):
                sets = await self._resize(d, sets, [scaling.Resize(sets.new, revisions.desired(d))])
            if statuses.is_complete(d, d.status):
                await self._clean_up(d, sets)
        change.status(statuses.rolled_out(change.new, sets, self._clock.now()))

    async def _roll_back(self, change: "_Change", sets: Sets) -> None:
        """What `kubectl rollout undo` asked for before it did so by itself; the annotation is what is left of it."""
        d, text = change.new, change.new.metadata.annotations[ROLLBACK_TO]
        number = int(text) if text.isdecimal() else 0
        wanted = number or revisions.last_revision(sets.all)
        target = next((rs for rs in sets.all if wanted and revisions.revision(rs) == wanted), None)
        result = d
        if target is None:
            what = "the revision to rollback to." if wanted else "last revision."
            self._events.warning(d, "DeploymentRollbackRevisionNotFound", f"Unable to find {what}")
        elif target is sets.new:
            message = f'The rollback revision contains the same template as current deployment "{d.metadata.name}"'
            self._events.warning(d, "DeploymentRollbackTemplateUnchanged", message)
        else:
            result = revisions.rolled_back(d, target)
        left = {k: v for k, v in result.metadata.annotations.items() if k != ROLLBACK_TO}
        meta = msgspec.structs.replace(result.metadata, annotations=left)
        change.written(await self._client.update(msgspec.structs.replace(result, metadata=meta)))
        if result is not d:
            message = f'Rolled back deployment "{d.metadata.name}" to revision {wanted}'
            self._events.normal(d, "DeploymentRollback", message)

    async def _inscribe(self, change: "_Change", sets: Sets) -> Sets:
        """Keep what is written on the new ReplicaSet, if there is one, and its revision on the Deployment."""
        if sets.new is None:
            return sets
        inscribed = revisions.inscribed(sets.new, change.new, revisions.next_revision(sets.old))
        if inscribed is not sets.new:
            sets = sets._replace(new=await self._client.update(inscribed))
        assert sets.new is not None
        change.revision(sets.new.metadata.annotations.get(REVISION, ""))
        if statuses.has_deadline(change.new) and not statuses.condition(change.new.status, statuses.PROGRESSING):
            message = f'Found new replica set "{sets.new.metadata.name}"'
            change.progressing("True", "FoundNewReplicaSet", message, self._clock)
        return sets

    async def _ensure_new(self, change: "_Change", sets: Sets) -> Sets:
        """The sets with a new one, made if it is missing."""
        if sets.new is not None:
            return await self._inscribe(change, sets)
        d = change.new
        made = revisions.make_replica_set(d, sets.old)
        made = revisions.sized(made, d, scaling.new_size(d, sets))
        try:
            new = await self._client.create(made)
        except AlreadyExists:
            known = await self._client.get(ReplicaSet, key_of(made))
            if ownership.is_controlled_by(known, d) and revisions.is_of(known, d):
                return sets._replace(new=known)  # made before, by one who did not live to see it
            collisions = (d.status.collision_count or 0) + 1  # of another template or owner: the next try differs
            change.status(msgspec.structs.replace(d.status, collision_count=collisions))
            raise
        except APIError as error:
            if not is_terminating(error):
                message = f'Failed to create new replica set "{made.metadata.name}": {error}'
                if statuses.has_deadline(d):
                    change.progressing("False", "ReplicaSetCreateError", message, self._clock)
                self._events.warning(d, "ReplicaSetCreateError", message)
            raise
        name = new.metadata.name
        if revisions.size(new):
            self._events.normal(d, "ScalingReplicaSet", f"Scaled up replica set {name} from 0 to {revisions.size(new)}")
        change.revision(new.metadata.annotations[REVISION])
        if statuses.has_deadline(d):
            change.progressing("True", "NewReplicaSetCreated", f'Created new replica set "{name}"', self._clock)
        return sets._replace(new=new)

    async def _resize(self, d: Deployment, sets: Sets, resizes: Iterable[scaling.Resize]) -> Sets:
        for rs, replicas in resizes:
            before, changed = revisions.size(rs), revisions.sized(rs, d, replicas)
            if changed == rs:
                continue
            sets = sets.replace([await self._client.update(changed)])
            if before != replicas:
                way = "up" if replicas > before else "down"
                message = f"Scaled {way} replica set {rs.metadata.name} from {before} to {replicas}"
                self._events.normal(d, "ScalingReplicaSet", message)
        return sets

    async def _clean_up(self, d: Deployment, sets: Sets) -> None:
        for rs in revisions.surplus_history(d, sets.old):
            try:
                await self._client.delete(ReplicaSet, key_of(rs), DeleteOptions(uid=rs.metadata.uid))
            except NotFound:
                continue

    async def _write(self, change: "_Change") -> None:
        if change.new != change.old:
            await self._client.update(change.new, subresource="status")

    async def _refuse(self, d: Deployment) -> Outcome:
        message = "This deployment is selecting all pods. A non-empty selector is required."
        self._events.warning(d, "SelectingAll", message)
        if d.status.observed_generation != d.metadata.generation:
            status = msgspec.structs.replace(d.status, observed_generation=d.metadata.generation)
            await self._client.update(msgspec.structs.replace(d, status=status), subresource="status")
        return DONE

    def _old_pods_run(self, sets: Sets) -> bool:
        if any(rs.status.replicas for rs in sets.old):
            return True
        return any(not pods.is_finished(pod) for rs in sets.old for pod in ownership.owned(self._pods, rs))

    def _owners_of(self, rs: ReplicaSet) -> Iterable[Key]:
        if owner := ownership.controller_of(rs):
            return (Key(rs.metadata.namespace, owner.name),) if owner.kind == "Deployment" else ()
        candidates = self._in_namespace(rs.metadata.namespace)
        return [key_of(d) for d in candidates if selectors.from_object(d.spec.selector).matches(rs.metadata.labels)]

    def _recreated_by(self, pod: Pod) -> Iterable[Key]:
        """The Deployment of strategy Recreate that may wait for the end of this Pod."""
        owner = ownership.controller_of(pod)
        rs = self._sets.get(Key(pod.metadata.namespace, owner.name)) if owner else None
        top = ownership.controller_of(rs) if rs else None
        d = self._deployments.get(Key(pod.metadata.namespace, top.name)) if top else None
        return (key_of(d),) if d and not revisions.is_rolling(d) else ()


class _Change:
    """A Deployment as it was read, and as its status and revision are to be written, once, at the end."""

    def __init__(self, read: Deployment) -> None:
        self.old = self.new = read

    def written(self, d: Deployment) -> None:
        """`d` is what the server has now."""
        self.old = self.new = d

    def status(self, status: DeploymentStatus) -> None:
        """Set the status."""
        self.new = msgspec.structs.replace(self.new, status=status)

    def progressing(self, status: str, reason: str, message: str, clock: Clock) -> None:
        """Set the condition Progressing."""
        made = statuses.progressing(status, reason, message, clock.now())
        self.status(statuses.with_condition(self.new.status, made))

    def revision(self, number: str) -> None:
        """Set the annotation that `kubectl rollout` reads."""
        if self.new.metadata.annotations.get(REVISION) != number:
            annotations = {**self.new.metadata.annotations, REVISION: number}
            meta = msgspec.structs.replace(self.new.metadata, annotations=annotations)
            self.new = msgspec.structs.replace(self.new, metadata=meta)


def _ends(old: Pod | None, new: Pod | None) -> bool:
    """Whether a Pod has come to its end."""
    return old is not None and (new is None or (pods.is_finished(new) and not pods.is_finished(old)))
