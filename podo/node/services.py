"""What runs beside the workers of a node, one line each. Part of the composition: only `main` calls it."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from podo.api import quantity
from podo.clock import Clock
from podo.node.api import service
from podo.node.api.access import NodeAccess
from podo.node.api.drivers import DriverCalls
from podo.node.api.figures import Figures, KnownOfNode
from podo.node.api.server import NodeAPIConfig
from podo.node.config import AgentConfig
from podo.node.eviction.manager import Edges, Eviction
from podo.node.housekeeping.image_gc import ImageGC, disk_of
from podo.node.housekeeping.log_rotation import LogRotation
from podo.node.housekeeping.volume_care import VolumeCare
from podo.node.running import NodeService, RunningNode
from podo.node.runtime.observed import ObservedContainer
from podo.node.stats.groups import read_groups
from podo.node.stats.moments import Moments


def node_services(listen: NodeAPIConfig, clock: Clock) -> list[NodeService]:
    """Each runs until it is cancelled; the node ends if one fails."""

    async def node_api(node: RunningNode) -> None:
        access = NodeAccess(node.client, node.config.node_name, clock)
        calls = DriverCalls(node.plugins.callers.get)
        await service.run(node.runtime, clock, listen, figures_of(node, clock), access, calls)

    async def log_rotation(node: RunningNode) -> None:
        await LogRotation(node.runtime, clock, node.config.logs).run()

    async def image_list(node: RunningNode) -> None:
        await node.backend.watch_images(node.registration.touch)

    async def image_collection(node: RunningNode) -> None:
        await image_gc(node, clock).run()

    async def eviction(node: RunningNode) -> None:
        await eviction_manager(node, clock).run()

    async def volume_care(node: RunningNode) -> None:
        told, name = node.recorder, node.config.node_name
        care = VolumeCare(node.dispatcher.pods, node.claims, node.readings, told, clock, name, node.repeating)
        await care.run()

    return [node_api, log_rotation, image_list, image_collection, eviction, volume_care]


def figures_of(node: RunningNode, clock: Clock) -> Figures:
    """What the node API tells of a node."""
    pods = node.dispatcher.pods

    async def containers() -> Sequence[ObservedContainer]:
        return (await node.runtime.observe()).containers

    known = KnownOfNode(
        name=node.config.node_name,
        moments=Moments(node.stats, pods, clock),
        pods=pods,
        probes=node.parts.probes,
        volumes=node.readings.of,
        settings=settings_of(node.config),
        containers=containers,
        groups=lambda moment: read_groups(node.cgroups, node.parts.facts.cgroup_root, moment.pods),
        measures=node.parts.measures,
        cores=float(quantity.parse(node.parts.facts.allocatable["cpu"])),
    )
    return Figures(known)


def settings_of(config: AgentConfig) -> dict[str, Any]:
    """What of an agent's settings a kubelet has too, in its words."""
    return {
        "address": config.addresses[0] if config.addresses else "",
        "port": config.api_port,
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True}},
        "authorization": {"mode": "Webhook"},
        "clusterDomain": config.network.cluster_domain,
        "clusterDNS": [config.network.dns_address],
        "maxPods": config.max_pods,
        "seccompDefault": config.seccomp_default,
        "staticPodPath": str(config.manifest_dir),
    }


def image_gc(node: RunningNode, clock: Clock) -> ImageGC:
    """The collector of a node's images."""
    disk = partial(disk_of, node.images.root)
    return ImageGC(node.images, disk, clock, node.config.images, node.warn)


def eviction_manager(node: RunningNode, clock: Clock) -> Eviction:
    """The eviction manager of a node."""
    dispatcher = node.dispatcher

    def pressures(found: frozenset[str]) -> None:
        dispatcher.pressures = found
        node.registration.set_pressures(found)

    edges = Edges(
        pods=dispatcher.active,
        end=lambda pod, verdict: dispatcher.end(pod.metadata.uid, verdict),
        gone=lambda pod: dispatcher.stopped(pod.metadata.uid),
        reclaim=image_gc(node, clock).free_all,
        pressures=pressures,
        warn=node.warn,
        warn_pod=node.recorder.warning,
        count=lambda signal: node.parts.measures.count("kubelet_evictions", eviction_signal=signal),
    )
    return Eviction(node.stats, edges, node.config.eviction, clock)
