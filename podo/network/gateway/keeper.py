"""Keeps haproxy in step with Gateways and their routes, and tells in their status what became of them.

haproxy runs only while there is a Gateway of a class of podo's, and until then only classes and Gateways are watched.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from podo.api.errors import APIError
from podo.api.timestamps import format_time
from podo.api.types.core_v1 import ConfigMap, Namespace, Secret, Service
from podo.api.types.discovery_v1 import EndpointSlice
from podo.client.base import MERGE_PATCH, Client, Key, Kind, Patch, key_of
from podo.client.informer import Informer
from podo.client.informers import Informers
from podo.clock import Clock
from podo.network.address_pool import AddressPool
from podo.network.gateway.configuration import configuration
from podo.network.gateway.configuration import files as files_of
from podo.network.gateway.definitions import CONTROLLER
from podo.network.gateway.findings import PROGRAMMED, Finding
from podo.network.gateway.kinds import (
    BACKEND_TLS,
    GATEWAY_CLASSES,
    GATEWAYS,
    GRANTS,
    LISTENER_SETS,
    Gateway,
    GatewayClass,
)
from podo.network.gateway.plan import Plan
from podo.network.gateway.routes import ROUTES
from podo.network.gateway.status import (
    class_body,
    class_status,
    gateway_body,
    gateway_status,
    policy_ancestors,
    policy_body,
    refusal,
    route_body,
    route_parents,
    set_body,
    set_status,
)
from podo.network.gateway.translation import Cluster, Outcome, RouteKey, translate
from podo.network.haproxy.authorities import authority_file
from podo.network.haproxy.endpoints import Endpoints
from podo.network.haproxy.process import ProxyFailure, WebProxy
from podo.network.haproxy.serving import RETRY_SECONDS, Serving
from podo.network.services.progress import Follow, keep_reporting

log = logging.getLogger(__name__)


class HostAddresses(Protocol):
    """Addresses that the host answers at."""

    async def add(self, address: str) -> None: ...

    async def remove(self, address: str) -> None: ...


class GatewayKeeper:
    """`routes` are the kinds of routes that are served; `folder` is that of haproxy's files.

    `follow` is told which changes of endpoints are in force here; Pods that leave wait for that.
    """

    def __init__(
        self,
        client: Client,
        proxy: WebProxy,
        pool: AddressPool,
        host: HostAddresses,
        clock: Clock,
        *,
        folder: str,
        follow: Follow,
        family: str = "IPv4",
        routes: Sequence[Kind[Any]] = ROUTES,
    ) -> None:
        self._client, self._clock, self._pool, self._host = client, clock, pool, host
        self._folder, self._routes, self._serving = folder, routes, Serving(proxy, clock)
        self._wake, self._follow, self._family = asyncio.Event(), follow, family
        self._endpoints = Endpoints(self._wake)
        self._informers: dict[str, Informer[Any]] = {}
        self._answered: set[str] = set()  # addresses that the host has for Gateways

    async def run(self, informers: Informers) -> None:
        """Serve Gateways until cancelled."""
        await self._watch(informers, GATEWAY_CLASSES, GATEWAYS)
        try:
            while not self._ours():
                await self._tell_classes()
                await self._serving.woken(self._wake)
            kinds = (Service, Secret, Namespace, EndpointSlice, GRANTS, BACKEND_TLS, LISTENER_SETS, *self._routes)
            await self._watch(informers, *kinds)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(keep_reporting(self._endpoints.progress, self._follow), name="progress of gateways")
                while True:
                    await self._tell_classes()
                    if self._trusting():  # most clusters have many ConfigMaps, and none that matters here
                        await self._watch(informers, ConfigMap)
                    await self._round()
        finally:
            await asyncio.shield(self._serving.stop())

    async def _watch(self, informers: Informers, *kinds: Any) -> None:
        for kind in kinds:
            name = kind.cls.__name__ if isinstance(kind, Kind) else kind.__name__
            if name not in self._informers:
                self._informers[name] = informer = informers.of(kind)
                informer.handle(self._endpoints.changed if kind is EndpointSlice else self._changed)
                await informers.synced(informer)

    def _changed(self, old: object, new: object) -> None:
        self._wake.set()

    def _classes(self) -> list[GatewayClass]:
        return [each for each in self._informers["GatewayClass"] if each.spec.controller_name == CONTROLLER]

    def _ours(self) -> list[Gateway]:
        accepted = {each.metadata.name for each in self._classes() if each.spec.parameters_ref is None}
        return [
            each
            for each in self._informers["Gateway"]
            if each.spec.gateway_class_name in accepted and not each.metadata.deletion_timestamp
        ]

    def _trusting(self) -> bool:
        """Whether authorities matter, which are in ConfigMaps."""
        return any(True for _ in self._informers["BackendTLSPolicy"]) or any(each.spec.tls for each in self._ours())

    async def _round(self) -> None:
        try:
            await self._serve_all()
        except Exception:  # the API goes on, and all other Gateways once the cause is gone
            log.exception("gateways: a round failed")
            await self._clock.sleep(RETRY_SECONDS)

    async def _serve_all(self) -> None:
        """One round: make it right, and wait until it may not be so any more."""
        self._wake.clear()
        self._endpoints.begin()
        gateways = self._ours()
        addresses, trouble = self._addresses(gateways)
        outcome = translate(self._cluster(gateways), addresses)
        try:
            await self._serve(outcome.plan, gateways, addresses)
        except ProxyFailure as error:
            log.error("gateways: %s", error)
            self._serving.forget()
            failed = Finding(PROGRAMMED, False, "NoResources", str(error))
            await self._tell(gateways, addresses, outcome, {key_of(each): failed for each in gateways} | trouble)
            await self._clock.sleep(RETRY_SECONDS)
            return
        self._endpoints.served()
        await self._tell(gateways, addresses, outcome, trouble)
        await self._serving.woken(self._wake)

    def _cluster(self, gateways: list[Gateway]) -> Cluster:
        namespaces = self._informers["Namespace"]

        def labels(name: str) -> Mapping[str, str] | None:
            found: Namespace | None = namespaces.get(Key("", name))
            return found.metadata.labels if found else None

        return Cluster(
            gateways=gateways,
            routes=[each for kind in self._routes for each in self._informers[kind.cls.__name__]],
            grants=list(self._informers["ReferenceGrant"]),
            service=self._informers["Service"].get,
            secret=self._informers["Secret"].get,
            labels=labels,
            config_map=self._informers["ConfigMap"].get if "ConfigMap" in self._informers else lambda key: None,
            policies=list(self._informers["BackendTLSPolicy"]),
            sets=list(self._informers["ListenerSet"]),
        )

    def _addresses(self, gateways: list[Gateway]) -> tuple[dict[Key, str], dict[Key, Finding]]:
        """(the address of each Gateway that has one, why others are not served)."""
        given, trouble = {}, {}
        for gone in self._pool.holders() - {key_of(each) for each in gateways}:
            self._pool.release(gone)
        older = sorted(gateways, key=lambda each: (not each.status.addresses, str(each.metadata.creation_timestamp)))
        for each in older:
            key = key_of(each)
            if refused := refusal(each):
                trouble[key] = refused
                continue
            wanted = [address.value for address in each.spec.addresses if address.value]
            had = [address.value for address in each.status.addresses]
            address = self._pool.take(key, self._family, wanted or had)
            if not address:
                trouble[key] = Finding(PROGRAMMED, False, "AddressNotAssigned", "no address is left in the pool")
            elif wanted and wanted != [address]:
                message = f"not all of {', '.join(wanted)} can be given: one address of the pool can"
                trouble[key] = Finding(PROGRAMMED, False, "AddressNotUsable", message)
            else:
                given[key] = address
                self._pool.release(key, [address])
        return given, trouble

    async def _serve(self, plan: Plan, gateways: list[Gateway], addresses: Mapping[Key, str]) -> None:
        """Make haproxy serve `plan`; nothing at all if there is no Gateway. Raises ProxyFailure."""
        wanted = set(addresses.values())
        for address in wanted - self._answered:
            await self._host.add(address)
        services: Informer[Service] = self._informers["Service"]
        targets = {each.name: each.target for each in plan.destinations() if each.target}
        self._endpoints.concerned = {target.service for target in targets.values()}
        if plan.doors:
            endpoints = {
                name: self._endpoints.of(services.get(t.service), t.port, t.service) for name, t in targets.items()
            }
            files = {name: text.encode() for name, text in files_of(plan, self._folder).items()}
            for door in plan.doors:
                for bound in door.bound:
                    for each in bound.certificates:
                        files[f"certificates/{each.secret.namespace}_{each.secret.name}.pem"] = each.pem
            files |= {authority_file(pem): pem for pem in plan.authorities()}
            await self._serving.serve(
                endpoints, lambda servers, generation: configuration(plan, servers, self._folder, generation), files
            )
        else:
            await self._serving.stop()
        for address in self._answered - wanted:
            await self._host.remove(address)
        self._answered = wanted

    async def _tell_classes(self) -> None:
        for each in self._classes():
            status = class_status(each, self._now())
            if status != each.status:
                await self._write(GATEWAY_CLASSES, each, class_body(status))

    async def _tell(
        self, gateways: list[Gateway], addresses: Mapping[Key, str], outcome: Outcome, trouble: Mapping[Key, Finding]
    ) -> None:
        now = self._now()
        for each in gateways:
            key = key_of(each)
            shown = [addresses[key]] if key in addresses else []
            sets = sum(found.accepted for found in outcome.sets.values() if found.gateway == key)
            status = gateway_status(each, outcome.listeners[key], shown, now, trouble.get(key), sets)
            if status != each.status:
                await self._write(GATEWAYS, each, gateway_body(status))
        await self._tell_sets(outcome, trouble)
        for kind in self._routes:
            for route in self._informers[kind.cls.__name__]:
                found = outcome.parents.get(RouteKey(route.kind, key_of(route)), ())
                parents = route_parents(route, found, now)
                if parents != route.status.parents:
                    await self._write(kind, route, route_body(parents))

        for policy in self._informers["BackendTLSPolicy"]:
            ancestors = policy_ancestors(policy, outcome.policies.get(key_of(policy), {}), now)
            if ancestors != policy.status.ancestors:
                await self._write(BACKEND_TLS, policy, policy_body(ancestors))

    async def _tell_sets(self, outcome: Outcome, trouble: Mapping[Key, Finding]) -> None:
        for each in self._informers["ListenerSet"]:
            if found := outcome.sets.get(key_of(each)):
                status = set_status(each, found, self._now(), trouble.get(found.gateway))
                if status != each.status:
                    await self._write(LISTENER_SETS, each, set_body(status))

    async def _write(self, kind: Kind[Any], found: Any, status: dict[str, Any]) -> None:
        meta = found.metadata
        body = {"metadata": {"resourceVersion": meta.resource_version}, "status": status}
        try:
            await self._client.patch(
                kind, key_of(found), Patch(media_type=MERGE_PATCH, body=body), subresource="status"
            )
        except APIError as error:  # it has changed or gone meanwhile: we shall hear of that
            log.info("status of %s %s: %s", found.kind, key_of(found), error)

    def _now(self) -> str:
        return format_time(self._clock.now())
