"""Keeps haproxy in step with Ingresses and what they lead to, and tells in their status where they answer.

haproxy runs only while there is an Ingress of podo's class. A change of endpoints is a few commands at run time; a
change of hosts, paths or certificates is a reload, in which no connection is lost.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

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
from podo.network.haproxy.endpoints import Endpoints
from podo.network.haproxy.process import ProxyFailure, WebProxy
from podo.network.haproxy.serving import RETRY_SECONDS, Serving
from podo.network.ingress.configuration import (
    Places,
    certificate_list,
    configuration,
    file_of,
    maps,
)
from podo.network.ingress.routing import CONTROLLER, Site, is_ours, site_of
from podo.network.services.progress import Follow, keep_reporting

log = logging.getLogger(__name__)
CLASS_NAME, DEFAULT_CLASS = "podo", "ingressclass.kubernetes.io/is-default-class"
DEFAULT_CERTIFICATE = "default.pem"


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
        self._client, self._events, self._clock = client, events, clock
        self._places, self._certify, self._follow = places, certify, follow
        self._serving = Serving(proxy, clock)
        self._certified: tuple[tuple[str, ...], bytes] = ((), b"")
        self._wake = asyncio.Event()
        self._endpoints = Endpoints(self._wake)
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
            await self._serving.woken(self._wake)
        services, slices, secrets = informers.of(Service), informers.of(EndpointSlice), informers.of(Secret)
        services.handle(self._changed)
        slices.handle(self._endpoints.changed)
        secrets.handle(self._changed)
        await informers.synced(services)
        await informers.synced(slices)
        await informers.synced(secrets)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(keep_reporting(self._endpoints.progress, self._follow), name="progress of ingresses")
                while True:
                    await self._round(ingresses, classes, services, secrets)
        finally:
            await asyncio.shield(self._serving.stop())

    async def _round(
        self,
        ingresses: Informer[Ingress],
        classes: Informer[IngressClass],
        services: Informer[Service],
        secrets: Informer[Secret],
    ) -> None:
        """One round: make it right, and wait until it may not be so any more."""
        self._wake.clear()
        self._endpoints.begin()
        ours = self._ours(ingresses, classes)
        site = site_of(ours, services.get, secrets.get)
        try:
            await self.serve(site, services.get)
        except ProxyFailure as error:
            log.error("ingress: %s", error)
            self._serving.forget()
            for ingress in ours:
                self._tell(ingress, [str(error)])
            await self._clock.sleep(RETRY_SECONDS)
            return
        self._endpoints.served()
        for ingress in ours:
            self._tell(ingress, site.problems.get(key_of(ingress), []))
            await self._show_address(ingress)
        await self._serving.woken(self._wake)

    def _ours(self, ingresses: Iterable[Ingress], classes: Iterable[IngressClass]) -> list[Ingress]:
        known = {each.metadata.name: each for each in classes}
        return [each for each in ingresses if not each.metadata.deletion_timestamp and is_ours(each, known)]

    async def serve(self, site: Site, service: Callable[[Key], Service | None]) -> None:
        """Make haproxy serve `site`; nothing at all if no Ingress is there. Raises ProxyFailure."""
        self._endpoints.concerned = {key.service for key in site.backends()}
        if not site.problems:
            await self._serving.stop()
            return
        endpoints = {
            key.name: self._endpoints.of(service(key.service), key.port, key.service) for key in site.backends()
        }
        await self._serving.serve(
            endpoints,
            lambda servers, generation: configuration(site, servers, self._places, generation),
            self._files(site),
        )

    def _files(self, site: Site) -> dict[str, bytes]:
        local = tuple(sorted(host for host in site.hosts if host.endswith(".localhost") and "*" not in host))
        if self._certified[0] != (names := ("localhost", self._places.address, *local)):
            self._certified = (names, self._certify(names))
        files = {f"certificates/{file_of(*each.secret)}": each.pem for each in site.certificates}
        files[f"certificates/{DEFAULT_CERTIFICATE}"] = self._certified[1]
        files["certificates.txt"] = certificate_list(site, self._places, DEFAULT_CERTIFICATE).encode()
        return files | maps(site)

    def _changed(self, old: object, new: object) -> None:
        self._wake.set()

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
