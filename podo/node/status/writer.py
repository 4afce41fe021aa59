"""Brings Pod statuses to the API: what changed, at once, one write a Pod at a time, until it is there."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

import msgspec

from podo.api.errors import APIError, Conflict, Invalid, NotFound
from podo.api.types.core_v1 import Pod, PodStatus
from podo.client.backoff import Backoff
from podo.client.base import STRATEGIC_PATCH, Client, Key, Patch, key_of
from podo.client.informer import revision_of
from podo.clock import Clock
from podo.node.resize.words import IN_PROGRESS, PENDING
from podo.node.status.conditions import DISRUPTION, OWNED
from podo.node.worker.restart_all import CONDITION as RESTARTING

RETRY = Backoff(base=0.1, cap=10.0)
AT_ONCE = 16  # writes under way at the same time
PASSING = (PENDING, IN_PROGRESS)  # conditions that are there only while they are true
MERGED_BY_IP = ("podIPs", "hostIPs")
MAPS = ("resources", "allocatedResources")
FOREIGN = (
    "conditions",
    "nominatedNodeName",
    "resourceClaimStatuses",
    "extendedResourceClaimStatus",
    "resize",
)
log = logging.getLogger(__name__)


@dataclass
class _Entry:
    key: Key
    wanted: PodStatus
    known: PodStatus  # as the API has it
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    writing: bool = False
    revision: int = 0  # of our last write


class StatusWriter:
    """The statuses of this node's Pods on their way. Writes happen while `run` runs."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._entries: dict[str, _Entry] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Write until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            for uid in self._entries:
                self._start(uid)
            await asyncio.get_running_loop().create_future()

    def last(self, pod: Pod) -> PodStatus:
        entry = self._entries.get(pod.metadata.uid)
        return entry.wanted if entry else pod.status

    def set(self, pod: Pod, status: PodStatus) -> None:
        uid = pod.metadata.uid
        entry = self._entries.get(uid)
        if entry is None:
            entry = self._entries[uid] = _Entry(key_of(pod), status, pod.status)
        entry.wanted = status
        if status_changes(entry.known, status):
            entry.idle.clear()
            self._start(uid)
        elif not entry.writing:
            entry.idle.set()

    def seen(self, pod: Pod) -> None:
        """The API has this now: if somebody else wrote what is ours, the next `set` puts it right."""
        entry = self._entries.get(pod.metadata.uid)
        if entry and not entry.writing and revision_of(pod) > entry.revision:
            entry.known = pod.status

    async def flushed(self, uid: str) -> None:
        if entry := self._entries.get(uid):
            await entry.idle.wait()

    def forget(self, uid: str) -> None:
        if entry := self._entries.pop(uid, None):
            entry.idle.set()

    def _start(self, uid: str) -> None:
        entry = self._entries[uid]
        if self._tasks is not None and not entry.writing and status_changes(entry.known, entry.wanted):
            entry.writing = True
            self._tasks.create_task(self._write(uid, entry), name=f"status {entry.key}")

    async def _write(self, uid: str, entry: _Entry) -> None:
        failures = 0
        while self._entries.get(uid) is entry and (changes := status_changes(entry.known, entry.wanted)):
            sent = entry.wanted
            try:
                async with self._slots:
                    await self._patch(uid, entry, changes)
            except (NotFound, Conflict, Invalid) as error:
                if not isinstance(error, Invalid) or not await self._is_there(uid, entry):
                    self.forget(uid)  # gone, or another Pod has its name by now
                    break
                log.error("the status of %s is refused: %s", entry.key, error)
                entry.known = sent  # the next change may be welcome
            except APIError as error:
                failures += 1
                log.info("status of %s: %s", entry.key, error)
                await self._clock.sleep(RETRY.delay(failures))
            else:
                failures, entry.known = 0, sent
        entry.writing = False
        entry.idle.set()

    async def _is_there(self, uid: str, entry: _Entry) -> bool:
        try:
            return (await self._client.get(Pod, entry.key)).metadata.uid == uid
        except APIError as error:
            return not isinstance(error, NotFound)

    async def _patch(self, uid: str, entry: _Entry, changes: dict[str, Any]) -> None:
        body = {"metadata": {"uid": uid}, "status": changes}
        patch = Patch(media_type=STRATEGIC_PATCH, body=body)
        written = await self._client.patch(Pod, entry.key, patch, subresource="status")
        entry.revision = revision_of(written)


def status_changes(old: PodStatus, new: PodStatus) -> dict[str, Any]:
    """The strategic merge patch from `old` to `new`: only what the agent owns, {} for no change."""
    if old is new:
        return {}
    before, after = _plain(old), _plain(new)
    changes: dict[str, Any] = {}
    for name in before.keys() | after.keys():
        if name in FOREIGN or before.get(name) == after.get(name):
            continue
        value = after.get(name)
        if name in MAPS and value:
            value = _cleared_all(before.get(name) or {}, value)
        changes[name] = [{"$patch": "replace"}, *value] if name in MERGED_BY_IP and value else value
    known = {c["type"]: c for c in before.get("conditions", ())}
    own = {c["type"]: c for c in after.get("conditions", ()) if c["type"] in (*OWNED, DISRUPTION, RESTARTING, *PASSING)}
    changed = [_cleared(known.get(kind, {}), c) for kind, c in own.items() if known.get(kind) != c]
    changed += [{"$patch": "delete", "type": kind} for kind in PASSING if kind in known and kind not in own]
    if changed:
        changes["conditions"] = changed
    return changes


def _plain(status: PodStatus) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(status)
    return plain


def _cleared_all(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The patch of a map, and of the maps in it: what goes is named too."""
    gone = dict.fromkeys(old.keys() - new.keys())
    return gone | {k: _cleared_all(old.get(k) or {}, v) if isinstance(v, dict) else v for k, v in new.items()}


def _cleared(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """A merged list keeps the fields of an element that the patch does not name: name those that go."""
    return {name: None for name in old if name not in new and name != "lastProbeTime"} | new
