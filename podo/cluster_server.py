"""A cluster's server, composed: the API, its controllers and scheduler, and what runs beside them on the host.

Imports are local to what needs them, so that the process starts fast.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podo import controller_lists as lists

if TYPE_CHECKING:
    from podo.client.events import EventWriter
    from podo.client.informers import Informers
    from podo.clock import Clock
    from podo.cluster.components import ServerSettings
    from podo.controller_identities import Identities, Make
    from podo.controllers.autoscaling.rest import Fetch
    from podo.controllers.base import Controller
    from podo.controllers.cluster_keys import ClusterKeys
    from podo.network.services.progress import Follow
    from podo.scheduler.scheduler import Scheduler
    from podo.scheduler.snapshot import Snapshot
    from podo.server.app import ServerConfig
    from podo.server.core import Core
    from podo.storage.csi.remote import Post

THAW_EVERY = 15.0  # seconds
log = logging.getLogger(__name__)


def server_config(settings: "ServerSettings") -> "ServerConfig":
    """What a cluster's API server is told. Raises OptionError."""
    from podo.server.aggregation.assembly import FrontProxy
    from podo.server.app import ServerConfig
    from podo.server.connect.nodes import NodeAccess
    from podo.server.http.serving import TLSFiles
    from podo.server.options import guard_options

    pki, cluster = Path(settings.pki), settings.cluster
    return ServerConfig(
        host="127.0.0.1",
        more_hosts=cluster.host_addresses,
        port=cluster.api_port,
        advertise=cluster.host_address,
        store=settings.store,
        service_cidr=",".join(cluster.service_networks),
        guard=guard_options(cluster.api_server),
        tls=TLSFiles(pki / "server.crt", pki / "server.key", pki / "ca.crt"),
        service_account_key=pki / "sa.key",
        node_access=NodeAccess(
            certificate=pki / "kubelet-client.crt",
            key=pki / "kubelet-client.key",
            authority=pki / "ca.crt",
        ),
        front_proxy=FrontProxy(
            certificate=pki / "front-proxy-client.crt",
            key=pki / "front-proxy-client.key",
            authority=pki / "front-proxy-ca.crt",
        ),
    )


async def serve_cluster(settings: "ServerSettings") -> None:
    """A cluster's server: API, controllers, scheduler, and the host's data plane. Runs until cancelled."""
    from podo.clock import SystemClock
    from podo.cluster.host import network_config
    from podo.cluster.kept_running import kept_running
    from podo.network.dataplane import host_data_plane
    from podo.network.services.progress import keep_reporting
    from podo.server.app import serving, settle_collector

    pki, cluster, clock = Path(settings.pki), settings.cluster, SystemClock()
    config = server_config(settings)
    async with serving(config, clock) as server, AsyncExitStack() as stack:
        from podo.client.informers import Informers
        from podo.client.kubeconfig import Credentials
        from podo.controller_identities import AccountAPIs, account_client, grant_accounts
        from podo.controllers.accounts import CONTROLLER_MANAGER

        core, place = server.core, f"https://127.0.0.1:{server.port}"
        await grant_accounts(core)
        informers = Informers(account_client(core, CONTROLLER_MANAGER), clock)
        plane = host_data_plane(network_config(cluster), clock=clock)
        settle_collector()
        apis = AccountAPIs(core, Credentials(server=place, ca=(pki / "ca.crt").read_text()), clock, stack)
        scaling, canaries = await apis.of("horizontalpodautoscaler"), await apis.of("canary")
        others, garbage = await apis.of("namespace"), await apis.of("garbage-collector")
        to_drivers = driver_calls(config, informers, clock, stack)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        tasks.create_task(plane.run(informers), name="data plane")
        follow = server.in_force.follow
        tasks.create_task(keep_reporting(plane.proxy.progress, partial(follow, "host")), name="what is in force")
        keys, volumes = cluster_keys(pki), Path(settings.volumes_dir)

        def make(who: "Identities", seen: "Snapshot") -> "list[Controller[Any]]":
            return [
                node_autoscaler(settings, who, seen),
                *lists.controllers(who, scaling.fetch, others, garbage),
                *lists.identity_controllers(who, keys),
                *lists.network_controllers(who, cluster),
                *lists.opt_in_controllers(who, canaries.fetch),
                *lists.storage_controllers(who, volumes, to_drivers),
            ]

        tasks.create_task(manage(core, clock, informers, make, cluster.scheduler), name="management")
        beside: dict[str, Callable[[], Awaitable[None]]] = {
            "ingresses": partial(serve_ingresses, settings, core, informers, clock, partial(follow, "ingress")),
            "gateways": partial(serve_gateways, settings, core, informers, clock, partial(follow, "gateway")),
            "cluster policies": partial(serve_cluster_policies, core, clock),
            "snapshots": partial(take_snapshots, core, informers, clock, volumes, to_drivers),
        }
        beside["backups"] = partial(take_backups, settings, clock)
        beside["frozen volumes"] = partial(thaw_volumes, volumes, clock)
        if cluster.vertical_autoscaling:
            figures = (await apis.of("vertical-autoscaler")).fetch
            beside["vertical autoscaling"] = partial(scale_vertically, core, informers, clock, figures)
        for name, part in beside.items():
            tasks.create_task(kept_running(name, part, clock), name=name)


def driver_calls(config: "ServerConfig", informers: "Informers", clock: "Clock", stack: AsyncExitStack) -> "Post":
    """What reaches the storage drivers of nodes."""
    from podo.api import scheme
    from podo.api.errors import ServiceUnavailable
    from podo.api.types.core_v1 import Node
    from podo.client.base import Key
    from podo.server.connect.driver_calls import DriverCalls

    nodes = informers.of(Node)

    async def find(name: str) -> Mapping[str, Any]:
        if (node := nodes.get(Key("", name))) is None:
            raise ServiceUnavailable(f"there is no node {name}")
        found: dict[str, Any] = json.loads(scheme.encode(node))
        return found

    assert config.node_access is not None
    return DriverCalls(find, config.node_access, clock, stack).post


async def serve_ingresses(
    settings: "ServerSettings", core: "Core", informers: "Informers", clock: "Clock", follow: "Follow"
) -> None:
    """Ingresses on haproxy, until cancelled."""
    from podo.client.events import EventWriter
    from podo.cluster.host import network_config
    from podo.controller_identities import account_client
    from podo.controllers.accounts import INGRESSES
    from podo.network.haproxy.process import Haproxy
    from podo.network.host_addresses import HostAddresses
    from podo.network.ingress.configuration import Places
    from podo.network.ingress.keeper import IngressKeeper

    cluster, folder, pki = settings.cluster, Path(settings.run_dir) / "ingress", Path(settings.pki)

    def certify(hosts: tuple[str, ...]) -> bytes:
        from podo.cluster.pki import serving_pem  # heavy, and only there for Ingresses

        return serving_pem(pki, hosts, clock.now())

    await HostAddresses(network_config(cluster)).add(cluster.ingress_address)
    client = account_client(core, INGRESSES)
    events = EventWriter(client, clock)
    keeper = IngressKeeper(
        client,
        events.recorder("ingress"),
        Haproxy(folder, clock),
        Places(cluster.ingress_address, 80, 443, str(folder)),
        clock,
        certify,
        follow,
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(events.run(), name="events of ingresses")
        tasks.create_task(keeper.run(informers), name="ingresses")


async def serve_gateways(
    settings: "ServerSettings", core: "Core", informers: "Informers", clock: "Clock", follow: "Follow"
) -> None:
    """The Gateway API, and Gateways on haproxy, until cancelled."""
    from podo.client.definitions import ensure, ensure_served
    from podo.cluster.host import network_config
    from podo.controller_identities import account_client
    from podo.controllers.accounts import GATEWAYS as ACCOUNT
    from podo.network.address_pool import AddressPool, family_of
    from podo.network.gateway.definitions import definitions, podo_class
    from podo.network.gateway.keeper import GatewayKeeper
    from podo.network.gateway.kinds import BACKEND_TLS, GATEWAY_CLASSES, GATEWAYS, GRANTS, LISTENER_SETS
    from podo.network.gateway.routes import ROUTES
    from podo.network.haproxy.process import Haproxy
    from podo.network.host_addresses import HostAddresses

    cluster, folder = settings.cluster, Path(settings.run_dir) / "gateway"
    client = account_client(core, ACCOUNT)
    served = await ensure_served(
        client, clock, definitions(), (GATEWAY_CLASSES, GATEWAYS, GRANTS, BACKEND_TLS, LISTENER_SETS, *ROUTES)
    )
    await ensure(client, GATEWAY_CLASSES, podo_class())
    keeper = GatewayKeeper(
        client,
        Haproxy(folder, clock),
        AddressPool(cluster.gateway_ranges),
        HostAddresses(network_config(cluster)),
        clock,
        folder=str(folder),
        family=family_of(cluster.ingress_address),
        follow=follow,
        routes=[each for each in ROUTES if each in served],
    )
    await keeper.run(informers)


async def serve_cluster_policies(core: "Core", clock: "Clock") -> None:
    """Have the policies of the whole cluster served; the nodes' agents enforce them."""
    from podo.client.definitions import ensure_served, short_definitions
    from podo.controller_identities import account_client
    from podo.controllers.accounts import CLUSTER_POLICIES as ACCOUNT
    from podo.network import policy
    from podo.network.policy.cluster_kinds import KINDS

    await ensure_served(account_client(core, ACCOUNT), clock, short_definitions(policy.__name__), KINDS)


async def take_snapshots(core: "Core", informers: "Informers", clock: "Clock", volumes: Path, post: "Post") -> None:
    """Serve the snapshot API, which is made of custom resources, and take snapshots of podo's own volumes.

    `post` reaches the drivers that come without side-cars.
    """
    from podo.client.events import EventWriter
    from podo.controller_identities import Identities
    from podo.controllers import base
    from podo.controllers.bare_drivers import BareDrivers, snapshotters_of
    from podo.controllers.group_snapshots import GroupSnapshots
    from podo.controllers.volume_snapshots import VolumeSnapshots, serve_snapshots
    from podo.storage.local import CLASS, DRIVER
    from podo.storage.local.maker import LocalVolumes

    if TYPE_CHECKING:
        from podo.storage.drivers import Snapshotter
    writer = EventWriter(core.client(), clock)
    who = Identities(core, informers, clock, writer)
    cached, events = who.client(VolumeSnapshots.name), who.events(VolumeSnapshots.name)
    await serve_snapshots(cached, clock, DRIVER, CLASS)
    own: dict[str, Snapshotter] = {DRIVER: LocalVolumes(volumes)}
    makers = snapshotters_of(own, BareDrivers(cached, post))
    taking: list[base.Controller[Any]] = [
        VolumeSnapshots(cached, clock, events, makers),
        GroupSnapshots(cached, clock, events, makers),
    ]
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(writer.run(), name="events of snapshots")
        tasks.create_task(base.run(taking, cached, informers, clock), name="snapshots")


async def take_backups(settings: "ServerSettings", clock: "Clock") -> None:
    """Take backups by the cluster's schedules, until cancelled."""
    from podo.cluster.backup.schedules import Schedules, keep, taker

    state = Path(settings.state_dir)
    await keep(Schedules(state), taker(settings.cluster.name, state), clock)


async def thaw_volumes(volumes: Path, clock: "Clock") -> None:
    """Let go volumes that somebody's end has left frozen, until cancelled."""
    from podo.storage.local.freezing import thaw_left

    while True:
        for handle in await asyncio.to_thread(thaw_left, volumes):
            log.warning("volume %s was left frozen: it is let go", handle)
        await clock.sleep(THAW_EVERY)


async def scale_vertically(core: "Core", informers: "Informers", clock: "Clock", fetch: "Fetch") -> None:
    """Serve VerticalPodAutoscalers and act on them, until cancelled; not where an add-on has brought their API."""
    from podo.client.events import EventWriter
    from podo.controller_identities import Identities
    from podo.controllers import base
    from podo.controllers.vertical.controller import VerticalAutoscaler
    from podo.controllers.vertical.definitions import serve_autoscalers
    from podo.controllers.vertical.models import usage_by

    writer = EventWriter(core.client(), clock)
    who = Identities(core, informers, clock, writer)
    cached = who.client(VerticalAutoscaler.name)
    if not await serve_autoscalers(cached):
        return
    scaler = who.usual(VerticalAutoscaler, usage_by(fetch))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(writer.run(), name="events of vertical autoscaling")
        tasks.create_task(base.run([scaler], cached, informers, clock), name="vertical autoscaler")


def node_autoscaler(settings: "ServerSettings", who: "Identities", snapshot: "Snapshot") -> "Controller[Any]":
    """Adds and removes local nodes, if `podo up` was told to."""
    from podo.cluster.autoscaling.controller import NodeAutoscaler
    from podo.cluster.autoscaling.pool import LocalPool
    from podo.cluster.paths import Paths

    pool = LocalPool(Paths(Path(settings.state_dir), Path(settings.run_dir)))
    return who.usual(NodeAutoscaler, pool, snapshot)


def cluster_keys(pki: Path) -> "ClusterKeys":
    """The cluster's keys in its folder, each read when it is first used."""
    from podo.controllers.cluster_keys import ClusterKeys
    from podo.server.authentication.keys import TokenKey

    certificate, key = pki / "ca.crt", pki / "ca.key"
    return ClusterKeys(
        ca=certificate.read_text(),
        authority=lambda: (certificate.read_bytes(), key.read_bytes()),
        sign_token=TokenKey.read(pki / "sa.key").sign,
    )


def scheduler_of(
    core: "Core", clock: "Clock", informers: "Informers", events: "EventWriter", given: Mapping[str, Any]
) -> "Scheduler":
    """The scheduler as itself; `given` is a KubeSchedulerConfiguration, or nothing."""
    from podo.scheduler.scheduler import NAME, Scheduler
    from podo.server.core import component

    binder = core.client(component("kube-scheduler"), manager="kube-scheduler")
    writer = events.by(binder)
    if not given:
        return Scheduler(binder, informers, writer.recorder(NAME), clock)
    from podo.client.backoff import Backoff
    from podo.scheduler.configured import profiles
    from podo.scheduler.settings import read

    settings = read(given)
    found = profiles(settings)
    return Scheduler(
        binder,
        informers,
        writer.recorder(NAME),
        clock,
        profiles=found,
        recorders={name: writer.recorder(name) for name in found},
        backoff=Backoff(base=settings.pod_initial_backoff_seconds, cap=settings.pod_max_backoff_seconds),
    )


async def manage(
    core: "Core", clock: "Clock", informers: "Informers", make: "Make", scheduling: Mapping[str, Any]
) -> None:
    """Run the controllers and the scheduler on an API, each as who it is, until cancelled."""
    from podo.client.events import EventWriter
    from podo.client.informers import CachedClient
    from podo.client.queue_counts import QueueCounts
    from podo.controller_identities import Identities, account_client
    from podo.controllers import base
    from podo.controllers.accounts import CONTROLLER_MANAGER

    manager = account_client(core, CONTROLLER_MANAGER)
    cached, events = CachedClient(manager, informers, clock), EventWriter(manager, clock)
    scheduler = scheduler_of(core, clock, informers, events, scheduling)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(events.run(), name="events")
        tasks.create_task(informers.run(), name="informers")
        tasks.create_task(scheduler.run(), name="scheduler")
        queues = QueueCounts()
        core.sources.append(queues.lines)
        who = Identities(core, informers, clock, events)
        every = base.run(make(who, scheduler.snapshot), cached, informers, clock, metrics=queues.of)
        tasks.create_task(every, name="controllers")
