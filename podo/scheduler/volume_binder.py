"""Have the volumes of a Pod bound before the Pod is: reserve those that exist, ask for those to be made, and wait."""

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace

from podo.api.errors import APIError, Conflict
from podo.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from podo.client.base import MERGE_PATCH, Client, Patch, key_of
from podo.client.events import reference
from podo.clock import Clock
from podo.scheduler.filters.volume_binding import Binding
from podo.scheduler.volumes import StorageView
from podo.storage import annotations as known

AT_MOST = 600.0  # seconds that the volumes of a Pod are waited for


class VolumesNotBound(Exception):
    """The Pod's volumes were not bound; the text says why."""


class VolumeBinder:
    """`changed` is to be called whenever a claim or a volume is another."""

    def __init__(self, client: Client, storage: StorageView, clock: Clock) -> None:
        self._client, self._storage, self._clock = client, storage, clock
        self._changed: set[asyncio.Event] = set()

    def changed(self) -> None:
        """Look again, all who wait."""
        for event in self._changed:
            event.set()

    async def bind(self, bindings: Sequence[Binding], node: str) -> None:
        """Return when all claims are bound. Raises VolumesNotBound."""
        promised = [(volume, claim) for claim, volume in bindings if volume is not None]
        event = asyncio.Event()
        self._changed.add(event)
        try:
            async with asyncio.timeout(AT_MOST):
                asked = [await self._ask(claim, volume, node) for claim, volume in bindings]
                for claim in asked:
                    await self._bound(claim, node, event)
        except TimeoutError as error:
            raise VolumesNotBound("binding volumes: context deadline exceeded") from error
        except APIError as error:
            raise VolumesNotBound(f"binding volumes: {error}") from error
        finally:
            self._changed.discard(event)
            self._storage.forget(promised)

    async def _ask(
        self, claim: PersistentVolumeClaim, volume: PersistentVolume | None, node: str
    ) -> PersistentVolumeClaim:
        """The claim as it is once it is asked for."""
        if volume is not None:
            if volume.spec.claim_ref is None or not volume.spec.claim_ref.uid:
                marks = volume.metadata.annotations | {known.BOUND_BY_CONTROLLER: "yes"}
                spec = replace(volume.spec, claim_ref=replace(reference(claim), field_path=""))
                meta = replace(volume.metadata, annotations=marks)
                await self._client.update(replace(volume, metadata=meta, spec=spec))
        elif claim.metadata.annotations.get(known.SELECTED_NODE) != node:
            body = {"metadata": {"uid": claim.metadata.uid, "annotations": {known.SELECTED_NODE: node}}}
            patch = Patch(media_type=MERGE_PATCH, body=body)
            return await self._client.patch(PersistentVolumeClaim, key_of(claim), patch)
        return claim

    async def _bound(self, asked: PersistentVolumeClaim, node: str, event: asyncio.Event) -> None:
        """Wait until the claim is bound.

        A provisioner that cannot make a volume on the node takes the node's name off the claim again.
        """
        meta = asked.metadata
        was_chosen = known.SELECTED_NODE in meta.annotations
        while True:
            event.clear()
            now = self._storage.claims.get(meta.name, meta.namespace)
            if now is None or now.metadata.uid != meta.uid:
                raise Conflict(f'persistentvolumeclaim "{meta.name}" not found')
            if now.spec.volume_name and known.BIND_COMPLETED in now.metadata.annotations:
                return
            newer = int(now.metadata.resource_version) >= int(meta.resource_version)
            if was_chosen and newer and now.metadata.annotations.get(known.SELECTED_NODE) != node:
                raise Conflict(f'provisioning failed for PVC "{meta.name}"')
            await event.wait()
