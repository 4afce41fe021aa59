"""The Pods and claims of a StatefulSet: their names, identity and storage. Pure."""

import re
from collections.abc import Iterable

import msgspec

from podo.api.types.apps_v1 import StatefulSet
from podo.api.types.core_v1 import (
    PersistentVolumeClaim,
    PersistentVolumeClaimVolumeSource,
    Pod,
    PodTemplateSpec,
    Volume,
)
from podo.api.types.meta_v1 import OwnerReference
from podo.controllers import pods
from podo.controllers.history import HASH_LABEL
from podo.controllers.ownership import reference_to

POD_NAME, POD_INDEX = "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"
DELETE, RETAIN = "Delete", "Retain"
_NAME = re.compile(r"(.*)-(\d+)")


def ordinal_of(pod: Pod) -> int:
    """The number that ends its name; -1 if there is none."""
    match = _NAME.fullmatch(pod.metadata.name)
    return int(match[2]) if match else -1


def is_member(name: str, pod: Pod) -> bool:
    """Whether the Pod is called as a StatefulSet's Pods are."""
    match = _NAME.fullmatch(pod.metadata.name)
    return match is not None and match[1] == name


def ordinals(s: StatefulSet) -> range:
    """The numbers of the Pods that there should be."""
    start = (s.spec.ordinals.start or 0) if s.spec.ordinals else 0
    return range(start, start + (1 if s.spec.replicas is None else s.spec.replicas))


def pod_name(s: StatefulSet, ordinal: int) -> str:
    """The name of its Pod of a number."""
    return f"{s.metadata.name}-{ordinal}"


def revision_of(pod: Pod) -> str:
    """The name of the revision that a Pod was made from."""
    return pod.metadata.labels.get(HASH_LABEL, "")


def make_pod(s: StatefulSet, template: PodTemplateSpec, revision: str, ordinal: int) -> Pod:
    """The Pod of a number, from a template of the StatefulSet."""
    made, name = pods.from_template(template, s), pod_name(s, ordinal)
    meta = msgspec.structs.replace(made.metadata, name=name, generate_name="")
    spec = msgspec.structs.replace(made.spec, hostname=name, subdomain=s.spec.service_name)
    made = with_identity(s, msgspec.structs.replace(made, metadata=meta, spec=spec))
    labels = made.metadata.labels | {HASH_LABEL: revision}
    return msgspec.structs.replace(made, metadata=msgspec.structs.replace(made.metadata, labels=labels))


def with_identity(s: StatefulSet, pod: Pod) -> Pod:
    """With the labels that tell its place, and with its claims as volumes."""
    ordinal = ordinal_of(pod)
    labels = pod.metadata.labels | {POD_NAME: pod_name(s, ordinal), POD_INDEX: str(ordinal)}
    claims = {t.metadata.name: claim_name(s, t, ordinal) for t in s.spec.volume_claim_templates}
    ours = [
        Volume(name=name, persistent_volume_claim=PersistentVolumeClaimVolumeSource(claim_name=claim))
        for name, claim in claims.items()
    ]
    volumes = (*ours, *(v for v in pod.spec.volumes if v.name not in claims))
    meta = msgspec.structs.replace(pod.metadata, labels=labels)
    return msgspec.structs.replace(pod, metadata=meta, spec=msgspec.structs.replace(pod.spec, volumes=volumes))


def matches(s: StatefulSet, pod: Pod) -> bool:
    """Whether its labels and volumes are what they should be."""
    ordinal, held = ordinal_of(pod), {v.name: v.persistent_volume_claim for v in pod.spec.volumes}
    for template in s.spec.volume_claim_templates:
        claim = held.get(template.metadata.name)
        if claim is None or claim.claim_name != claim_name(s, template, ordinal):
            return False
    return pod.metadata.labels.get(POD_NAME) == pod.metadata.name


def claim_name(s: StatefulSet, template: PersistentVolumeClaim, ordinal: int) -> str:
    """The name of the claim that the Pod of a number has by a template."""
    return f"{template.metadata.name}-{s.metadata.name}-{ordinal}"


def claims(s: StatefulSet, ordinal: int) -> list[PersistentVolumeClaim]:
    """The claims of the Pod of a number."""
    selected = s.spec.selector.match_labels if s.spec.selector else {}
    return [
        msgspec.structs.replace(
            template,
            metadata=msgspec.structs.replace(
                template.metadata,
                name=claim_name(s, template, ordinal),
                namespace=s.metadata.namespace,
                labels=template.metadata.labels | selected,
            ),
        )
        for template in s.spec.volume_claim_templates
    ]


def policies(s: StatefulSet) -> tuple[str, str]:
    """(when deleted, when scaled): whether claims go."""
    policy = s.spec.persistent_volume_claim_retention_policy
    return (policy.when_deleted or RETAIN, policy.when_scaled or RETAIN) if policy else (RETAIN, RETAIN)


def claim_owners(s: StatefulSet, pod: Pod, observed: Iterable[OwnerReference]) -> tuple[OwnerReference, ...]:
    """The owners that a claim should have so that the garbage collector does what the policies say.

    A claim of a StatefulSet or Pod that was of the same name, or with another controller, is not taken over.
    """
    observed = tuple(observed)
    mine = [r for r in observed if _refers_to(r, "StatefulSet", s.metadata.name)]
    pods_ = [r for r in observed if _refers_to(r, "Pod", pod.metadata.name)]
    if any(r.uid != s.metadata.uid for r in mine) or any(r.uid != pod.metadata.uid for r in pods_):
        return observed
    others = tuple(r for r in observed if r not in mine and r not in pods_)
    when_deleted, when_scaled = policies(s)
    if (when_deleted, when_scaled) != (RETAIN, RETAIN) and any(r.controller for r in others):
        return others
    going = ordinal_of(pod) not in ordinals(s)
    if when_scaled == DELETE and going:
        return (*others, reference_to(pod))
    if when_deleted == DELETE and not (going and when_scaled == DELETE):
        return (*others, reference_to(s))
    return others


def is_stale(claim: PersistentVolumeClaim, s: StatefulSet, ordinal: int) -> bool:
    """Whether a claim still belongs to the Pod of this number that was before, and will go with it."""
    name = pod_name(s, ordinal)
    return policies(s)[1] == DELETE and any(_refers_to(r, "Pod", name) for r in claim.metadata.owner_references)


def _refers_to(reference: OwnerReference, kind: str, name: str) -> bool:
    return (reference.kind, reference.name) == (kind, name)
