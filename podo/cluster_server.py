"""A cluster's server, composed: the API, its controllers and scheduler, and what runs beside them on the host.

Imports are local to what needs them, so that the process starts fast.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podo import controller_lists as lists

if TYPE_CHECKING:
    from podo.client.base import Client
    from podo.client.events import EventWriter
    from podo.client.informers import CachedClient
    from podo.clock import Clock
    from podo.cluster.components import ServerSettings
    from podo.controllers.base import Controller
    from podo.controllers.cluster_keys import ClusterKeys
    from podo.network.services.progress import Follow
    from podo.scheduler.snapshot import Snapshot
    from podo.server.app import ServerConfig
    from podo.server.core import Core

Make = Callable[["CachedClient", "EventWriter", "Snapshot"], "list[Controller[Any]]"]
"""Makes the controllers of a cluster; the snapshot is the scheduler's."""


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
    from podo.network.dataplane import host_data_plane
    from podo.network.services.progress import keep_reporting
    from podo.server.app import serving, settle_collector

    pki, cluster, clock = Path(settings.pki), settings.cluster, SystemClock()
    config = server_config(settings)
    async with serving(config, clock) as server:
        from podo.client.http import HTTPClient
        from podo.client.informers import Informers
        from podo.client.kubeconfig import Credentials

        credentials = Credentials(
            server=f"https://127.0.0.1:{server.port}",
            ca=(pki / "ca.crt").read_text(),
            certificate=(pki / "kubelet-client.crt").read_text(),
            key=(pki / "kubelet-client.key").read_text(),
        )
        client = server.core.client(manager="podo")
        informers = Informers(client, clock)
        plane = host_data_plane(network_config(cluster), clock=clock)
        settle_collector()
        async with HTTPClient(credentials, agent="podo-controllers", clock=clock) as api, asyncio.TaskGroup() as tasks:
            tasks.create_task(plane.run(informers), name="data plane")
            follow = server.in_force.follow
            tasks.create_task(keep_reporting(plane.proxy.progress, partial(follow, "host")), name="what is in force")
            keys, volumes = cluster_keys(pki), Path(settings.volumes_dir)

            def make(cached: "CachedClient", events: "EventWriter", seen: "Snapshot") -> "list[Controller[Any]]":
                return [
                    node_autoscaler(settings, cached, clock, events, seen),
                    *lists.controllers(cached, clock, events, api.fetch),
                    *lists.identity_controllers(cached, clock, events, keys),
                    *lists.network_controllers(cached, clock, events, cluster),
                    *lists.opt_in_controllers(cached, clock, events, api.fetch),
                    *lists.storage_controllers(cached, clock, events, volumes),
                ]

            tasks.create_task(manage(server.core, clock, informers, make), name="management")
            ingresses = serve_ingresses(settings, client, informers, clock, partial(follow, "ingress"))
            tasks.create_task(ingresses, name="ingresses")
            tasks.create_task(take_snapshots(client, informers, clock, volumes), name="snapshots")


async def serve_ingresses(
    settings: "ServerSettings", client: "Client", informers: Any, clock: "Clock", follow: "Follow"
) -> None:
    """Ingresses on haproxy, until cancelled."""
    from podo.client.events import EventWriter
    from podo.cluster.host import network_config
    from podo.network.dataplane import answer_at
    from podo.network.ingress.configuration import Places
    from podo.network.ingress.keeper import IngressKeeper
    from podo.network.ingress.process import Haproxy

    cluster, folder, pki = settings.cluster, Path(settings.run_dir) / "ingress", Path(settings.pki)

    def certify(hosts: tuple[str, ...]) -> bytes:
        from podo.cluster.pki import serving_pem  # heavy, and only there for Ingresses

        return serving_pem(pki, hosts, clock.now())

    await answer_at(network_config(cluster), cluster.ingress_address)
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


async def take_snapshots(client: "Client", informers: Any, clock: "Clock", volumes: Path) -> None:
    """Serve the snapshot API, which is made of custom resources, and take snapshots of podo's own volumes."""
    from podo.client.events import EventWriter
    from podo.client.informers import CachedClient
    from podo.controllers import base
    from podo.controllers.volume_snapshots import VolumeSnapshots, serve_snapshots
    from podo.storage.local import CLASS, DRIVER
    from podo.storage.local.maker import LocalVolumes

    await serve_snapshots(client, clock, DRIVER, CLASS)
    cached, events = CachedClient(client, informers, clock), EventWriter(client, clock)
    taking = VolumeSnapshots(cached, clock, events, {DRIVER: LocalVolumes(volumes)})
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(events.run(), name="events of snapshots")
        tasks.create_task(base.run([taking], cached, informers, clock), name="snapshots")


def node_autoscaler(
    settings: "ServerSettings", client: "CachedClient", clock: "Clock", events: "EventWriter", snapshot: "Snapshot"
) -> "Controller[Any]":
    """Adds and removes local nodes, if `podo up` was told to."""
    from podo.cluster.autoscaling.controller import NodeAutoscaler
    from podo.cluster.autoscaling.pool import LocalPool
    from podo.cluster.paths import Paths

    pool = LocalPool(Paths(Path(settings.state_dir), Path(settings.run_dir)))
    return NodeAutoscaler(client, clock, events, pool, snapshot)


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


async def manage(core: "Core", clock: "Clock", informers: Any, make: Make) -> None:
    """Run the controllers and the scheduler on an API, until cancelled."""
    from podo.client.events import EventWriter
    from podo.client.informers import CachedClient
    from podo.client.queue_counts import QueueCounts
    from podo.controllers import base
    from podo.scheduler.scheduler import NAME, Scheduler
    from podo.server.core import component

    client = core.client(component("kube-controller-manager"), manager="kube-controller-manager")
    cached, events = CachedClient(client, informers, clock), EventWriter(client, clock)
    binder = core.client(component("kube-scheduler"), manager="kube-scheduler")
    scheduler = Scheduler(binder, informers, events.recorder(NAME), clock)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(events.run(), name="events")
        tasks.create_task(informers.run(), name="informers")
        tasks.create_task(scheduler.run(), name="scheduler")
        queues = QueueCounts()
        core.sources.append(queues.lines)
        every = base.run(make(cached, events, scheduler.snapshot), cached, informers, clock, metrics=queues.of)
        tasks.create_task(every, name="controllers")
