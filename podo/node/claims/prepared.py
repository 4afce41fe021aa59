"""Have the claims of Pods prepared by their drivers, and given back; tell what containers get of them."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from podo.api.errors import APIError
from podo.api.resource_claims import claim_name, extended_claim, is_needless, is_reserved_for, results
from podo.api.types.core_v1 import Container, Pod, ResourceStatus
from podo.api.types.resource_v1 import ResourceClaim
from podo.client.base import Client, Key
from podo.node.claims.drivers import ClaimDriver, ClaimDrivers, ClaimFailure
from podo.node.claims.health import DeviceHealth
from podo.node.claims.records import ClaimRecord, ClaimRecords, PreparedDevice
from podo.node.claims.wire import PREPARE, UNPREPARE


class NodeClaims:
    """The claims of this node's Pods."""

    def __init__(self, client: Client, drivers: ClaimDrivers, records: ClaimRecords, health: DeviceHealth) -> None:
        self._client, self._drivers, self.records, self._health = client, drivers, records, health
        self._busy: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # by uid of the claim

    async def prepare(self, pod: Pod) -> None:
        """Return when everything that the Pod's claims name is ready. May be repeated. Raises ClaimFailure."""
        claims = [await self._claim(pod, name, owned=owned) for name, owned in _names(pod)]
        for claim in claims:
            for driver in _drivers_of(claim):
                self._drivers.find(driver)  # better than to begin what cannot end
        for claim in sorted(claims, key=lambda c: c.metadata.uid):
            async with self._busy[claim.metadata.uid]:
                await self._prepare(pod, claim)

    async def unprepare(self, uid: str) -> None:
        """The Pod needs its claims no more. May be repeated. Raises ClaimFailure."""
        for record in self.records:
            if uid in record.pods:
                async with self._busy[record.uid]:
                    await self._give_back(record, uid)

    def devices(self, pod: Pod, container: Container) -> tuple[str, ...]:
        """The ids of the devices that a container gets, for the runtime (CDI). Raises ClaimFailure."""
        found: list[str] = []
        for name, request in _uses(pod, container):
            record = self.records.get(pod.metadata.namespace, name)
            if record is None:
                raise ClaimFailure(f"unable to get information for ResourceClaim {name}")
            found += record.cdi_devices(request)
        return tuple(dict.fromkeys(found))

    def statuses(self, pod: Pod, container: Container) -> tuple[ResourceStatus, ...]:
        """The devices of a container's claims, and how they are."""
        return self._health.statuses(pod, container)

    async def _claim(self, pod: Pod, name: str, *, owned: bool) -> ResourceClaim:
        """The claim as the API has it now."""
        meta = pod.metadata
        if not name:
            raise ClaimFailure(f'pod "{meta.namespace}/{meta.name}": ResourceClaim not created yet')
        try:
            claim = await self._client.get(ResourceClaim, Key(meta.namespace, name))
        except APIError as error:
            raise ClaimFailure(f"fetch ResourceClaim {name}: {error}") from error
        if owned and all(owner.uid != meta.uid for owner in claim.metadata.owner_references if owner.controller):
            whole = f"ResourceClaim {meta.namespace}/{name} was not created for Pod {meta.namespace}/{meta.name}"
            raise ClaimFailure(f"{whole} (Pod is not owner)")
        if not is_reserved_for(claim, pod):
            who = f"pod {meta.name} ({meta.uid})"
            raise ClaimFailure(f"{who} is not allowed to use ResourceClaim {name} ({claim.metadata.uid})")
        if claim.status.allocation is None:
            raise ClaimFailure(f"ResourceClaim {name}: not allocated")
        return claim

    async def _prepare(self, pod: Pod, claim: ResourceClaim) -> None:
        meta, drivers = claim.metadata, _drivers_of(claim)
        record = self.records.get(meta.namespace, meta.name)
        if record is None:
            record = ClaimRecord(meta.uid, meta.namespace, meta.name, {driver: [] for driver in drivers}, set())
            self.records.add(record)
        elif record.uid != meta.uid:
            why = f"different UID {record.uid} still exists (previous pod force-deleted?!)"
            raise ClaimFailure(f"old ResourceClaim with same name {meta.name} and {why}")
        record.pods.add(pod.metadata.uid)
        self.records.save()
        if record.ready:
            return
        for name in drivers:
            answer = await _ask(self._drivers.find(name), PREPARE, record)
            record.drivers[name] = [_prepared(device) for device in answer.devices]
        record.ready = True
        self.records.save()

    async def _give_back(self, record: ClaimRecord, uid: str) -> None:
        if record.pods == {uid}:
            for name in record.drivers:
                await _ask(self._drivers.find(name), UNPREPARE, record)
            self.records.remove(record)
        record.pods.discard(uid)
        self.records.save()


async def _ask(driver: ClaimDriver, method: str, record: ClaimRecord) -> Any:
    """A driver's answer for a claim. Raises ClaimFailure."""
    claim = {"namespace": record.namespace, "name": record.name, "uid": record.uid}
    answers: dict[str, Any] = dict(await driver.call(method, [claim]))
    for uid in answers:
        if uid != record.uid:
            raise ClaimFailure(f"{method} returned result for unknown claim UID {uid}")
    if record.uid not in answers:
        raise ClaimFailure(f"{method} skipped 1 ResourceClaims")
    if error := answers[record.uid].error:
        raise ClaimFailure(f"{method} failed for ResourceClaim {record.name}: {error}")
    return answers[record.uid]


def _prepared(device: Any) -> PreparedDevice:
    requests, ids = tuple(device.request_names), tuple(device.cdi_device_ids)
    return PreparedDevice(device.pool_name, device.device_name, ids, requests, device.share_id)


def _names(pod: Pod) -> list[tuple[str, bool]]:
    """(the name of a claim, whether it was made for the Pod): all that the Pod has."""
    found = [
        (claim_name(pod, entry), bool(entry.resource_claim_template_name))
        for entry in pod.spec.resource_claims
        if not is_needless(pod, entry)
    ]
    return [*found, *([(name, False)] if (name := extended_claim(pod)) else [])]


def _uses(pod: Pod, container: Container) -> Iterable[tuple[str, str]]:
    """(the name of a claim, a request or ""): what a container uses."""
    asked = container.resources.claims if container.resources else ()
    entries = {entry.name: claim_name(pod, entry) for entry in pod.spec.resource_claims}
    for use in asked:
        if entries.get(use.name):
            yield entries[use.name], use.request
    status = pod.status.extended_resource_claim_status
    requests = container.resources.requests if container.resources else {}
    for mapping in status.request_mappings if status else ():
        if mapping.container_name == container.name and mapping.resource_name in requests:
            yield extended_claim(pod), mapping.request_name


def _drivers_of(claim: ResourceClaim) -> Sequence[str]:
    """The drivers of a claim's devices, each once."""
    return list(dict.fromkeys(result.driver for result in results(claim)))
