"""A node at work, as what runs beside its workers sees it."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from podo.client.events import EventRecorder
from podo.client.http import HTTPClient
from podo.client.informers import Informers
from podo.node.backends import Backend, NodeImages
from podo.node.cgroups.base import Cgroups
from podo.node.config import AgentConfig
from podo.node.housekeeping.volume_care import Repeating
from podo.node.registration.node_events import node_reference
from podo.node.registration.register import Registration
from podo.node.runtime.base import Runtime
from podo.node.stats.reader import NodeStats
from podo.node.volumes.claims import ClaimVolumes
from podo.node.volumes.figures import VolumeReadings
from podo.node.volumes.plugins import Plugins
from podo.node.worker.dispatch import PodDispatcher
from podo.node.worker.parts import Parts


@dataclass(frozen=True)
class RunningNode:
    """A node at work: what its API, its statistics and its eviction look at."""

    config: AgentConfig
    parts: Parts
    runtime: Runtime
    backend: Backend
    cgroups: Cgroups
    dispatcher: PodDispatcher
    registration: Registration
    client: HTTPClient
    informers: Informers
    recorder: EventRecorder
    stats: NodeStats
    claims: ClaimVolumes
    readings: VolumeReadings
    plugins: Plugins
    repeating: Repeating

    @property
    def images(self) -> NodeImages:
        """The images that its containers are made of."""
        return self.backend.images

    def warn(self, reason: str, message: str) -> None:
        """Record an event about the Node itself."""
        if node := self.registration.node:
            self.recorder.warning(node_reference(node), reason, message)


NodeService = Callable[[RunningNode], Coroutine[Any, Any, None]]
"""A part that runs beside the workers for as long as the agent: the node API, eviction."""
