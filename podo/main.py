"""The composition root: the one place that names concrete classes. `server`, `agent`, and the command line on top.

Imports are local to what needs them, so that each process starts fast and holds only what it runs.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podo.client.base import Client
    from podo.client.events import EventWriter
    from podo.client.informers import CachedClient
    from podo.clock import Clock
    from podo.cluster.components import AgentSettings, ServerSettings
    from podo.cluster.config import ClusterConfig
    from podo.controllers.autoscaling.rest import Fetch
    from podo.controllers.base import Controller
    from podo.controllers.cluster_keys import ClusterKeys
    from podo.server.app import ServerConfig
    from podo.server.core import Core

Make = Callable[["CachedClient", "EventWriter"], "list[Controller[Any]]"]
"""Makes the controllers of a cluster."""


def controllers(
    client: "CachedClient", clock: "Clock", events: "EventWriter", fetch: "Fetch"
) -> "list[Controller[Any]]":
    """Every controller, one line each, without those that have a list of their own below.

    `fetch` reads paths of the API.
    """
    from podo.controllers.autoscaling.controller import HorizontalPodAutoscalerController
    from podo.controllers.autoscaling.rest import RESTMetrics
    from podo.controllers.cluster_role_aggregation import ClusterRoleAggregation
    from podo.controllers.cronjob import CronJobController
    from podo.controllers.daemonset import DaemonSetController
    from podo.controllers.deployment import DeploymentController
    from podo.controllers.device_taint_eviction import DeviceTaintEviction
    from podo.controllers.disruption import DisruptionController
    from podo.controllers.garbage_collector import GarbageCollector
    from podo.controllers.job import JobController
    from podo.controllers.namespace import NamespaceController
    from podo.controllers.node_lifecycle import NodeLifecycle
    from podo.controllers.node_ttl import NodeTTL
    from podo.controllers.pod_gc import PodGC
    from podo.controllers.policy_types import PolicyTypes
    from podo.controllers.replicaset import ReplicaSetController
    from podo.controllers.replication_controller import ReplicationControllerController
    from podo.controllers.resource_claim import ResourceClaimController
    from podo.controllers.resource_quota import ResourceQuotaController
    from podo.controllers.served import ServedResources
    from podo.controllers.statefulset import StatefulSetController
    from podo.controllers.taint_eviction import TaintEviction
    from podo.controllers.ttl_after_finished import TTLAfterFinished

    return [
        ClusterRoleAggregation(client, clock, events),
        CronJobController(client, clock, events),
        DaemonSetController(client, clock, events),
        DeploymentController(client, clock, events),
        DeviceTaintEviction(client, clock, events),
        DisruptionController(client, clock, events),
        GarbageCollector(client, clock, events),
        HorizontalPodAutoscalerController(client, clock, events, RESTMetrics(fetch, ServedResources(client))),
        JobController(client, clock, events),
        NamespaceController(client, clock, events),
        NodeLifecycle(client, clock, events),
        NodeTTL(client, clock, events),
        PodGC(client, clock, events),
        PolicyTypes(client),
        ReplicaSetController(client, clock, events),
        ReplicationControllerController(client, clock, events),
        ResourceClaimController(client, clock, events),
        ResourceQuotaController(client, clock, events),
        StatefulSetController(client, clock, events),
        TaintEviction(client, clock, events),
        TTLAfterFinished(client, clock, events),
    ]


def network_controllers(
    client: "CachedClient", clock: "Clock", events: "EventWriter", cluster: "ClusterConfig"
) -> "list[Controller[Any]]":
    """What keeps the endpoints and addresses of Services, and the ranges of addresses."""
    from podo.controllers.endpoint_slice import EndpointSliceController
    from podo.controllers.endpoint_slice_mirroring import EndpointSliceMirroringController
    from podo.controllers.endpoints import EndpointsController
    from podo.controllers.load_balancer import LoadBalancerController
    from podo.controllers.node_ipam import NodeIPAM, PodRange
    from podo.controllers.service_cidr import ServiceCIDRController

    return [
        EndpointSliceController(client, clock, events),
        EndpointSliceMirroringController(client, clock, events),
        EndpointsController(client, clock, events),
        LoadBalancerController(client, events, cluster.balancer_ranges),
        NodeIPAM(client, clock, events, (PodRange(cluster.pod_network),)),
        ServiceCIDRController(client, clock, events),
    ]


def opt_in_controllers(
    client: "CachedClient", clock: "Clock", events: "EventWriter", fetch: "Fetch"
) -> "list[Controller[Any]]":
    """What workloads may ask for by annotation (docs/howto/roll-out-with-care.md)."""
    from podo.controllers.automatic_rollback import AutomaticRollback
    from podo.controllers.autoscaling.rest import RESTMetrics
    from podo.controllers.canary import CanaryController
    from podo.controllers.config_rollout import ConfigRollout
    from podo.controllers.served import ServedResources
    from podo.controllers.unstick import Unstick

    return [
        AutomaticRollback(client, clock, events),
        CanaryController(client, clock, events, RESTMetrics(fetch, ServedResources(client))),
        ConfigRollout(client, clock, events),
        Unstick(client, clock, events),
    ]


def identity_controllers(
    client: "CachedClient", clock: "Clock", events: "EventWriter", keys: "ClusterKeys"
) -> "list[Controller[Any]]":
    """The controllers of accounts, tokens and certificates."""
    from podo.controllers.bootstrap_signer import BootstrapSigner
    from podo.controllers.bootstrap_token_cleaner import BootstrapTokenCleaner
    from podo.controllers.csr_approving import CSRApproving
    from podo.controllers.csr_cleaner import CSRCleaner
    from podo.controllers.csr_signing import CSRSigning
    from podo.controllers.legacy_token_cleaner import LegacyTokenCleaner
    from podo.controllers.root_ca import RootCAController
    from podo.controllers.service_account import ServiceAccountController
    from podo.controllers.service_account_tokens import ServiceAccountTokens

    return [
        BootstrapSigner(client, clock),
        BootstrapTokenCleaner(client, clock),
        CSRApproving(client, clock),
        CSRCleaner(client, clock),
        CSRSigning(client, clock, keys.authority),
        LegacyTokenCleaner(client, clock),
        RootCAController(client, keys.ca),
        ServiceAccountController(client, clock, events),
        ServiceAccountTokens(client, keys.ca, keys.sign_token),
    ]


def storage_controllers(
    client: "CachedClient", clock: "Clock", events: "EventWriter", volumes: Path
) -> "list[Controller[Any]]":
    """The controllers of claims and volumes; podo's own volumes are in the folder `volumes`."""
    from podo.controllers.default_storage import DefaultStorage
    from podo.controllers.ephemeral_volume import EphemeralVolumes
    from podo.controllers.volume_attaching import VolumeAttaching
    from podo.controllers.volume_binding import VolumeBinding
    from podo.controllers.volume_expansion import VolumeExpansion
    from podo.controllers.volume_protection import ClaimProtection, ClassProtection, VolumeProtection
    from podo.controllers.volume_provisioning import VolumeDeletion, VolumeProvisioning
    from podo.controllers.volume_reclaim import VolumeReclaim
    from podo.storage.local.maker import LocalVolumes

    local = LocalVolumes(volumes)
    makers = {local.name: local}
    return [
        ClaimProtection(client, clock, events),
        ClassProtection(client, clock, events),
        DefaultStorage(client),
        EphemeralVolumes(client, clock, events),
        VolumeAttaching(client, clock, events),
        VolumeBinding(client, clock, events),
        VolumeDeletion(client, clock, events, makers),
        VolumeExpansion(client, clock, events, makers),
        VolumeProtection(client, clock, events),
        VolumeProvisioning(client, clock, events, makers),
        VolumeReclaim(client, clock, events),
    ]


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
        more_hosts=(cluster.host_address,),
        port=cluster.api_port,
        advertise=cluster.host_address,
        store=settings.store,
        service_cidr=cluster.service_network,
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
            keys, volumes = cluster_keys(pki), Path(settings.volumes_dir)

            def make(cached: "CachedClient", events: "EventWriter") -> "list[Controller[Any]]":
                return [
                    *controllers(cached, clock, events, api.fetch),
                    *identity_controllers(cached, clock, events, keys),
                    *network_controllers(cached, clock, events, cluster),
                    *opt_in_controllers(cached, clock, events, api.fetch),
                    *storage_controllers(cached, clock, events, volumes),
                ]

            tasks.create_task(manage(server.core, clock, informers, make), name="management")
            tasks.create_task(serve_ingresses(settings, client, informers, clock), name="ingresses")
            tasks.create_task(take_snapshots(client, informers, clock, volumes), name="snapshots")


async def serve_ingresses(settings: "ServerSettings", client: "Client", informers: Any, clock: "Clock") -> None:
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
        every = base.run(make(cached, events), cached, informers, clock, metrics=queues.of)
        tasks.create_task(every, name="controllers")


async def run_agent(settings: "AgentSettings", host_netns: Path | None) -> None:
    """A node's agent, in the namespace that this process is in. Runs until cancelled.

    `host_netns` is the host's, where registries are reached from, if that is another one.
    """
    from podo.client.kubeconfig import Credentials
    from podo.clock import SystemClock
    from podo.cluster.host import network_config
    from podo.node import agent
    from podo.node.api.server import NodeAPIConfig
    from podo.node.config import AgentConfig
    from podo.node.eviction.thresholds import EvictionLimits
    from podo.node.housekeeping.image_gc import ImageLimits
    from podo.node.housekeeping.local import LOCAL_EVICTION, LOCAL_IMAGES
    from podo.node.services import node_services

    node, clock = settings.node, SystemClock()
    certificate, key, authority = Path(settings.certificate), Path(settings.key), Path(settings.authority)
    config = AgentConfig(
        node_name=node.name,
        addresses=(node.address,),
        credentials=Credentials(
            server=settings.server,
            ca=authority.read_text(),
            certificate=certificate.read_text(),
            key=key.read_text(),
        ),
        network=network_config(settings.cluster),
        state_dir=Path(settings.state_dir),
        run_dir=Path(settings.run_dir) / "nodes" / node.name,
        images_dir=Path(settings.images_dir),
        volumes_dir=Path(settings.volumes_dir),
        pod_cidrs=(node.pod_cidr,),
        cpu=node.cpu,
        memory=node.memory,
        host_netns=host_netns,
        images=LOCAL_IMAGES if host_netns else ImageLimits(),
        eviction=LOCAL_EVICTION if host_netns else EvictionLimits(),
    )
    listen = NodeAPIConfig(address=node.address, certificate=certificate, key=key, authority=authority)
    await agent.run(config, node_services(listen, clock), clock)


def component(role: str, config: Path) -> int:
    """Run what a configuration file describes, until SIGTERM; the exit status."""
    import msgspec
    import uvloop

    from podo.cluster.components import AgentSettings, ServerSettings
    from podo.cluster.until_told import until_told
    from podo.server.options import OptionError

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("podo.server.http").setLevel(logging.WARNING)
    if role == "server":
        try:
            return uvloop.run(until_told(serve_cluster(msgspec.json.decode(config.read_bytes(), type=ServerSettings))))
        except OptionError as error:
            sys.stderr.write(f"podo: {error}\n")
            return 1
    settings = msgspec.json.decode(config.read_bytes(), type=AgentSettings)
    host_netns = None
    if settings.netns:
        from podo.network.namespaces import enter
        from podo.node.syscalls import CLONE_NEWUTS, sethostname, unshare

        host = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)  # open for as long as we run
        host_netns = Path(f"/proc/{os.getpid()}/fd/{host}")  # by our pid: others open it
        enter(Path(settings.netns))
        unshare(CLONE_NEWUTS)  # to what runs there a local node is a machine of its own, with a name of its own
        sethostname(settings.node.name)
    return uvloop.run(until_told(run_agent(settings, host_netns)))


def main(arguments: list[str] | None = None) -> int:
    """The `podo` command; the exit status. Components are told from verbs before anything is imported."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["server"] and "--config" not in given:
        from podo.api_only import run

        return run(given[1:])
    if given[:1] in (["server"], ["agent"]) and len(given) == 3 and given[1] == "--config":
        return component(given[0], Path(given[2]))
    from podo.cli.app import run as run_verb

    run_verb()
    return 0


if __name__ == "__main__":
    sys.exit(main())
