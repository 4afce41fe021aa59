"""The node API as a part of the agent: the table of paths, listening for as long as the agent runs."""

import asyncio

from aiohttp import web

from podo.clock import Clock
from podo.node.api.access import NodeAccess
from podo.node.api.drivers import DriverCalls
from podo.node.api.exec import attach_to, exec_in
from podo.node.api.figures import Figures
from podo.node.api.logs import Logs
from podo.node.api.node_logs import LogPlace, NodeLogs
from podo.node.api.port_forward import PortForward
from podo.node.api.server import Answer, Node, NodeAPI, NodeAPIConfig, Request, plain, serving
from podo.node.runtime.base import Runtime


async def run(
    runtime: Runtime, clock: Clock, config: NodeAPIConfig, figures: Figures, access: NodeAccess, calls: DriverCalls
) -> None:
    """Serve until cancelled. Raises OSError if the port is taken."""
    api = NodeAPI(paths(Node(runtime, clock), figures) | {"csi": calls}, access.allowed, access.identify)
    async with serving(api, config):
        await asyncio.Event().wait()


def paths(node: Node, figures: Figures) -> dict[str, Answer]:
    """What answers for which first segment of a path."""
    return {
        "configz": figures.configz,
        "metrics": figures.metrics,
        "pods": figures.pods,
        "runningpods": figures.pods,
        "stats": figures.stats,
        "attach": attach_to(node),
        "containerLogs": Logs(node),
        "exec": exec_in(node),
        "healthz": healthy,
        "logs": NodeLogs(LogPlace.of_this_process(figures.name)),
        "portForward": PortForward(node),
    }


async def healthy(request: Request) -> web.StreamResponse:
    """The agent's loop runs, or this would not answer."""
    return plain("ok")
