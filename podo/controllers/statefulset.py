"""StatefulSet: Pods with a name, a place and storage of their own each.

`statefulset_plan.py` says what is to be done next, `statefulset_pods.py` how Pods and claims look, `history.py` keeps
the templates. This file reads, applies and writes.
"""

from collections.abc import Awaitable, Iterable, Sequence

from msgspec.structs import replace

from podo.api import selectors
from podo.api.errors import AlreadyExists, APIError, NotFound, is_terminating
from podo.api.types.apps_v1 import ControllerRevision, StatefulSet
from podo.api.types.core_v1 import PersistentVolumeClaim, Pod, PodTemplateSpec
from podo.client.base import DeleteOptions, Key, key_of
from podo.client.events import EventWriter
from podo.client.informer import by_namespace
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import ownership, pods, statefulset_pods
from podo.controllers import statefulset_plan as planning
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.history import REVISION_HASH, History, template_of
from podo.controllers.ownership import by_controller
from podo.controllers.statefulset_plan import Action, View
from podo.controllers.statefulset_pods import is_member, ordinal_of, revision_of


class StatefulSetController:
    """Reads StatefulSet, Pod, PersistentVolumeClaim, ControllerRevision; writes those below, and StatefulSet.status."""

    name = "statefulset"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._clock = client, clock
        self._sets, self._claims = client.informer(StatefulSet), client.informer(PersistentVolumeClaim)
        self._in_namespace = self._sets.index(by_namespace)
        self._pods = client.informer(Pod).index(by_controller)
        self._history = History(client, REVISION_HASH)
        self._events = events.recorder("statefulset-controller")
        self.watches = (
            Watch(StatefulSet, to=itself),
            Watch(Pod, to=self._owners_of, when=ownership.may_matter_to_owners),
            Watch(ControllerRevision, to=ownership.controller_key("StatefulSet")),
            Watch(PersistentVolumeClaim, to=self._claimants, when=lambda old, new: new is None),
        )

    async def reconcile(self, key: Key) -> Outcome:
        s = self._sets.get(key)
        if s is None:
            return DONE
        selector = selectors.from_object(s.spec.selector)
        orphans = [p for p in ownership.orphans(self._pods, key.namespace) if is_member(key.name, p)]
        await ownership.claim(self._client, s, selector, [*ownership.owned(self._pods, s), *orphans])
        known = await self._history.of(s, selector)
        try:
            update = await self._history.current(s, s.spec.template, known, s.status.collision_count or 0)
        except AlreadyExists:
            status = replace(s.status, collision_count=(s.status.collision_count or 0) + 1)
            await self._client.update(replace(s, status=status), subresource="status")
            raise
        known = await self._history.of(s, selector)
        current = next((r for r in known if r.metadata.name == s.status.current_revision), update)
        view = self._view(s, current, update)
        failure = None
        if not s.metadata.deletion_timestamp:
            failure = await self._apply(view, {r.metadata.name: template_of(r) for r in known})
        view = self._view(s, current, update)
        await self._write(view)
        live = {current.metadata.name, update.metadata.name, *map(revision_of, view.members)}
        await self._history.truncate(known, live, s.spec.revision_history_limit)
        if failure is not None:
            raise failure
        return Outcome(pods.next_availability(view.members, s.spec.min_ready_seconds or 0, view.now))

    def _view(self, s: StatefulSet, current: ControllerRevision, update: ControllerRevision) -> View:
        members = [p for p in ownership.owned(self._pods, s) if is_member(s.metadata.name, p)]
        now = self._clock.now()
        return View(s, current.metadata.name, update.metadata.name, sorted(members, key=ordinal_of), now)

    async def _apply(self, view: View, templates: dict[str, PodTemplateSpec]) -> APIError | None:
        """Do what is to be done; the first failure, after which nothing else is begun."""
        for action in planning.plan(view):
            try:
                if not await self._act(view.s, action, templates):
                    return None
            except APIError as error:
                if not is_terminating(error):
                    return error
                return None
        return None

    async def _act(self, s: StatefulSet, action: Action, templates: dict[str, PodTemplateSpec]) -> bool:
        """Do one thing; False if it has to wait."""
        if action.pod is None:
            if self._has_stale_claim(s, action.ordinal):
                return False
            template = templates.get(action.revision, s.spec.template)
            made = statefulset_pods.make_pod(s, template, action.revision, action.ordinal)
            await self._told(s, "Create", made, self._create(s, made))
        elif action.what == planning.DELETE:
            await self._told(s, "Delete", action.pod, self._delete(action.pod))
        else:
            await self._mend(s, action.pod)
        return True

    async def _create(self, s: StatefulSet, pod: Pod) -> None:
        await self._make_claims(s, pod)
        await self._own_claims(s, await self._client.create(pod))

    async def _delete(self, pod: Pod) -> None:
        try:
            await self._client.delete(Pod, key_of(pod), DeleteOptions(uid=pod.metadata.uid))
        except NotFound:
            pass

    async def _mend(self, s: StatefulSet, pod: Pod) -> None:
        if pod.status.phase in ("", "Pending") and not pod.metadata.deletion_timestamp:
            await self._make_claims(s, pod)
        await self._own_claims(s, pod)
        if ordinal_of(pod) in statefulset_pods.ordinals(s) and not statefulset_pods.matches(s, pod):
            await self._told(s, "Update", pod, self._client.update(statefulset_pods.with_identity(s, pod)))

    async def _told(self, s: StatefulSet, verb: str, pod: Pod, doing: Awaitable[object]) -> None:
        """Do it and say how it went."""
        what = f"{verb} Pod {pod.metadata.name} in StatefulSet {s.metadata.name}"
        try:
            await doing
        except APIError as error:
            if not isinstance(error, AlreadyExists) and not is_terminating(error):
                self._events.warning(s, f"Failed{verb}", f"{what} failed error: {error}")
            raise
        self._events.normal(s, f"Successful{verb}", f"{what} successful")

    async def _make_claims(self, s: StatefulSet, pod: Pod) -> None:
        for claim in statefulset_pods.claims(s, ordinal_of(pod)):
            observed = self._claims.get(key_of(claim))
            if observed is not None and observed.metadata.deletion_timestamp:
                raise APIError(f"pvc {claim.metadata.name} is being deleted")
            if observed is None:
                await self._make_claim(s, pod, claim)

    async def _make_claim(self, s: StatefulSet, pod: Pod, claim: PersistentVolumeClaim) -> None:
        name, where = claim.metadata.name, f"Pod {pod.metadata.name} in StatefulSet {s.metadata.name}"
        try:
            await self._client.create(claim)
        except AlreadyExists:
            return
        except APIError as error:
            if not is_terminating(error):
                message = f"Create Claim {name} for {where} failed error: {error}"
                self._events.warning(s, "FailedCreate", message)
            raise
        self._events.normal(s, "SuccessfulCreate", f"Create Claim {name} {where} success")

    async def _own_claims(self, s: StatefulSet, pod: Pod) -> None:
        """Have the claims owned so that they go or stay as the retention policy says."""
        for claim in statefulset_pods.claims(s, ordinal_of(pod)):
            observed = self._claims.get(key_of(claim))
            if observed is None:
                continue
            before = observed.metadata.owner_references
            owners = statefulset_pods.claim_owners(s, pod, before)
            if set(owners) != set(before):
                meta = replace(observed.metadata, owner_references=tuple(owners))
                await self._client.update(replace(observed, metadata=meta))

    def _has_stale_claim(self, s: StatefulSet, ordinal: int) -> bool:
        found = (self._claims.get(key_of(c)) for c in statefulset_pods.claims(s, ordinal))
        return any(c is not None and statefulset_pods.is_stale(c, s, ordinal) for c in found)

    async def _write(self, view: View) -> None:
        status = planning.status_of(view, view.s.status.collision_count)
        if status != view.s.status:
            await self._client.update(replace(view.s, status=status), subresource="status")

    def _owners_of(self, pod: Pod) -> Iterable[Key]:
        if owner := ownership.controller_of(pod):
            return (Key(pod.metadata.namespace, owner.name),) if owner.kind == "StatefulSet" else ()
        return [key_of(s) for s in self._matching(pod)]

    def _matching(self, pod: Pod) -> Sequence[StatefulSet]:
        candidates = self._in_namespace(pod.metadata.namespace)
        labels = pod.metadata.labels
        return [s for s in candidates if selectors.from_object(s.spec.selector).matches(labels)]

    def _claimants(self, claim: PersistentVolumeClaim) -> Iterable[Key]:
        """The StatefulSets that may wait for the end of a claim."""
        for s in self._in_namespace(claim.metadata.namespace):
            if claim.metadata.name.rpartition("-")[0].endswith(f"-{s.metadata.name}"):
                yield key_of(s)
