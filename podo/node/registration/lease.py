"""The node's heart-beat: a Lease in kube-node-lease, renewed every 10 seconds (KEP-589)."""

import logging
from collections.abc import Callable

from msgspec.structs import replace

from podo.api import timestamps
from podo.api.errors import APIError, Conflict, NotFound
from podo.api.types.coordination_v1 import Lease, LeaseSpec
from podo.api.types.core_v1 import Node
from podo.api.types.meta_v1 import ObjectMeta, OwnerReference
from podo.client.backoff import Backoff
from podo.client.base import Client, Key
from podo.clock import Clock

NAMESPACE, DURATION, EVERY = "kube-node-lease", 40, 10.0
RETRY = Backoff(base=0.05, cap=5.0)
log = logging.getLogger(__name__)


class LeaseKeeper:
    """Renews the Lease of the node `name`; `node` gives the Node object, once it is known."""

    def __init__(self, client: Client, clock: Clock, name: str, node: Callable[[], Node | None]) -> None:
        self._client, self._clock, self._name, self._node = client, clock, name, node
        self._held: Lease | None = None

    async def run(self) -> None:
        """Renew until cancelled."""
        failures = 0
        while True:
            began = self._clock.monotonic()
            try:
                await self.renew()
            except Conflict:
                self._held = None  # somebody else wrote it: read it again, at once
            except APIError as error:
                self._held = None
                failures += 1
                log.log(logging.WARNING if failures > 3 else logging.DEBUG, "lease: %s", error)
                await self._clock.sleep(RETRY.delay(failures))
            else:
                failures = 0
                await self._clock.sleep(EVERY - (self._clock.monotonic() - began))

    async def renew(self) -> None:
        """One beat. Raises APIError."""
        key = Key(NAMESPACE, self._name)
        if self._held is None:
            try:
                self._held = await self._client.get(Lease, key)
            except NotFound:
                self._held = await self._client.create(self._made(Lease(metadata=self._meta())))
                return
        self._held = await self._client.update(self._made(self._held))

    def _made(self, lease: Lease) -> Lease:
        now = timestamps.format_microtime(self._clock.now())
        spec = LeaseSpec(holder_identity=self._name, lease_duration_seconds=DURATION, renew_time=now)
        meta = lease.metadata
        if not meta.owner_references and (owner := self._owner()):
            meta = replace(meta, owner_references=(owner,))
        return replace(lease, spec=spec, metadata=meta)

    def _meta(self) -> ObjectMeta:
        return ObjectMeta(name=self._name, namespace=NAMESPACE)

    def _owner(self) -> OwnerReference | None:
        node = self._node()
        if node is None or not node.metadata.uid:
            return None
        return OwnerReference(api_version="v1", kind="Node", name=self._name, uid=node.metadata.uid)
