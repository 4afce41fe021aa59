"""The way of statuses to the API, where those of static Pods go to their mirrors."""

from podo.api.types.core_v1 import Pod, PodStatus
from podo.node.static.manifest import is_static
from podo.node.worker.parts import Statuses


class MirroredStatuses:
    """Implements `Statuses`. What is said of a static Pod waits until it has a mirror."""

    def __init__(self, inner: Statuses) -> None:
        self._inner = inner
        self._said: dict[str, PodStatus] = {}  # by uid of the static Pod
        self._mirrors: dict[str, Pod] = {}

    def mirrored(self, pod: Pod, mirror: Pod) -> None:
        """The static Pod has this mirror."""
        uid, before = pod.metadata.uid, self._mirrors.get(pod.metadata.uid)
        if before and before.metadata.uid != mirror.metadata.uid:
            self._inner.forget(before.metadata.uid)
        self._mirrors[uid] = mirror
        self._inner.seen(mirror)
        if status := self._said.get(uid):
            self._inner.set(mirror, status)

    def last(self, pod: Pod) -> PodStatus:
        return self._said.get(pod.metadata.uid, pod.status) if is_static(pod) else self._inner.last(pod)

    def set(self, pod: Pod, status: PodStatus) -> None:
        if not is_static(pod):
            self._inner.set(pod, status)
            return
        self._said[pod.metadata.uid] = status
        if mirror := self._mirrors.get(pod.metadata.uid):
            self._inner.set(mirror, status)

    def seen(self, pod: Pod) -> None:
        if not is_static(pod):
            self._inner.seen(pod)

    async def flushed(self, uid: str) -> None:
        mirror = self._mirrors.get(uid)
        await self._inner.flushed(mirror.metadata.uid if mirror else uid)

    def forget(self, uid: str) -> None:
        self._said.pop(uid, None)
        mirror = self._mirrors.pop(uid, None)
        self._inner.forget(mirror.metadata.uid if mirror else uid)
