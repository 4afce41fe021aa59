"""What runs beside the workers of a node, one line each. Part of the composition: only `main` calls it."""

from functools import partial

from podo.clock import Clock
from podo.node.agent import NodeService, RunningNode
from podo.node.api import service
from podo.node.api.server import NodeAPIConfig
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

    return [node_api, log_rotation, image_list, image_collection]


def image_gc(node: RunningNode, clock: Clock) -> ImageGC:
    """The collector of a node's images."""
    disk = partial(disk_of, node.images.root)
    return ImageGC(node.images, disk, clock, node.config.images, node.warn)
