"""ReplicaSet: see `replicas.py`, which does the work."""

from podo.api import selectors
from podo.api.types.apps_v1 import ReplicaSet, ReplicaSetCondition
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.ownership import Selector
from podo.controllers.replicas import FAILURE, Counts, Failure, Replicas, changes, replaced, with_failure


class ReplicaSetController(Replicas[ReplicaSet]):
    """Reads ReplicaSet and Pod; writes Pods, and ReplicaSet.status."""

    name = "replicaset"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        super().__init__(_Shape(), client, clock, events)


class _Shape:
    kind, component = ReplicaSet, "replicaset-controller"

    def selector(self, obj: ReplicaSet) -> Selector:
        return selectors.from_object(obj.spec.selector)

    def status(self, obj: ReplicaSet, counts: Counts, failure: Failure | None, now: str) -> ReplicaSet:
        failed = (
            None
            if failure is None
            else ReplicaSetCondition(
                type=FAILURE, status="True", reason=failure.reason, message=failure.message, last_transition_time=now
            )
        )
        conditions = with_failure(obj.status.conditions, failed)
        fields = changes(obj, counts) | {"terminating_replicas": counts.terminating, "conditions": conditions}
        return replaced(obj, **fields)
