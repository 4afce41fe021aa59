"""GET /stats, /metrics, /pods and /configz: what the node knows of itself."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from podo.api import scheme
from podo.api.errors import NotFound
from podo.api.types.core_v1 import Pod
from podo.node.api.exposition import (
    CONTENT_TYPE,
    Family,
    exposed,
    probe_metrics,
    resource_metrics,
)
from podo.node.api.exposition_agent import agent_metrics
from podo.node.api.exposition_cadvisor import cadvisor_metrics
from podo.node.api.exposition_volumes import volume_metrics
from podo.node.api.query import flag
from podo.node.api.server import Request, json_answer
from podo.node.api.summary import summary
from podo.node.measures import Measures
from podo.node.probes.tally import ProbeCount
from podo.node.runtime.observed import ObservedContainer
from podo.node.stats.groups import Groups
from podo.node.stats.moments import Moment, Moments
from podo.node.volumes.figures import Found


@dataclass(frozen=True, kw_only=True)
class KnownOfNode:
    """Where the answers come from."""

    name: str
    moments: Moments
    pods: Callable[[], Iterable[Pod]]
    probes: Mapping[ProbeCount, int]
    volumes: Callable[[Iterable[Pod]], Awaitable[Found]]
    settings: Mapping[str, Any]
    containers: Callable[[], Awaitable[Sequence[ObservedContainer]]]
    groups: Callable[[Moment], Groups]
    measures: Measures
    cores: float = 0.0


class Figures:
    """Answers for a node."""

    def __init__(self, node: KnownOfNode) -> None:
        self._node, self.name = node, node.name

    async def stats(self, request: Request) -> web.StreamResponse:
        """The Summary."""
        if request.parts not in (("summary",), ()):
            raise NotFound("the path is /stats/summary")
        brief = flag(request.query, "only_cpu_and_memory")
        moment = await self._node.moments.now()
        volumes = {} if brief else await self._node.volumes([pod for pod, _ in moment.pods])
        return json_answer(summary(moment, self._node.name, volumes, brief=brief))

    async def metrics(self, request: Request) -> web.StreamResponse:
        """Metrics, by what stands behind /metrics."""
        which = "/".join(request.parts)
        text = exposed(await self._families(which))
        return _text(text if which else text + "".join(self._node.measures.lines()))

    async def _families(self, which: str) -> list[Family]:
        node = self._node
        match which:
            case "":
                pods = [*node.pods()]
                own = agent_metrics(pods, await node.containers(), node.name)
                return [*own, *volume_metrics(pods, await node.volumes(pods))]
            case "resource":
                return resource_metrics(await node.moments.now())
            case "cadvisor":
                moment = await node.moments.now()
                return cadvisor_metrics(moment, await asyncio.to_thread(node.groups, moment), cores=node.cores)
            case "probes":
                return probe_metrics(node.probes, node.pods())
        raise NotFound("the paths are /metrics and /metrics/{resource,cadvisor,probes}")

    async def pods(self, request: Request) -> web.StreamResponse:
        """A PodList of what is bound to the node."""
        items = [msgspec.Raw(scheme.encode(pod)) for pod in self._node.pods()]
        return json_answer({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items})

    async def configz(self, request: Request) -> web.StreamResponse:
        """The agent's settings in a kubelet's words."""
        head = {"kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1"}
        return json_answer({"kubeletconfig": {**head, **self._node.settings}})


def _text(text: str) -> web.Response:
    return web.Response(text=text, headers={"Content-Type": CONTENT_TYPE})
