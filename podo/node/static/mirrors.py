"""Keeps a mirror Pod in the API for each static Pod: users see it, and its deletion there means nothing to the node."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from podo.api.errors import AlreadyExists, APIError, Conflict, NotFound
from podo.api.types.core_v1 import Node, Pod
from podo.api.types.meta_v1 import OwnerReference
from podo.client.base import Client, DeleteOptions, Key, key_of
from podo.clock import Clock
from podo.node.static.manifest import HASH, MIRROR, is_mirror
from podo.node.worker.time_limit import limited

RETRY = 5.0  # seconds until a failed write is tried again
log = logging.getLogger(__name__)


class MirrorChanges(NamedTuple):
    """Which mirrors must go, then for which static Pods one must be made."""

    delete: tuple[Pod, ...] = ()
    create: tuple[Pod, ...] = ()


def mirror_changes(static: Mapping[Key, Pod], mirrors: Mapping[Key, Pod]) -> MirrorChanges:
    """A mirror of nothing goes, so does one of another content, and one that somebody deletes: a new one follows."""
    delete = [m for key, m in mirrors.items() if m.metadata.deletion_timestamp or not _shows(m, static.get(key))]
    return MirrorChanges(tuple(delete), tuple(pod for key, pod in static.items() if key not in mirrors))


def _shows(mirror: Pod, pod: Pod | None) -> bool:
    return pod is not None and mirror.metadata.annotations.get(MIRROR) == pod.metadata.annotations[HASH]


def mirror_of(pod: Pod, node: Node) -> Pod:
    """The mirror to be made. NodeRestriction wants it to belong to its node."""
    owner = OwnerReference(
        api_version="v1", kind="Node", name=node.metadata.name, uid=node.metadata.uid, controller=True
    )
    meta = pod.metadata
    annotations = meta.annotations | {MIRROR: meta.annotations[HASH]}
    return replace(pod, metadata=replace(meta, uid="", annotations=annotations, owner_references=(owner,)))


class Mirrors:
    """`told` is called with each static Pod and its mirror, when that is there (or has changed)."""

    def __init__(
        self, client: Client, clock: Clock, node: Callable[[], Node | None], told: Callable[[Pod, Pod], None]
    ) -> None:
        self._client, self._clock, self._node, self._told = client, clock, node, told
        self._static: dict[Key, Pod] = {}
        self._mirrors: dict[Key, Pod] = {}
        self._wake = asyncio.Event()

    def set_static(self, pods: list[Pod]) -> None:
        """These are the static Pods."""
        self._static = {key_of(pod): pod for pod in pods}
        for key, pod in self._static.items():
            if (mirror := self._mirrors.get(key)) and _shows(mirror, pod):
                self._told(pod, mirror)
        self._wake.set()

    def seen(self, mirror: Pod) -> None:
        """The API has this mirror."""
        key = key_of(mirror)
        self._mirrors[key] = mirror
        if _shows(mirror, pod := self._static.get(key)) and pod:
            self._told(pod, mirror)
        self._wake.set()

    def gone(self, mirror: Pod) -> None:
        """The API has it no more."""
        self._mirrors.pop(key_of(mirror), None)
        self._wake.set()

    async def run(self) -> None:
        """Make and delete mirrors until cancelled; begins once all mirrors that there are were seen."""
        while True:
            self._wake.clear()
            if await self._reconcile():
                await self._wake.wait()
            else:
                await limited(self._clock, self._woken(), RETRY)

    async def _woken(self) -> None:
        await self._wake.wait()

    async def _reconcile(self) -> bool:
        """One round; whether all went well."""
        changes, node = mirror_changes(self._static, self._mirrors), self._node()
        try:
            for mirror in changes.delete:
                await self._delete(mirror)
            for pod in changes.create:
                if node is None or not node.metadata.uid:
                    return False
                await self._create(pod, node)
        except APIError as error:
            log.info("mirror pods: %s", error)
            return False
        return True

    async def _create(self, pod: Pod, node: Node) -> None:
        try:
            self.seen(await self._client.create(mirror_of(pod, node)))
        except AlreadyExists:
            found = await self._client.get(Pod, key_of(pod))
            if not is_mirror(found):
                raise
            self.seen(found)  # the watch is late

    async def _delete(self, mirror: Pod) -> None:
        options = DeleteOptions(grace_period_seconds=0, uid=mirror.metadata.uid)
        try:
            await self._client.delete(Pod, key_of(mirror), options)
        except (NotFound, Conflict):
            pass
        if self._mirrors.get(key_of(mirror)) is mirror:
            self.gone(mirror)
