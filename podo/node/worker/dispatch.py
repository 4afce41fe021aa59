"""Gives each Pod of this node its worker, and each worker its news: from the API's watch and from the runtime."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from msgspec.structs import replace

from podo.api import timestamps
from podo.api.types.core_v1 import Container, Node, Pod, PodSpec, PodStatus
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import key_of
from podo.client.informer import Informer
from podo.client.informers import Informers
from podo.client.reflector import Scope
from podo.node.admission import admit, shortage
from podo.node.devices.allocation import NotAllocated
from podo.node.resources.qos import qos_class
from podo.node.runtime.observed import Observation, ObservedSandbox
from podo.node.static.manifest import is_mirror, is_static
from podo.node.worker.leftovers import remove_leftovers
from podo.node.worker.loop import PodWorker
from podo.node.worker.parts import Parts
from podo.node.worker.pod_files import saved_pods
from podo.node.worker.state import Verdict, is_terminal

log = logging.getLogger(__name__)
UNEXPECTED = "UnexpectedAdmissionError"
RESTART_AFTER = 5.0  # seconds, of a worker that failed
PATIENCE = 3.0  # seconds that a new agent waits for the API


class MirrorKeeper(Protocol):
    """Who looks after the mirrors of static Pods (`podo.node.static.mirrors`)."""

    def seen(self, mirror: Pod) -> None:
        """The API has it."""
        ...

    def gone(self, mirror: Pod) -> None:
        """The API has it no more."""
        ...


class PodDispatcher:
    """`node` is the Node as it is now, for admission."""

    def __init__(
        self, parts: Parts, informers: Informers, node: Callable[[], Node | None], mirrors: MirrorKeeper | None = None
    ) -> None:
        self._parts, self._informers, self._node, self._mirrors = parts, informers, node, mirrors
        self._static: dict[str, Pod] = {}  # by uid
        self.workers: dict[str, PodWorker] = {}  # by uid
        self.pressures: frozenset[str] = frozenset()  # the node's conditions that keep Pods out
        self._tasks: asyncio.TaskGroup | None = None
        self._admitting: dict[str, Pod] = {}  # by uid: those that wait for their devices
        self._done: set[str] = set()  # uids whose end was confirmed, until the API forgets them
        self.synced = asyncio.Event()
        parts.references.on_change(self._refresh)

    async def run(self) -> None:
        """Work until cancelled; containers run on."""
        async with self._parts.runtime.events() as events, asyncio.TaskGroup() as self._tasks:
            self._tasks.create_task(self._follow(), name="pods of the API")
            self._tasks.create_task(self._do_without_api(), name="pods of the last agent")
            self._see_to_static()
            async for event in events:
                if worker := self.workers.get(event.pod_uid):
                    worker.poke()

    def pods(self) -> list[Pod]:
        """The Pods that have a worker."""
        return [w.pod for w in self.workers.values()]

    def active(self) -> list[Pod]:
        """The Pods that run, or will."""
        return [w.pod for w in self.workers.values() if not w.is_ending]

    async def stopped(self, uid: str) -> None:
        """Return once nothing of the Pod runs any more."""
        if worker := self.workers.get(uid):
            await worker.stopped.wait()

    def set_static(self, pods: Iterable[Pod]) -> None:
        """These are the static Pods: no others may run, whatever the API says."""
        self._static = {pod.metadata.uid: pod for pod in pods}
        for uid, worker in self.workers.items():
            if is_static(worker.pod) and uid not in self._static:
                worker.remove()
        if self._tasks is not None:
            self._see_to_static()

    def _see_to_static(self) -> None:
        """Begin those that do not run yet. One that takes the place of another waits until that has ended."""
        taken = {key_of(worker.pod) for worker in self.workers.values()}
        for uid, pod in self._static.items():
            if worker := self.workers.get(uid):
                if worker.pod.spec != pod.spec:  # its file names a uid, so it is the same Pod, changed
                    worker.update(pod)
            elif key_of(pod) not in taken:
                self._begin(pod)

    def poke(self, uids: Iterable[str]) -> None:
        """Let the workers of Pods look again."""
        for uid in uids:
            if worker := self.workers.get(uid):
                worker.poke()

    def end(self, uid: str, verdict: Verdict) -> None:
        """End a Pod for a reason of the node's own."""
        if worker := self.workers.get(uid):
            worker.end(verdict)

    async def _do_without_api(self) -> None:
        """If the API does not answer soon, go on with what the last agent knew."""
        await self._parts.clock.sleep(PATIENCE)
        if not self.synced.is_set():
            for pod in saved_pods(self._parts.facts):
                if pod.metadata.uid not in self.workers and not is_static(pod):
                    self._begin(pod)

    async def _follow(self) -> None:
        fields = f"spec.nodeName={self._parts.facts.node_name}"
        informer = self._informers.of(Pod, scope=Scope(fields=fields))
        informer.handle(self._changed)
        await self._informers.synced(informer)
        await self._end_orphans(informer)
        self.synced.set()

    def _changed(self, old: Pod | None, new: Pod | None) -> None:
        if new is None:
            self._gone(old)
            return
        uid = new.metadata.uid
        if is_mirror(new):
            if self._mirrors:
                self._mirrors.seen(new)
            return
        if uid in self._done:
            return
        if uid in self._admitting:
            self._admitting[uid] = new
            return
        if worker := self.workers.get(uid):
            worker.update(new)
        elif new.metadata.deletion_timestamp or is_terminal(new):
            self._begin(new)
        else:
            self._admit(new)

    def _gone(self, old: Pod | None) -> None:
        if old is None:
            return
        if is_mirror(old):
            if self._mirrors:
                self._mirrors.gone(old)
            return
        self._done.discard(old.metadata.uid)
        self._admitting.pop(old.metadata.uid, None)
        if worker := self.workers.get(old.metadata.uid):
            worker.update(old)
            worker.remove()

    def _admit(self, pod: Pod) -> None:
        if self._parts.devices.concerns(pod):
            assert self._tasks is not None
            self._admitting[pod.metadata.uid] = pod
            self._tasks.create_task(self._admit_with_devices(pod), name=f"devices of {pod.metadata.name}")
        else:
            self._admit_now(pod)

    async def _admit_with_devices(self, pod: Pod) -> None:
        uid, refused = pod.metadata.uid, None
        others = {other for other, worker in self.workers.items() if not is_terminal(worker.pod)}
        try:
            await self._parts.devices.allocate(pod, others | self._admitting.keys())
        except NotAllocated as error:
            refused = Verdict(UNEXPECTED, f"Pod was rejected: Allocate failed due to {error}, which is unexpected")
        if (latest := self._admitting.pop(uid, None)) is None:
            return  # deleted meanwhile
        if refused:
            self._begin(self._reject(latest, refused))
        else:
            self._admit_now(latest)

    def _admit_now(self, pod: Pod) -> None:
        node = self._node()
        others = [w.pod for w in self.workers.values() if _counts(w)]
        refused = None
        if node:
            given, apparmor = self._parts.devices.resources, self._parts.facts.apparmor
            refused = admit(pod, others, node, self.pressures, given, apparmor=apparmor)
        if refused:
            pod = self._reject(pod, refused)
        self._begin(pod)

    def _room(self, pod: Pod) -> str:
        """Why the node cannot give a Pod what it wants to have now; "" if it can."""
        node, uid = self._node(), pod.metadata.uid
        others = [w.pod for key, w in self.workers.items() if key != uid and _counts(w)]
        found = shortage(pod, others, node, self._parts.devices.resources) if node else None
        return found.message if found else ""

    def _reject(self, pod: Pod, refused: Verdict) -> Pod:
        status = PodStatus(
            phase="Failed",
            reason=refused.reason,
            message=refused.message,
            qos_class=pod.status.qos_class or qos_class(pod.spec),
            start_time=timestamps.format_time(self._parts.clock.now()),
            observed_generation=pod.metadata.generation,
            conditions=pod.status.conditions,
        )
        self._parts.measures.count("kubelet_admission_rejections_total", reason=refused.reason)
        self._parts.events.warning(pod, refused.reason, refused.message.removeprefix("Pod was rejected: "))
        self._parts.statuses.set(pod, status)
        return replace(pod, status=status)

    async def _end_orphans(self, informer: Informer[Pod]) -> None:
        """What runs here, or left traces here, but is not in the API any more."""
        wanted = {pod.metadata.uid for pod in informer}
        seen = await self._parts.runtime.observe()
        known = {s.uid: _pod_of(s, seen) for s in seen.sandboxes}
        known |= {pod.metadata.uid: pod for pod in saved_pods(self._parts.facts)}
        for uid, pod in known.items():
            if uid not in wanted and uid not in self.workers:
                log.info("pod %s/%s is no longer in the API", pod.metadata.namespace, pod.metadata.name)
                self._begin(pod)
        for uid, worker in list(self.workers.items()):
            if uid not in wanted and uid not in self._static and self._is_unknown(informer, uid):
                worker.remove()
        parts = self._parts
        await remove_leftovers(parts.facts, parts.cgroups, self.workers.__contains__, parts.volumes)

    @staticmethod
    def _is_unknown(informer: Informer[Pod], uid: str) -> bool:
        return all(pod.metadata.uid != uid for pod in informer)

    def _begin(self, pod: Pod) -> None:
        assert self._tasks is not None
        worker = self.workers[pod.metadata.uid] = PodWorker(pod, self._parts, self._room)
        name = f"pod {pod.metadata.namespace}/{pod.metadata.name}"
        self._tasks.create_task(self._work(worker), name=name)

    async def _work(self, worker: PodWorker) -> None:
        uid = worker.pod.metadata.uid
        while not worker.ended:
            try:
                await worker.run()
            except Exception:  # one Pod's worker must not take the node down
                log.exception("the worker of %s failed; it is started again", worker.pod.metadata.name)
                await self._parts.clock.sleep(RESTART_AFTER)
        del self.workers[uid]
        for other in self.workers.values():
            if other.resizing.pending:
                other.poke()  # there is more room now
        if is_static(worker.pod):
            self._see_to_static()
        else:
            self._done.add(uid)

    def _refresh(self, uid: str) -> None:
        if worker := self.workers.get(uid):
            worker.refresh()


def _counts(worker: PodWorker) -> bool:
    """Whether its Pod takes room of the node. One that is gone from the API does not, though it may still be ending:
    the scheduler has given its room away already."""
    return not worker.is_forgotten and not is_terminal(worker.pod)


def _pod_of(sandbox: ObservedSandbox, seen: Observation) -> Pod:
    """As much of a forgotten Pod as its sandbox and containers tell: enough to end it."""
    names = dict.fromkeys(c.name for c in seen.containers if c.pod_uid == sandbox.uid)
    return Pod(
        metadata=ObjectMeta(name=sandbox.name, namespace=sandbox.namespace, uid=sandbox.uid),
        spec=PodSpec(
            containers=tuple(Container(name=n) for n in names),
            host_network=sandbox.host_network,
            termination_grace_period_seconds=1,
        ),
    )
