"""What runs beside the workers of a node, one line each. Part of the composition: only `main` calls it."""

from functools import partial

from podo.clock import Clock
from podo.node.agent import NodeService, RunningNode
from podo.node.api import service
from podo.node.api.server import NodeAPIConfig
from podo.node.eviction.manager import Edges, Eviction
from podo.node.housekeeping.image_gc import ImageGC, disk_of
from podo.node.housekeeping.image_list import watch_images
from podo.node.housekeeping.log_rotation import LogRotation


def node_services(listen: NodeAPIConfig, clock: Clock) -> list[NodeService]:
    """Each runs until it is cancelled; the node ends if one fails."""

    async def node_api(node: RunningNode) -> None:
        await service.run(node.runtime, clock, listen)

    async def log_rotation(node: RunningNode) -> None:
        await LogRotation(node.runtime, clock, node.config.logs).run()

    async def image_list(node: RunningNode) -> None:
        await watch_images(node.images.root, node.registration.touch)

    async def image_collection(node: RunningNode) -> None:
        await image_gc(node, clock).run()

    async def eviction(node: RunningNode) -> None:
        await eviction_manager(node, clock).run()

    return [node_api, log_rotation, image_list, image_collection, eviction]


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
    )
    return Eviction(node.stats, edges, node.config.eviction, clock)
