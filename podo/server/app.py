"""The API server, from its configuration to the moment that it answers."""

import asyncio
import gc
import random
import socket
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from podo.clock import Clock, SystemClock
from podo.server.admission.default_set import default_admission
from podo.server.admission.figures import AdmissionFigures
from podo.server.admission.resource_quota import QuotaWriter
from podo.server.admission_point import Admission
from podo.server.aggregation.assembly import Aggregation, FrontProxy, aggregation_of
from podo.server.allocation.pools import Addresses, Ports
from podo.server.allocation.repair import Repair
from podo.server.allocation.services import ServiceAllocation
from podo.server.authentication.figures import CountedAuthentication
from podo.server.authentication.keys import TokenKey
from podo.server.authentication.service_account import Issuer
from podo.server.authentication.token_file import read_tokens
from podo.server.authorization.base import Authorizer
from podo.server.authorization.default_set import Access, default_access, install_access
from podo.server.authorization.figures import CountedAuthorizer
from podo.server.bodies import Bodies
from podo.server.bootstrap.endpoints import Place
from podo.server.bootstrap.extension_authentication import publish_authentication
from podo.server.bootstrap.legacy_tokens import track_legacy_tokens
from podo.server.bootstrap.nodes import grant_nodes
from podo.server.bootstrap.objects import bootstrap
from podo.server.bootstrap.presence import Identity, Presence
from podo.server.bootstrap.public import publish_address, publish_issuer
from podo.server.bootstrap.reconciling import reconcile
from podo.server.components import PORTS, Components, beside, within
from podo.server.connect.dispatch import Connections
from podo.server.connect.nodes import NodeAccess
from podo.server.core import Core, running_core
from podo.server.custommetrics.answers import CustomMetricsAPI
from podo.server.custommetrics.external import ExternalMetricsAPI
from podo.server.custommetrics.listing import CUSTOM, EXTERNAL
from podo.server.custommetrics.scraping import Scrapes, fetch
from podo.server.customresources.bodies import CustomBodies
from podo.server.customresources.conversion import Converter, converter_of
from podo.server.customresources.definition import Definition
from podo.server.customresources.scale import CustomScales
from podo.server.discovery import Discovery
from podo.server.event_lifetime import EventLifetime
from podo.server.fairness.showing import debug_paths, metric_lines
from podo.server.figures import build_lines, expression_lines, object_lines, process_lines
from podo.server.gate import Gate, gate
from podo.server.health_checks import health_paths, sli_paths
from podo.server.http.handler import Handler, PathHandler
from podo.server.http.paths import VERSION, index, metrics, token_issuer, version
from podo.server.http.patience import DEFAULT, Patience
from podo.server.http.resources import Computed, Resources
from podo.server.http.serving import TLSFiles, bind, listening, tls_context
from podo.server.http.watching import Watching
from podo.server.in_force import InForce
from podo.server.memory import SystemHeap, staying_small
from podo.server.metrics import Requests
from podo.server.metricsapi.answers import MetricsAPI
from podo.server.metricsapi.nodes import AgentSummaries
from podo.server.metricsapi.objects import GROUP
from podo.server.metricsapi.openapi import METRICS
from podo.server.openapi.handler import OpenAPI
from podo.server.operations import Below
from podo.server.options import GuardOptions
from podo.server.outgoing.services import Services
from podo.server.registry.catalog import Catalog
from podo.server.subresources.binding import BindingQuestions, Bindings
from podo.server.subresources.eviction import Evictions
from podo.server.subresources.scale import Scales
from podo.server.subresources.token import Tokens
from podo.server.table.tables import PrinterTables
from podo.server.watchcache.cache import WatchCache
from podo.server.webhooks.calling import Webhooks
from podo.store.open import FullStore, open_store


@dataclass(frozen=True, kw_only=True)
class ServerConfig:
    """What an API server is told. Port 0 takes a free one; `tls` None serves plain HTTP (for tests).

    `more_hosts` are listened on as well, at the same port.
    """

    host: str = "127.0.0.1"
    more_hosts: tuple[str, ...] = ()
    port: int = 6443
    advertise: str = ""
    """The address at which Pods reach this server, for the endpoints of the Service `kubernetes`; "": none are kept."""
    store: str = "memory"
    service_cidr: str = "10.96.0.0/16"
    tls: TLSFiles | None = None
    token_file: Path | None = None
    service_account_key: Path | None = None
    node_access: NodeAccess | None = None
    guard: GuardOptions = field(default_factory=GuardOptions)
    front_proxy: FrontProxy | None = None
    measures: bool = True
    """Whether what nodes and Pods measure is served too: an API server alone does not have that group."""
    hostname: str = ""
    """What this server is called among those of its store; "": what the machine is called."""
    service_account_issuer: str = "https://kubernetes.default.svc.cluster.local"
    patience: Patience = DEFAULT


@dataclass(frozen=True)
class Server:
    """A server that answers: where, and its core for what runs beside it."""

    core: Core
    host: str
    port: int
    in_force: InForce
    """What is in force on the nodes; data planes of this process are members too."""


class Guards:
    """Access and admission, which are made with the cache that they look into."""

    access: Access
    services: Services
    webhooks: Webhooks
    is_serving = False
    """Webhooks are asked from then on: what the server does to begin must not wait for what it has yet to run."""

    def __init__(self, options: GuardOptions, clock: Clock) -> None:
        self.quotas, self._options, self._clock = QuotaWriter(), options, clock
        self.figures = AdmissionFigures()

    def admission(self, cache: WatchCache, catalog: Catalog) -> Admission:
        """Make both."""
        self.access = default_access(cache, catalog, self._options)
        self.services = Services(cache, catalog, random.Random())
        self.webhooks = Webhooks(self.services)
        return default_admission(
            cache,
            catalog,
            self.access.authorizer,
            self.quotas,
            webhooks=self.webhooks,
            asks_webhooks=lambda: self.is_serving,
            options=self._options,
            clock=self._clock,
            figures=self.figures,
        )

    def converter(self, definition: Definition) -> Converter | None:
        """Who converts the custom resources of a definition."""
        return converter_of(definition, self.webhooks, lambda: str(uuid.uuid4()))


@asynccontextmanager
async def serving(config: ServerConfig, clock: Clock | None = None) -> AsyncIterator[Server]:
    """Build and serve until left. Raises OSError where the address is taken, APIError where the store will not open."""
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        sockets = [bind(config.host, config.port)]
        stack.callback(sockets[0].close)
        host, port = sockets[0].getsockname()[:2]
        for more in config.more_hosts:
            sockets.append(bind(more, port))
            stack.callback(sockets[-1].close)
        store = await stack.enter_async_context(open_store(config.store, clock=clock))
        guards = Guards(config.guard, clock)
        core = await stack.enter_async_context(
            running_core(
                store,
                clock,
                admission=guards.admission,
                converting=guards.converter,
                shared=config.store.startswith("etcd:"),
            )
        )
        guards.quotas.client = core.client(manager="kube-apiserver")
        core.sources.extend([guards.figures.lines, guards.access.decisions.lines, expression_lines])
        stack.push_async_callback(guards.webhooks.close)
        repair = install_hooks(core, store, config.service_cidr)
        issuer = issuer_of(config)
        install_subresources(core, issuer)
        install_components(core, whole=config.node_access is not None)
        access = guards.access
        install_access(core, access)
        await reconcile(core, await bootstrap(core, service_cidr=config.service_cidr, port=port))
        await grant(core, config, port)
        aggregation = aggregation_of(core, guards.services, config.front_proxy)
        await aggregation.following.begin()
        presence = Presence(core, identity_of(config, port, shared=core.cache.shared))
        await presence.renew()
        stack.push_async_callback(presence.leave)
        await repair.run()
        await core.cache.consistent()
        core.cache.begin_here()
        for close in access.closing:
            stack.push_async_callback(close)
        static = read_tokens(config.token_file) if config.token_file else {}
        audiences = (config.service_account_issuer,)
        gateway = await stack.enter_async_context(gate(core, config.guard, issuer, static, audiences))
        in_force = InForce(clock)
        paths = plain_paths(config, core, issuer) | (in_force.paths() if config.node_access else {})
        handler = handler_of(config, core, paths, access.authorizer, f"{host}:{port}", aggregation, gateway)
        front = Path(config.guard.requestheader_client_ca_file) if config.guard.requestheader_client_ca_file else None
        tls = tls_context(config.tls, front) if config.tls else None
        await stack.enter_async_context(staying_small(SystemHeap(), clock))
        guards.is_serving = True
        await stack.enter_async_context(listening(handler, sockets, tls, config.patience))
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        stack.callback(tasks.create_task(aggregation.following.run(), name="aggregation").cancel)
        stack.callback(tasks.create_task(presence.run(), name="presence").cancel)
        old_events = EventLifetime(core, config.guard.event_ttl)
        stack.callback(tasks.create_task(old_events.run(), name="old events").cancel)
        yield Server(core, host, port, in_force)


async def grant(core: Core, config: ServerConfig, port: int) -> None:
    """What everyone, and nodes, may do and read beside Kubernetes' own roles."""
    await publish_issuer(core)
    await track_legacy_tokens(core)
    if config.node_access:
        await grant_nodes(core)
    if config.advertise and config.tls and config.tls.client_ca:
        authority = config.tls.client_ca.read_bytes()
        await publish_address(core, f"https://{config.advertise}:{port}", authority)
    client_authority = config.tls.client_ca if config.tls else None
    if client_authority or config.front_proxy:
        proxy_authority = config.front_proxy.authority if config.front_proxy else None
        await publish_authentication(core, client_authority, proxy_authority)


def identity_of(config: ServerConfig, port: int, *, shared: bool) -> Identity:
    """Who this server is among those of its store."""
    place = Place(config.advertise, port) if config.advertise else None
    return Identity(config.hostname or socket.gethostname(), str(uuid.uuid4()), place, shared)


def install_hooks(core: Core, store: FullStore, service_cidr: str) -> Repair:
    """What kinds need around their writes; how to make good what a crash in the middle of one has left."""
    chance = random.Random()
    ranges = core.catalog.by_path("networking.k8s.io", "v1", "servicecidrs")
    addresses = core.catalog.by_path("networking.k8s.io", "v1", "ipaddresses")
    assert ranges is not None
    assert addresses is not None
    pool = Addresses(core.registry, ranges, addresses, service_cidr.split(","), chance)
    ports = Ports(store, core.cache, chance)
    core.registry.hooks["", "Service"] = ServiceAllocation(pool, ports)
    return Repair(core, pool, ports)


def issuer_of(config: ServerConfig) -> Issuer | None:
    """Who issues service account tokens; None where there is no key."""
    if config.service_account_key is None:
        return None
    key, name = TokenKey.read(config.service_account_key), config.service_account_issuer
    return Issuer(name, key, (name,))


def install_subresources(core: Core, issuer: Issuer | None) -> None:
    """Subresources with kinds of their own."""
    pods, budgets = core.catalog.by_path("", "v1", "pods"), core.catalog.by_path("policy", "v1", "poddisruptionbudgets")
    assert pods is not None
    assert budgets is not None
    bindings, scales = Bindings(core.registry), Scales(core.registry)
    below: dict[tuple[str, str], Below] = {
        ("/pods", "binding"): bindings,
        ("/pods", "eviction"): Evictions(core.registry, budgets),
        ("", "scale"): CustomScales(core.registry),
        ("apps/deployments", "scale"): scales,
        ("apps/replicasets", "scale"): scales,
        ("apps/statefulsets", "scale"): scales,
        ("/replicationcontrollers", "scale"): scales,
    }
    if issuer is not None:
        tokens = Tokens(core.registry, core.catalog, issuer, lambda: str(uuid.uuid4()))
        below["/serviceaccounts", "token"] = tokens
    core.operations.install(below, {("", "bindings"): BindingQuestions(bindings, pods)})


def install_components(core: Core, *, whole: bool) -> None:
    """What ComponentStatuses show; `whole`: the other parts are of this very process, else programs beside it."""
    served = core.catalog.by_path("", "v1", "componentstatuses")
    assert served is not None
    ready = within(core.cache.ready.is_set)
    others = {name: ready if whole else beside(port) for name, port in PORTS.items()}
    core.registry.worked_out[served.stored.prefix] = Components({"etcd-0": ready, **others})


def handler_of(
    config: ServerConfig,
    core: Core,
    paths: Mapping[str, PathHandler],
    authorizer: Authorizer,
    address: str,
    aggregation: Aggregation,
    gateway: Gate,
) -> Handler:
    """The chain, put together; `paths` are those that are no resources, `address` is where clients find the server."""
    requests = Requests()
    core.sources.extend([requests.lines, partial(object_lines, core), process_lines, partial(build_lines, VERSION)])
    fairness = gateway.fairness
    if fairness is not None:
        core.sources.append(partial(metric_lines, fairness))
    identify, asked = CountedAuthentication(gateway.authentication.identify, core.clock), CountedAuthorizer(authorizer)
    core.sources.extend(
        [identify.lines, asked.lines, aggregation.lines, *([gateway.auditor.lines] if gateway.auditor else [])]
    )
    connections = Connections(core, config.node_access, random.Random()) if config.node_access else None
    computed = computed_groups(core, config.node_access) if config.node_access and config.measures else {}
    resources = Resources(
        core,
        connections=connections,
        computed=computed,
        others=aggregation.merged,
        decoder=CustomBodies(Bodies()),
        tables=PrinterTables(core.clock),
        watching=Watching(core),
    )
    discovery = Discovery(core.catalog, lambda: address, computed, aggregation.merged)
    known = {**paths} | (debug_paths(fairness) if fairness is not None else {})
    known |= OpenAPI(core.catalog, VERSION["gitVersion"], aggregation.merged, [METRICS] if computed else []).paths()
    known |= discovery.paths()
    return Handler(
        identify=identify,
        authorizer=asked,
        resources=resources,
        paths=known | {"/": index(lambda: {*known, *discovery.known()} - {"/api/", "/version/"})},
        requests=requests,
        clock=core.clock,
        auditor=gateway.auditor,
        proxies=gateway.proxies,
        fairness=fairness,
        in_flight=gateway.in_flight,
        timeout=gateway.timeout,
        carrier=aggregation.carrier,
    )


def computed_groups(core: Core, access: NodeAccess) -> dict[str, Computed]:
    """The groups whose objects are worked out from what nodes and Pods say."""
    scrapes = Scrapes(fetch, core.clock)
    return {
        GROUP: MetricsAPI(core, AgentSummaries(access, core.clock)),
        CUSTOM: CustomMetricsAPI(core, scrapes),
        EXTERNAL: ExternalMetricsAPI(core, scrapes),
    }


def plain_paths(config: ServerConfig, core: Core, issuer: Issuer | None) -> dict[str, PathHandler]:
    """What is served beside resources."""
    paths = health_paths(core.cache.ready.is_set) | sli_paths(core.cache.ready.is_set)
    paths |= {"/version": version, "/version/": version, "/metrics": metrics(core.sources)}
    if issuer is not None:
        host = config.advertise or config.host  # Pods ask, too
        paths |= token_issuer(issuer, f"https://{host}:{config.port}/openid/v1/jwks")
    return paths


def settle_collector() -> None:
    """Tell the garbage collector that what is here now stays, and to look through the rest less often.

    A server holds many objects and makes few cycles: without this the collector stops it for tens of milliseconds,
    again and again. For the process that serves, once it does.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def run(config: ServerConfig) -> None:
    """Serve until cancelled."""
    async with serving(config):
        await asyncio.Event().wait()
