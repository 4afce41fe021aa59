"""That a server is there: its Lease in kube-system (KEP-1965), and from all servers' Leases, where the API is.

A server alone renews its Lease rarely, as it is good for an hour; several on one store renew often, and each takes
those that have fallen silent out of the endpoints of the Service `kubernetes`.
"""

import base64
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from podo.api import names
from podo.api.errors import APIError, Conflict, NotFound
from podo.api.timestamps import format_microtime
from podo.server.bootstrap.endpoints import Place, publish_endpoints
from podo.server.bootstrap.objects import context_of, served_of
from podo.server.core import Core
from podo.server.registry.deleting import DeleteOptions
from podo.server.strategy import Object
from podo.server.watchcache.entry import Entry
from podo.server.watchcache.selection import Selection

log = logging.getLogger(__name__)
NAMESPACE = "kube-system"
COMPONENT = "kube-apiserver"
LABEL, HOST = "apiserver.kubernetes.io/identity", "kubernetes.io/hostname"
ADVERTISED = "podo.dev/advertised"
"""The annotation that says where the holder of a Lease can be reached: address and port, with a space between."""
GOOD_FOR = timedelta(seconds=3600)
ALONE, TOGETHER = 600.0, 10.0
"""Seconds between renewals of a server that has its store for itself, and of one that shares it."""
SILENT = timedelta(seconds=3 * TOGETHER)
"""After this a server that shares its store is taken to be gone."""


def lease_name(host: str) -> str:
    """The name of a server's Lease: a hash, so that any host's name will do."""
    parts = [len(text).to_bytes(2, "big") + text for text in (host.encode(), COMPONENT.encode())]
    digest = hashlib.sha256(b"".join(parts)).digest()[:16]
    return f"apiserver-{base64.b32encode(digest).decode().rstrip('=').lower()}"


@dataclass(frozen=True)
class Identity:
    """Who a server is. `incarnation` differs from start to start; `place` is None for one that Pods cannot reach."""

    host: str
    incarnation: str
    place: Place | None = None
    shared: bool = False

    @property
    def name(self) -> str:
        """The name of its Lease. Servers of one host that share a store are told apart by where they are."""
        return lease_name(f"{self.host} {self.place}" if self.shared else self.host)


class Presence:
    """Keeps one server's Lease, and with `identity.shared` the endpoints of the API."""

    def __init__(self, core: Core, identity: Identity) -> None:
        self._core, self._identity = core, identity
        self._kind = served_of(core, {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"})

    async def run(self) -> None:
        """Renew until cancelled."""
        while True:
            await self._core.clock.sleep(TOGETHER if self._identity.shared else ALONE)
            try:
                await self.renew()
            except APIError:
                log.warning("could not renew the lease of this server", exc_info=True)

    async def renew(self) -> None:
        """Say that this server is there, and look after what the others have left. Raises APIError."""
        now = self._core.clock.now()
        await self._hold(now)
        await self._core.cache.consistent()
        await self._sweep(now)
        if self._identity.place is not None:
            await publish_endpoints(self._core, sorted({self._identity.place, *self._others(now)}))

    async def leave(self) -> None:
        """Say that this server is gone; others go on."""
        if not self._identity.shared:
            return
        try:
            await self._delete(self._identity.name)
            if others := sorted(set(self._others(self._core.clock.now()))):
                await publish_endpoints(self._core, others)
        except APIError:
            log.warning("could not say that this server is gone", exc_info=True)

    async def _hold(self, now: datetime) -> None:
        identity = self._identity
        spec = {
            "holderIdentity": f"{identity.name}_{identity.incarnation}",
            "leaseDurationSeconds": int(GOOD_FOR.total_seconds()),
            "renewTime": format_microtime(now),
        }
        place = {ADVERTISED: f"{identity.place.address} {identity.place.port}"} if identity.place else {}
        labels = {LABEL: COMPONENT} | ({} if names.label_value(identity.host) else {HOST: identity.host})

        async def change(current: Object, revision: int) -> Object:
            metadata = current.get("metadata") or {"name": identity.name, "namespace": NAMESPACE}
            metadata = metadata | {"labels": labels} | ({"annotations": place} if place else {})
            return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}

        context = context_of(self._core, self._kind, NAMESPACE)
        await self._core.registry.update(context, self._kind, identity.name, change, create=True)

    def _leases(self) -> Iterator[Entry]:
        resource = self._core.cache.resource(self._kind.stored.prefix)
        for entry in resource.select(Selection(namespace=NAMESPACE), ""):
            if LABEL in (entry.object()["metadata"].get("labels") or {}):
                yield entry

    def _others(self, now: datetime) -> Iterator[Place]:
        """Where the other servers are that have not fallen silent."""
        if not self._identity.shared:
            return
        for entry in self._leases():
            address, _, port = (entry.object()["metadata"].get("annotations") or {}).get(ADVERTISED, "").partition(" ")
            if address and entry.name != self._identity.name and now - _renewed(entry) < SILENT:
                yield Place(address, int(port))

    async def _sweep(self, now: datetime) -> None:
        """Delete the Leases that nobody has renewed in time."""
        for entry in list(self._leases()):
            if entry.name != self._identity.name and now - _renewed(entry) > GOOD_FOR:
                await self._delete(entry.name)

    async def _delete(self, name: str) -> None:
        try:
            context = context_of(self._core, self._kind, NAMESPACE)
            await self._core.registry.delete(context, self._kind, name, DeleteOptions())
        except (Conflict, NotFound):
            pass  # another server was faster, or it has been renewed


def _renewed(entry: Entry) -> datetime:
    obj = entry.object()
    return datetime.fromisoformat(obj["spec"].get("renewTime") or obj["metadata"]["creationTimestamp"])
