"""Which changes matter to the scheduler: what may let a Pod fit that waits, and what the snapshot counts. Pure."""

from podo.api.types.core_v1 import Node, Pod
from podo.api.types.resource_v1 import ResourceClaim


def helps(old: ResourceClaim | None, new: ResourceClaim | None) -> bool:
    """Whether a claim's change may let a Pod fit that waits for it, or for the devices that it had."""
    if old is None or new is None:
        return True
    freed = old.status.allocation is not None and new.status.allocation is None
    shared = not new.metadata.owner_references and old.status.allocation is None
    return freed or shared or old.status.devices != new.status.devices or old.spec != new.spec


def wants_retry(old: Pod, new: Pod) -> bool:
    """Whether the change is one that may let the Pod fit: not just of its status."""
    if old.status.resource_claim_statuses != new.status.resource_claim_statuses:
        return True
    return old.spec != new.spec or old.metadata.labels != new.metadata.labels


def counts_differ(old: Pod, new: Pod) -> bool:
    """Whether a bound Pod's change matters to the snapshot."""
    return (old.spec, old.metadata.labels, old.metadata.deletion_timestamp, old.metadata.uid) != (
        new.spec,
        new.metadata.labels,
        new.metadata.deletion_timestamp,
        new.metadata.uid,
    )


def makes_room(old: Node, new: Node) -> bool:
    """Whether a node's change may let more Pods fit: heartbeats do not."""
    return (old.spec, old.status.allocatable, old.metadata.labels) != (
        new.spec,
        new.status.allocatable,
        new.metadata.labels,
    )
