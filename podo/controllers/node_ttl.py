"""TTL of Nodes: an annotation says for how long agents may keep Secrets and ConfigMaps, by the size of the cluster."""

from collections.abc import Iterable
from typing import NamedTuple

from podo.api.types.core_v1 import Node
from podo.client.base import STRATEGIC_PATCH, Key, Patch, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.base import DONE, Outcome, Watch

ANNOTATION = "node.alpha.kubernetes.io/ttl"


class Step(NamedTuple):
    """With so many Nodes the time is so many seconds. The bounds overlap, so that it does not swing at one of them."""

    least: int
    most: int
    seconds: int


STEPS = (Step(0, 100, 0), Step(90, 500, 15), Step(450, 1000, 30), Step(900, 2000, 60), Step(1800, 2**31, 300))


class NodeTTL:
    """Reads Nodes; writes one annotation of each."""

    name = "ttl"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._nodes, self._step = client, client.informer(Node), STEPS[0]
        self.watches = (Watch[Key](Node, to=self._concerned, when=_may_matter),)

    async def reconcile(self, key: Key) -> Outcome:
        node = self._nodes.get(key)
        wanted = str(self._step.seconds)
        if node is not None and node.metadata.annotations.get(ANNOTATION) != wanted:
            body = {"metadata": {"annotations": {ANNOTATION: wanted}}}
            await self._client.patch(Node, key, Patch(media_type=STRATEGIC_PATCH, body=body))
        return DONE

    def _concerned(self, node: Node) -> Iterable[Key]:
        """The Node, or all of them where their number makes for another time."""
        step = step_for(len(self._nodes), self._step)
        if step == self._step:
            return (key_of(node),)
        self._step = step
        return [key_of(each) for each in self._nodes]


def step_for(count: int, now: Step) -> Step:
    """The step for so many Nodes; the one of now as long as it fits."""
    while count > now.most:
        now = STEPS[STEPS.index(now) + 1]
    while count < now.least:
        now = STEPS[STEPS.index(now) - 1]
    return now


def _may_matter(old: Node | None, new: Node | None) -> bool:
    return old is None or new is None or old.metadata.annotations != new.metadata.annotations
