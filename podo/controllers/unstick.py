"""Un-stick a StatefulSet: a Pod of a bad revision that never became ready makes way for the new one. Opt-in.

An ordered rolling update waits for the Pod that it has replaced. If that can never become ready, a corrected template
would wait for ever too; in Kubernetes somebody has to delete the Pod.
"""

from collections.abc import Iterable

from podo.api.errors import NotFound
from podo.api.types.apps_v1 import StatefulSet
from podo.api.types.core_v1 import Pod
from podo.client.base import DeleteOptions, Key, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import ownership, pods
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.ownership import by_controller, controller_key
from podo.controllers.pod_trouble import trouble
from podo.controllers.statefulset_pods import revision_of

ANNOTATION = "podo.dev/unstick"


class Unstick:
    """Reads StatefulSet and Pod; deletes Pods that hold up an update to another revision than theirs."""

    name = "unstick"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._events = client, events.recorder("unstick")
        self._sets, self._pods = client.informer(StatefulSet), client.informer(Pod).index(by_controller)
        to_owner = controller_key("StatefulSet")
        self.watches = (
            Watch[Key](StatefulSet, to=itself),
            Watch[Key](Pod, to=to_owner, when=lambda old, new: new is not None and bool(trouble(new))),
        )

    async def reconcile(self, key: Key) -> Outcome:
        found = self._sets.get(key)
        if found is None or not is_wanted(found):
            return DONE
        for pod in stuck(found, ownership.owned(self._pods, found)):
            try:
                await self._client.delete(Pod, key_of(pod), DeleteOptions(uid=pod.metadata.uid))
            except NotFound:
                continue
            text = f"Deleted Pod {pod.metadata.name}, which kept StatefulSet {key.name} from its update: {trouble(pod)}"
            self._events.warning(found, "Unstuck", text)
        return DONE


def is_wanted(found: StatefulSet) -> bool:
    """Whether the StatefulSet asks for it, and its status is about its template as it is now."""
    meta, status = found.metadata, found.status
    seen = (status.observed_generation or 0) >= (meta.generation or 0)
    return meta.annotations.get(ANNOTATION) == "true" and not meta.deletion_timestamp and seen


def stuck(found: StatefulSet, members: Iterable[Pod]) -> list[Pod]:
    """The Pods that can never become ready and are of a revision that is left behind."""
    wanted, strategy = found.status.update_revision, found.spec.update_strategy
    if not wanted or (strategy is not None and strategy.type == "OnDelete"):
        return []
    kept = {wanted, found.status.current_revision}
    return [
        pod
        for pod in members
        if revision_of(pod) not in kept
        and not pod.metadata.deletion_timestamp
        and not pods.is_ready(pod)
        and trouble(pod)
    ]
