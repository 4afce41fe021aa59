"""The node API as a part of the agent: the table of paths, listening for as long as the agent runs."""

import asyncio

from aiohttp import web

from podo.clock import Clock
from podo.node.api.exec import attach_to, exec_in
from podo.node.api.logs import Logs
from podo.node.api.port_forward import PortForward
from podo.node.api.server import Answer, Node, NodeAPI, NodeAPIConfig, Request, plain, serving
from podo.node.runtime.base import Runtime


async def run(runtime: Runtime, clock: Clock, config: NodeAPIConfig) -> None:
    """Serve until cancelled. Raises OSError if the port is taken."""
    async with serving(NodeAPI(paths(Node(runtime, clock))), config):
        await asyncio.Event().wait()


def paths(node: Node) -> dict[str, Answer]:
    """What answers for which first segment of a path."""
    return {
        "attach": attach_to(node),
        "containerLogs": Logs(node),
        "exec": exec_in(node),
        "healthz": healthy,
        "portForward": PortForward(node),
    }


async def healthy(request: Request) -> web.StreamResponse:
    """The agent's loop runs, or this would not answer."""
    return plain("ok")
