"""DaemonSet: a Pod on each Node that it is for.

`daemonset_plan.py` decides, `history.py` keeps the templates. This file reads, applies and writes.
"""

from collections.abc import Iterable

import msgspec

from podo.api import selectors
from podo.api.errors import AlreadyExists
from podo.api.types.apps_v1 import ControllerRevision, DaemonSet
from podo.api.types.core_v1 import Node, Pod
from podo.api.types.meta_v1 import LabelSelector
from podo.client.backoff import Backoff
from podo.client.base import Key, key_of
from podo.client.events import EventWriter
from podo.client.informer import by_namespace
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import daemonset_plan as planning
from podo.controllers import ownership, pods
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.daemonset_plan import Plan, View
from podo.controllers.history import HASH_LABEL, History
from podo.controllers.ownership import by_controller

BURST = 250  # Pods that one reconcile makes or deletes at most
FAILING = Backoff(base=1.0, cap=900.0)


class DaemonSetController:
    """Reads DaemonSet, Pod, Node, ControllerRevision; writes Pods, ControllerRevisions, and DaemonSet.status."""

    name = "daemonset"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._clock = client, clock
        self._sets, self._nodes = client.informer(DaemonSet), client.informer(Node)
        self._in_namespace = self._sets.index(by_namespace)
        self._pods = client.informer(Pod).index(by_controller)
        self._history = History(client, HASH_LABEL)
        self._events = events.recorder("daemonset-controller")
        self._control = pods.PodControl(client, self._events)
        self._failures: dict[tuple[str, str], tuple[int, float]] = {}  # by uid and Node: (how many, when to go on)
        self.watches = (
            Watch(DaemonSet, to=itself),
            Watch(Pod, to=self._owners_of, when=ownership.may_matter_to_owners),
            Watch(ControllerRevision, to=ownership.controller_key("DaemonSet")),
            Watch(Node, to=lambda node: map(key_of, self._sets), when=_may_matter),
        )

    async def reconcile(self, key: Key) -> Outcome:
        ds = self._sets.get(key)
        if ds is None:
            return DONE
        if ds.spec.selector == LabelSelector():
            message = "This daemon set is selecting all pods. A non-empty selector is required."
            self._events.warning(ds, "SelectingAll", message)
            return DONE
        selector = selectors.from_object(ds.spec.selector)
        candidates = [*ownership.owned(self._pods, ds), *ownership.orphans(self._pods, key.namespace)]
        await ownership.claim(self._client, ds, selector, candidates)
        if ds.metadata.deletion_timestamp:
            return DONE
        known = await self._history.of(ds, selector)
        try:
            current = await self._history.current(ds, ds.spec.template, known, ds.status.collision_count or 0)
        except AlreadyExists:
            status = msgspec.structs.replace(ds.status, collision_count=(ds.status.collision_count or 0) + 1)
            await self._client.update(msgspec.structs.replace(ds, status=status), subresource="status")
            raise
        mark = current.metadata.labels.get(HASH_LABEL, "")
        wait = await self._apply(self._view(ds, mark), planning.manage(self._view(ds, mark)))
        if ds.spec.update_strategy is None or ds.spec.update_strategy.type == "RollingUpdate":
            view = self._view(ds, mark)
            await self._apply(view, planning.roll(view))
        view = self._view(ds, mark)
        await self._write(view)
        live = [p.metadata.labels.get(HASH_LABEL, "") for of_node in view.by_node.values() for p in of_node]
        used = [r.metadata.name for r in known if r.metadata.labels.get(HASH_LABEL) in live]
        await self._history.truncate(known, [*used, current.metadata.name], ds.spec.revision_history_limit)
        mine = [p for of_node in view.by_node.values() for p in of_node]
        ready = pods.next_availability(mine, ds.spec.min_ready_seconds or 0, view.now)
        return Outcome(min((w for w in (wait, ready) if w), default=None))

    def _view(self, ds: DaemonSet, mark: str) -> View:
        by_node: dict[str, list[Pod]] = {}
        for pod in ownership.owned(self._pods, ds):
            over = pods.is_finished(pod) and bool(pod.metadata.deletion_timestamp)
            if not over and (target := planning.target_of(pod)):
                by_node.setdefault(target, []).append(pod)
        return View(ds, mark, list(self._nodes), by_node, self._clock.now())

    async def _apply(self, view: View, plan: Plan) -> float | None:
        """Make and delete Pods; in how many seconds to replace those that keep failing."""
        ds, waits = view.ds, []
        gone = list(plan.delete)
        for pod in plan.ended:
            if (left := self._failing(ds, pod)) > 0:
                waits.append(left)
            else:
                self._tell_end(ds, pod)
                gone.append(pod)
        await pods.together(self._control.delete(pod, ds) for pod in gone[:BURST])
        targets = plan.create[:BURST]
        await pods.slow_start(len(targets), lambda n: self._control.create(planning.make_pod(view, targets[n]), ds))
        return min(waits, default=None)

    def _failing(self, ds: DaemonSet, pod: Pod) -> float:
        """Seconds to wait before a failed Pod may be deleted, so that it is not fought over with its node."""
        if pod.status.phase != "Failed":
            return 0.0
        place, now = (ds.metadata.uid, planning.target_of(pod)), self._clock.monotonic()
        times, until = self._failures.get(place, (0, 0.0))
        if until > now:
            return until - now
        if now - until > 2 * FAILING.cap:
            times = 0
        self._failures[place] = (times + 1, now + FAILING.delay(times + 1))
        return 0.0

    def _tell_end(self, ds: DaemonSet, pod: Pod) -> None:
        where = f"{key_of(pod)} on node {planning.target_of(pod)}"
        if pod.status.phase == "Failed":
            self._events.warning(ds, "FailedDaemonPod", f"Found failed daemon pod {where}, will try to kill it")
        else:
            message = f"Found succeeded daemon pod {where}, will try to delete it"
            self._events.normal(ds, "SucceededDaemonPod", message)

    async def _write(self, view: View) -> None:
        status = planning.status_of(view)
        if status != view.ds.status:
            await self._client.update(msgspec.structs.replace(view.ds, status=status), subresource="status")

    def _owners_of(self, pod: Pod) -> Iterable[Key]:
        if owner := ownership.controller_of(pod):
            return (Key(pod.metadata.namespace, owner.name),) if owner.kind == "DaemonSet" else ()
        candidates = self._in_namespace(pod.metadata.namespace)
        labels = pod.metadata.labels
        return [key_of(ds) for ds in candidates if selectors.from_object(ds.spec.selector).matches(labels)]


def _may_matter(old: Node | None, new: Node | None) -> bool:
    """Whether a Node came, went, or may be for others now."""
    if old is None or new is None:
        return True
    return (old.metadata.labels, old.spec.taints) != (new.metadata.labels, new.spec.taints)
