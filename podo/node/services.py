"""What runs beside the workers of a node, one line each. Part of the composition: only `main` calls it."""

from podo.clock import Clock
from podo.node.agent import NodeService, RunningNode
from podo.node.api import service
from podo.node.api.server import NodeAPIConfig
from podo.node.housekeeping.log_rotation import LogRotation


def node_services(listen: NodeAPIConfig, clock: Clock) -> list[NodeService]:
    """Each runs until it is cancelled; the node ends if one fails."""

    async def node_api(node: RunningNode) -> None:
        await service.run(node.runtime, clock, listen)

    async def log_rotation(node: RunningNode) -> None:
        await LogRotation(node.runtime, clock, node.config.logs).run()

    return [node_api, log_rotation]
