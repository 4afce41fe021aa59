"""The claims of a Pod, also those that are made for it alone (KEP-1698). Pure."""

from podo.api.types.core_v1 import PersistentVolumeClaim, Pod
from podo.client.base import Key


def claims_of(pod: Pod) -> list[Key]:
    """The places of the claims that a Pod uses."""
    names = [v.persistent_volume_claim.claim_name for v in pod.spec.volumes if v.persistent_volume_claim]
    names += ephemeral_names(pod)
    return [Key(pod.metadata.namespace, name) for name in names]


def ephemeral_names(pod: Pod) -> list[str]:
    """The names of the claims that are made for the Pod's ephemeral volumes."""
    return [f"{pod.metadata.name}-{v.name}" for v in pod.spec.volumes if v.ephemeral]


def is_made_for(claim: PersistentVolumeClaim, pod: Pod) -> bool:
    """Whether the claim is the Pod's own, and not just one of the same name."""
    return any(r.controller and r.uid == pod.metadata.uid for r in claim.metadata.owner_references)
