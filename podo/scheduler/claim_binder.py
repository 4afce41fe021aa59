"""Have the devices of a Pod reserved for it before it is bound: write what was decided into its claims, and wait until
the devices that have to be made ready are."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from podo.api.errors import APIError, Conflict, NotFound
from podo.api.resource_claims import FINALIZER, consumer, is_reserved_for
from podo.api.timestamps import format_time
from podo.api.types.core_v1 import ContainerExtendedResourceRequest, Pod
from podo.api.types.resource_v1 import AllocationResult, ResourceClaim, ResourceClaimStatus
from podo.client.base import STRATEGIC_PATCH, Client, Patch, key_of
from podo.client.events import EventRecorder
from podo.clock import Clock
from podo.scheduler.devices.extended import IN_MEMORY, is_extended
from podo.scheduler.devices.plan import Plan
from podo.scheduler.devices.readiness import AT_MOST, BindingFailed, is_ready, waits
from podo.scheduler.devices.view import DeviceView

TRIES = 10  # of a claim that many Pods are reserving at the same time


class ClaimsNotBound(Exception):
    """The Pod's claims could not be reserved; the text says why."""


@dataclass
class Promise:
    """What a Pod's claims get on the node that was chosen. `written` are the claims as they are by now."""

    claims: Sequence[ResourceClaim]
    allocations: dict[str, AllocationResult]
    mappings: tuple[ContainerExtendedResourceRequest, ...]
    written: list[ResourceClaim]


class ClaimBinder:
    """`changed` is to be called whenever a claim is another."""

    def __init__(self, client: Client, view: DeviceView, recorder: EventRecorder, clock: Clock) -> None:
        self._client, self._view, self._recorder, self._clock = client, view, recorder, clock
        self._waiting: set[asyncio.Event] = set()

    def changed(self) -> None:
        """Look again, all who wait."""
        for event in self._waiting:
            event.set()

    def promise(self, plan: Plan, row: int) -> Promise | None:
        """Keep from others what the claims get on the node in a row. None: the Pod needs nothing there."""
        granted = plan.granted.get(row)
        served = {claim.metadata.uid: claim for claim, _ in granted.allocations} if granted else {}
        claims = [served.get(claim.metadata.uid, claim) for claim in plan.claims]
        claims = [claim for claim in claims if claim.metadata.name != IN_MEMORY or claim.metadata.uid in served]
        if not claims:
            return None
        allocations = {c.metadata.uid: allocation for c, allocation in granted.allocations} if granted else {}
        for uid, allocation in allocations.items():
            self._view.pend(uid, allocation)
        return Promise(claims, allocations, granted.mappings if granted else (), [])

    async def bind(self, promise: Promise, pod: Pod, node: str) -> None:
        """Return when all claims are reserved for the Pod and ready. Raises ClaimsNotBound; `give_up` then."""
        try:
            for claim in promise.claims:
                await self._write(claim, promise, pod)
            if any(map(waits, promise.written)):
                await self._ready(promise.written, pod, node)
        except (APIError, BindingFailed) as error:
            raise ClaimsNotBound(str(error)) from error
        finally:
            for uid in promise.allocations:
                self._view.settle(uid)

    async def give_up(self, promise: Promise, pod: Pod) -> None:
        """The Pod is not bound after all: it leaves the claims, which keep their devices for the next attempt."""
        for claim in promise.written:
            try:
                if is_extended(claim):
                    await self.remove(claim)
                elif is_reserved_for(claim, pod):
                    leave = {"$patch": "delete", "uid": pod.metadata.uid}
                    body = {"metadata": {"uid": claim.metadata.uid}, "status": {"reservedFor": [leave]}}
                    patch = Patch(media_type=STRATEGIC_PATCH, body=body)
                    await self._client.patch(ResourceClaim, key_of(claim), patch, subresource="status")
            except (Conflict, NotFound):
                continue

    async def give_back(self, plan: Plan, pod: Pod) -> str:
        """For a Pod that fits nowhere: free one claim whose devices stand in the way; says what was done."""
        for claim in plan.unavailable:
            if all(c.uid == pod.metadata.uid for c in claim.status.reserved_for):
                freed = replace(claim, status=ResourceClaimStatus())
                await self._client.update(freed, subresource="status")
                return "deallocation of ResourceClaim completed"
        for claim in plan.claims:
            if is_extended(claim) and claim.metadata.name != IN_MEMORY:
                await self.remove(claim)
                return "deletion of ResourceClaim completed"
        return "still not schedulable"

    async def remove(self, claim: ResourceClaim) -> None:
        """Delete a claim that the scheduler made."""
        kept = tuple(f for f in claim.metadata.finalizers if f != FINALIZER)
        if kept != claim.metadata.finalizers:
            await self._client.update(replace(claim, metadata=replace(claim.metadata, finalizers=kept)))
        await self._client.delete(ResourceClaim, key_of(claim))

    async def _write(self, claim: ResourceClaim, promise: Promise, pod: Pod) -> None:
        """Reserve a claim for the Pod, with what was promised; a Pod's extended resources get a claim made."""
        allocation, made = promise.allocations.get(claim.metadata.uid), False
        if is_reserved_for(claim, pod):
            promise.written.append(claim)
            return
        if claim.metadata.name == IN_MEMORY:
            meta = replace(claim.metadata, name="", uid="")
            claim, made = await self._client.create(replace(claim, metadata=meta)), True
        for left in reversed(range(TRIES)):
            try:
                claim = await self._reserve(claim, allocation, pod)
                break
            except Conflict:
                if not left:
                    raise
                claim = await self._client.get(ResourceClaim, key_of(claim))
        self._view.set_claim(None, claim)
        promise.written.append(claim)
        if made:
            await self._tell(pod, claim, promise.mappings)

    async def _reserve(self, claim: ResourceClaim, allocation: AllocationResult | None, pod: Pod) -> ResourceClaim:
        name = key_of(claim)
        if claim.metadata.deletion_timestamp:
            raise ClaimsNotBound(f"claim {name} got deleted in the meantime")
        status = claim.status
        if allocation is not None:
            if status.allocation is not None:
                raise ClaimsNotBound(f"claim {name} got allocated elsewhere in the meantime")
            if FINALIZER not in claim.metadata.finalizers:
                meta = replace(claim.metadata, finalizers=(*claim.metadata.finalizers, FINALIZER))
                claim = await self._client.update(replace(claim, metadata=meta))
                status = claim.status
            status = replace(status, allocation=allocation)
        if status.allocation is None:
            raise ClaimsNotBound(f"claim {name} got deallocated elsewhere in the meantime")
        if not status.allocation.allocation_timestamp:
            now = format_time(self._clock.now())
            status = replace(status, allocation=replace(status.allocation, allocation_timestamp=now))
        status = replace(status, reserved_for=(*status.reserved_for, consumer(pod)))
        return await self._client.update(replace(claim, status=status), subresource="status")

    async def _tell(self, pod: Pod, claim: ResourceClaim, mappings: Sequence[ContainerExtendedResourceRequest]) -> None:
        """Write into the Pod's status which claim stands for its extended resources."""
        listed = [
            {"containerName": m.container_name, "resourceName": m.resource_name, "requestName": m.request_name}
            for m in mappings
        ]
        status = {"resourceClaimName": claim.metadata.name, "requestMappings": listed}
        body = {"metadata": {"uid": pod.metadata.uid}, "status": {"extendedResourceClaimStatus": status}}
        await self._client.patch(Pod, key_of(pod), Patch(media_type=STRATEGIC_PATCH, body=body), subresource="status")

    async def _ready(self, claims: Sequence[ResourceClaim], pod: Pod, node: str) -> None:
        """Wait until all devices are. Raises BindingFailed."""
        event = asyncio.Event()
        self._waiting.add(event)
        message = f"waiting for binding conditions for device on node {node}"
        self._recorder.normal(pod, "BindingConditionsPending", message)
        try:
            async with asyncio.timeout(AT_MOST.total_seconds()):
                while True:
                    event.clear()
                    if all(is_ready(self._now(claim)) for claim in claims):
                        return
                    await event.wait()
        except TimeoutError as error:
            raise BindingFailed(f"device binding timeout: claim={claims[0].metadata.name}") from error
        finally:
            self._waiting.discard(event)

    def _now(self, claim: ResourceClaim) -> ResourceClaim:
        now = self._view.claim(key_of(claim))
        if now is None or now.metadata.uid != claim.metadata.uid:
            raise BindingFailed(f'resourceclaim.resource.k8s.io "{claim.metadata.name}" not found')
        return now
