"""ReplicationController, what was before ReplicaSet: see `replicas.py`, which does the work."""

from podo.api import selectors
from podo.api.types.core_v1 import ReplicationController, ReplicationControllerCondition
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.ownership import Selector
from podo.controllers.replicas import FAILURE, Counts, Failure, Replicas, changes, replaced, with_failure


class ReplicationControllerController(Replicas[ReplicationController]):
    """Reads ReplicationController and Pod; writes Pods, and ReplicationController.status."""

    name = "replicationcontroller"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        super().__init__(_Shape(), client, clock, events)


class _Shape:
    kind, component = ReplicationController, "replication-controller"

    def selector(self, obj: ReplicationController) -> Selector:
        return selectors.from_labels(obj.spec.selector)

    def status(
        self, obj: ReplicationController, counts: Counts, failure: Failure | None, now: str
    ) -> ReplicationController:
        failed = (
            None
            if failure is None
            else ReplicationControllerCondition(
                type=FAILURE, status="True", reason=failure.reason, message=failure.message, last_transition_time=now
            )
        )
        return replaced(obj, **changes(obj, counts), conditions=with_failure(obj.status.conditions, failed))
