"""What everyone who reads resource claims needs of them (KEP-4381). Pure."""

from collections.abc import Iterator, Sequence

from podo.api.types.core_v1 import Pod, PodResourceClaim
from podo.api.types.resource_v1 import (
    DeviceRequestAllocationResult,
    DeviceTaint,
    DeviceToleration,
    ResourceClaim,
    ResourceClaimConsumerReference,
)

FINALIZER = "resource.kubernetes.io/delete-protection"
EXTENDED = "resource.kubernetes.io/extended-resource-claim"
"""The annotation of a claim that stands for the extended resources of a Pod (KEP-5004)."""
IMPLICIT_PREFIX = "deviceclass.resource.kubernetes.io/"
"""The domain of extended resources that are named after a device class."""
MOST_CONSUMERS = 256


def claim_name(pod: Pod, entry: PodResourceClaim) -> str:
    """The name of the claim that a Pod's entry stands for; "" while it has none."""
    if entry.resource_claim_name:
        return entry.resource_claim_name
    statuses = (s.resource_claim_name for s in pod.status.resource_claim_statuses if s.name == entry.name)
    return next(statuses, "")


def is_needless(pod: Pod, entry: PodResourceClaim) -> bool:
    """Whether an entry was found to need no claim: its status is there, without a name."""
    return any(s.name == entry.name and not s.resource_claim_name for s in pod.status.resource_claim_statuses)


def extended_claim(pod: Pod) -> str:
    """The name of the claim that stands for the Pod's extended resources; "" if there is none."""
    status = pod.status.extended_resource_claim_status
    return status.resource_claim_name if status else ""


def claim_names(pod: Pod) -> Iterator[str]:
    """The names of all claims that a Pod has, as far as they are known."""
    for name in (*(claim_name(pod, entry) for entry in pod.spec.resource_claims), extended_claim(pod)):
        if name:
            yield name


def consumer(pod: Pod) -> ResourceClaimConsumerReference:
    """The Pod, as one that a claim is reserved for."""
    return ResourceClaimConsumerReference(resource="pods", name=pod.metadata.name, uid=pod.metadata.uid)


def is_reserved_for(claim: ResourceClaim, pod: Pod) -> bool:
    """Whether the Pod is one of those that have the claim."""
    return any(c.uid == pod.metadata.uid for c in claim.status.reserved_for)


def results(claim: ResourceClaim) -> Sequence[DeviceRequestAllocationResult]:
    """The devices that a claim has."""
    allocation = claim.status.allocation
    return allocation.devices.results if allocation and allocation.devices else ()


def tolerates(toleration: DeviceToleration, taint: DeviceTaint) -> bool:
    """Whether a toleration is about a taint."""
    if toleration.effect not in ("", taint.effect):
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    return toleration.operator == "Exists" or toleration.value == taint.value
