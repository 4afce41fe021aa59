"""Keeps haproxy in step with Ingresses and what they lead to, and tells in their status where they answer.

haproxy runs only while there is an Ingress of podo's class. A change of endpoints is a few commands at run time; a
change of hosts, paths or certificates is a reload, in which no connection is lost.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from hashlib import sha256

import msgspec

from podo.api.errors import AlreadyExists, APIError
from podo.api.types.core_v1 import Secret, Service
from podo.api.types.discovery_v1 import EndpointSlice
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.networking_v1 import (
    Ingress,
    IngressClass,
    IngressClassSpec,
    IngressLoadBalancerIngress,
    IngressLoadBalancerStatus,
    IngressStatus,
)
from podo.client.base import Client, Key, key_of
from podo.client.events import EventRecorder
from podo.client.informer import Informer
from podo.client.informers import Informers
from podo.clock import Clock
from podo.network.ingress.configuration import (
    Places,
    Servers,
    certificate_list,
    configuration,
    file_of,
    server_commands,
    slots_for,
    withdrawals,
)
from podo.network.ingress.process import ProxyFailure, WebProxy
from podo.network.ingress.routing import CONTROLLER, BackendKey, Site, is_ours, site_of
from podo.network.services.backends import Backend, Backends, backends, service_of
from podo.network.services.progress import Follow, Progress, keep_reporting

log = logging.getLogger(__name__)
CLASS_NAME, DEFAULT_CLASS = "podo", "ingressclass.kubernetes.io/is-default-class"
DEFAULT_CERTIFICATE = "default.pem"
_RETRY_SECONDS = 2.0


class IngressKeeper:
    """`certify` makes a certificate, in PEM, for names under `localhost`, which nobody else could have certified.

    `follow` is told which changes of endpoints are in force here; Pods that leave wait for that.
    """

    def __init__(
        self,
        client: Client,
        events: EventRecorder,
        proxy: WebProxy,
        places: Places,
        clock: Clock,
        certify: Callable[[tuple[str, ...]], bytes],
        follow: Follow,
    ) -> None:
        self._client, self._events, self._proxy, self._clock = client, events, proxy, clock
        self._places, self._certify, self._follow = places, certify, follow
        self._revision, self._progress = 0, Progress()
        self._busy = True  # something that we were told of is not in force yet
        self._certified: tuple[tuple[str, ...], bytes] = ((), b"")
        self._wake = asyncio.Event()
        self._concerned: set[Key] = set()  # Services that are led to
        self._slices: dict[Key, dict[str, EndpointSlice]] = {}
        self._servers: dict[BackendKey, Servers] = {}
        self._loaded = ""  # the generation that is in force
        self._told: dict[Key, list[str]] = {}  # the problems of each Ingress that were made events

    async def run(self, informers: Informers) -> None:
        """Serve Ingresses until cancelled."""
        await self._ensure_class()
        ingresses, classes = informers.of(Ingress), informers.of(IngressClass)
        ingresses.handle(self._changed)
        classes.handle(self._changed)
        await informers.synced(ingresses)
        await informers.synced(classes)
        while not self._ours(ingresses, classes):
            await self._woken()
        services, slices, secrets = informers.of(Service), informers.of(EndpointSlice), informers.of(Secret)
        services.handle(self._changed)
        slices.handle(self._slice_changed)
        secrets.handle(self._changed)
        await informers.synced(services)
        await informers.synced(slices)
        await informers.synced(secrets)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(keep_reporting(self._progress, self._follow), name="progress of ingresses")
                while True:
                    await self._round(ingresses, classes, services, secrets)
        finally:
            await asyncio.shield(self._proxy.stop())

    async def _round(
        self,
        ingresses: Informer[Ingress],
        classes: Informer[IngressClass],
        services: Informer[Service],
        secrets: Informer[Secret],
    ) -> None:
        """One round: make it right, and wait until it may not be so any more."""
        self._wake.clear()
        self._busy, revision = True, self._revision
        ours = self._ours(ingresses, classes)
        site = site_of(ours, services.get, secrets.get)
        try:
            await self.serve(site, services.get)
        except ProxyFailure as error:
            log.error("ingress: %s", error)
            self._loaded = ""
            for ingress in ours:
                self._tell(ingress, [str(error)])
            await self._clock.sleep(_RETRY_SECONDS)
            return
        self._busy = self._wake.is_set()
        self._progress.advance(revision if self._busy else self._revision)
        for ingress in ours:
            self._tell(ingress, site.problems.get(key_of(ingress), []))
            await self._show_address(ingress)
        await self._woken()

    async def _woken(self) -> None:
        """Return when something has changed, or haproxy has ended."""
        waits = [asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(self._proxy.ended())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if waits[1].done():
                log.error("haproxy has ended; starting it again")
                self._loaded = ""
                await self._clock.sleep(_RETRY_SECONDS)
        finally:
            for each in waits:
                each.cancel()
        self._wake.clear()

    def _ours(self, ingresses: Iterable[Ingress], classes: Iterable[IngressClass]) -> list[Ingress]:
        known = {each.metadata.name: each for each in classes}
        return [each for each in ingresses if not each.metadata.deletion_timestamp and is_ours(each, known)]

    async def serve(self, site: Site, service: Callable[[Key], Service | None]) -> None:
        """Make haproxy serve `site`; nothing at all if no Ingress is there. Raises ProxyFailure."""
        self._concerned = {key.service for key in site.backends()}
        if not site.problems:
            self._loaded, self._servers = "", {}
            await self._proxy.stop()
            return
        commands: list[str] = []
        leaving: list[str] = []
        servers: dict[BackendKey, Servers] = {}
        for key in site.backends():
            before, endpoints = self._servers.get(key, (None,) * slots_for(0)), self._endpoints(key, service)
            leaving += withdrawals(key.name, before, endpoints)
            told, servers[key] = server_commands(key.name, before, endpoints)
            commands += told
        files = self._files(site)
        shape = {key: (None,) * len(each) for key, each in servers.items()}
        generation = _digest(configuration(site, shape, self._places, ""), files)
        if generation != self._loaded:
            if self._loaded:
                await self._proxy.tell(leaving)  # a reload takes its time; who leaves does not wait for it
            await self._proxy.load(configuration(site, servers, self._places, generation), generation, files)
        else:
            await self._proxy.tell(commands)
        self._loaded, self._servers = generation, servers

    def _endpoints(self, key: BackendKey, service: Callable[[Key], Service | None]) -> tuple[Backend, ...]:
        found = service(key.service)
        if found is None:
            return ()
        slices = self._slices.get(key.service, {}).values()
        both = (backends(found, slices, node="", version=version).get(key.port, Backends()) for version in (4, 6))
        return next((each.cluster for each in both if each.cluster), ())

    def _files(self, site: Site) -> dict[str, bytes]:
        local = tuple(sorted(host for host in site.hosts if host.endswith(".localhost") and "*" not in host))
        if self._certified[0] != (names := ("localhost", self._places.address, *local)):
            self._certified = (names, self._certify(names))
        files = {f"certificates/{file_of(*each.secret)}": each.pem for each in site.certificates}
        files[f"certificates/{DEFAULT_CERTIFICATE}"] = self._certified[1]
        files["certificates.txt"] = certificate_list(site, self._places, DEFAULT_CERTIFICATE).encode()
        return files

    def _changed(self, old: object, new: object) -> None:
        self._wake.set()

    def _slice_changed(self, old: EndpointSlice | None, new: EndpointSlice | None) -> None:
        for each, present in ((old, False), (new, True)):
            if each is None:
                continue
            self._revision = max(self._revision, int(each.metadata.resource_version or 0))
            key = Key(each.metadata.namespace, service_of(each))
            slices = self._slices.setdefault(key, {})
            slices.pop(each.metadata.name, None)
            if present:
                slices[each.metadata.name] = each
            if not slices:
                del self._slices[key]
            if key in self._concerned:
                self._busy = True
                self._wake.set()
        if not self._busy:
            self._progress.advance(self._revision)

    def _tell(self, ingress: Ingress, problems: list[str]) -> None:
        """Make events of what is new."""
        key, before = key_of(ingress), self._told.get(key_of(ingress))
        self._told[key] = problems
        for problem in problems:
            if problem not in (before or ()):
                self._events.warning(ingress, "Rejected", problem)
        if not problems and before != problems:
            self._events.normal(ingress, "Sync", f"Served at {self._places.address}")

    async def _show_address(self, ingress: Ingress) -> None:
        wanted = (IngressLoadBalancerIngress(ip=self._places.address),)
        shown = ingress.status.load_balancer
        if shown is not None and shown.ingress == wanted:
            return
        status = IngressStatus(load_balancer=IngressLoadBalancerStatus(ingress=wanted))
        try:
            await self._client.update(msgspec.structs.replace(ingress, status=status), subresource="status")
        except APIError as error:  # it has changed or gone meanwhile: we shall hear of that
            log.info("status of Ingress %s: %s", key_of(ingress), error)

    async def _ensure_class(self) -> None:
        meta = ObjectMeta(name=CLASS_NAME, annotations={DEFAULT_CLASS: "true"})
        try:
            await self._client.create(IngressClass(metadata=meta, spec=IngressClassSpec(controller=CONTROLLER)))
        except AlreadyExists:
            return


def _digest(text: str, files: dict[str, bytes]) -> str:
    digest = sha256(text.encode())
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + files[name])
    return digest.hexdigest()[:16]
