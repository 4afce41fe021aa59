"""Which ReplicaSet is a Deployment's new one, and what is written on each of them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from podo.api.types.apps_v1 import Deployment, ReplicaSet, ReplicaSetSpec
from podo.api.types.core_v1 import PodTemplateSpec
from podo.api.types.meta_v1 import LabelSelector, ObjectMeta
from podo.controllers.amounts import fenceposts
from podo.controllers.canary_steps import MARKS
from podo.controllers.ownership import reference_to

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
ROLLBACK_TO = "deprecated.deployment.rollback.to"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
STATE = "podo.dev/revision-state"
"""What is known of a ReplicaSet's revision (`automatic_rollback.py`)."""
NOT_COPIED = frozenset({LAST_APPLIED, REVISION, HISTORY, DESIRED, MAXIMUM, ROLLBACK_TO, STATE, *MARKS})
HISTORY_LENGTH = 2000  # characters that the history annotation may grow to
NAME_LENGTH = 253
HASH_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # no vowels and no look-alikes: a hash is never a word


class Sets(NamedTuple):
    """A Deployment's ReplicaSets: the one of its template, if there is one, and all others."""

    new: ReplicaSet | None
    old: tuple[ReplicaSet, ...]

    @property
    def all(self) -> tuple[ReplicaSet, ...]:
        """All of them."""
        return self.old if self.new is None else (*self.old, self.new)

    def replace(self, changed: Iterable[ReplicaSet]) -> "Sets":
        """With the changed ones in the place of those they were."""
        by_uid = {rs.metadata.uid: rs for rs in changed}
        new = self.new and by_uid.get(self.new.metadata.uid, self.new)
        return Sets(new, tuple(by_uid.get(rs.metadata.uid, rs) for rs in self.old))


def size(rs: ReplicaSet) -> int:
    """How many Pods it should have."""
    return 1 if rs.spec.replicas is None else rs.spec.replicas


def desired(d: Deployment) -> int:
    """How many Pods there should be."""
    return 1 if d.spec.replicas is None else d.spec.replicas


def active(sets: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    """Those that should have Pods."""
    return [rs for rs in sets if size(rs) > 0]


def age(rs: ReplicaSet) -> tuple[str, str]:
    """Sort key: the older first, then by name."""
    return rs.metadata.creation_timestamp, rs.metadata.name


def is_rolling(d: Deployment) -> bool:
    """Whether it replaces Pods bit by bit."""
    return d.spec.strategy is None or d.spec.strategy.type != "Recreate"


def bounds(d: Deployment) -> tuple[int, int]:
    """(maxSurge, maxUnavailable) in Pods."""
    rolling = d.spec.strategy.rolling_update if d.spec.strategy else None
    if not is_rolling(d) or rolling is None:
        return 0, 0
    above, below = fenceposts(rolling.max_surge, rolling.max_unavailable, desired(d))
    return above, min(below, desired(d))


def without_hash(template: PodTemplateSpec) -> PodTemplateSpec:
    """The template that a ReplicaSet was made from."""
    if HASH_LABEL not in template.metadata.labels:
        return template
    labels = {k: v for k, v in template.metadata.labels.items() if k != HASH_LABEL}
    return msgspec.structs.replace(template, metadata=msgspec.structs.replace(template.metadata, labels=labels))


def is_of(rs: ReplicaSet, d: Deployment) -> bool:
    """Whether it has the Deployment's template."""
    return without_hash(rs.spec.template) == without_hash(d.spec.template)


def divide(d: Deployment, sets: Iterable[ReplicaSet]) -> Sets:
    """The new ReplicaSet, the oldest with the Deployment's template, and the old ones, oldest first."""
    wanted, ordered = without_hash(d.spec.template), sorted(sets, key=age)
    new = next((rs for rs in ordered if without_hash(rs.spec.template) == wanted), None)
    return Sets(new, tuple(rs for rs in ordered if rs is not new))


def revision(rs: ReplicaSet) -> int:
    """Its number in the rollout history; 0 if it has none."""
    return _number(rs.metadata.annotations.get(REVISION, "")) or 0


def next_revision(old: Iterable[ReplicaSet]) -> int:
    """The number of what comes after the old ones."""
    return max(map(revision, old), default=0) + 1


def last_revision(sets: Iterable[ReplicaSet]) -> int:
    """The number of the last but one; 0 if there is none."""
    return sorted([0, 0, *map(revision, sets)])[-2]


def template_hash(template: PodTemplateSpec, collisions: int) -> str:
    """The value of the label that tells a Deployment's ReplicaSets apart."""
    data = msgspec.json.encode(without_hash(template), order="deterministic")
    if collisions:
        data += collisions.to_bytes(8, "little")
    state = 2166136261  # FNV-1a, 32 bits
    for byte in data:
        state = (state ^ byte) * 16777619 & 0xFFFFFFFF
    return "".join(HASH_LETTERS[ord(digit) % len(HASH_LETTERS)] for digit in str(state))


def make_replica_set(d: Deployment, old: Sequence[ReplicaSet]) -> ReplicaSet:
    """The ReplicaSet of the Deployment's template, with no Pods yet."""
    mark = template_hash(d.spec.template, d.status.collision_count or 0)
    labels = {**d.spec.template.metadata.labels, HASH_LABEL: mark}
    template_meta = msgspec.structs.replace(d.spec.template.metadata, labels=labels)
    selector = d.spec.selector or LabelSelector()
    made = ReplicaSet(
        metadata=ObjectMeta(
            name=f"{d.metadata.name[: NAME_LENGTH - 1 - len(mark)]}-{mark}",
            namespace=d.metadata.namespace,
            labels=labels,
            owner_references=(reference_to(d),),
        ),
        spec=ReplicaSetSpec(
            replicas=0,
            min_ready_seconds=d.spec.min_ready_seconds,
            selector=msgspec.structs.replace(selector, match_labels={**selector.match_labels, HASH_LABEL: mark}),
            template=msgspec.structs.replace(d.spec.template, metadata=template_meta),
        ),
    )
    return sized(inscribed(made, d, next_revision(old)), d, 0)


def sized(rs: ReplicaSet, d: Deployment, replicas: int) -> ReplicaSet:
    """`rs` with another size, and the Deployment's own size written on it: that tells scaling from a rollout."""
    marks = {DESIRED: str(desired(d)), MAXIMUM: str(desired(d) + bounds(d)[0])}
    annotations = rs.metadata.annotations | marks
    spec = rs.spec if size(rs) == replicas else msgspec.structs.replace(rs.spec, replicas=replicas)
    return _annotated(msgspec.structs.replace(rs, spec=spec), annotations)


def inscribed(rs: ReplicaSet, d: Deployment, number: int) -> ReplicaSet:
    """`rs` as the Deployment's new one: its annotations and minReadySeconds, and a revision of at least `number`."""
    annotations = rs.metadata.annotations | copied(d.metadata.annotations)
    text = annotations.get(REVISION, "")
    before = _number(text)
    if (not text or before is not None) and (before or 0) < number:
        annotations[REVISION] = str(number)
        if text:  # it was the new one before: a rollback
            annotations[HISTORY] = _history(annotations.get(HISTORY, ""), text)
    if rs.spec.min_ready_seconds != d.spec.min_ready_seconds:
        spec = msgspec.structs.replace(rs.spec, min_ready_seconds=d.spec.min_ready_seconds)
        rs = msgspec.structs.replace(rs, spec=spec)
    return _annotated(rs, annotations)


def copied(annotations: Mapping[str, str]) -> dict[str, str]:
    """Those that a Deployment and its new ReplicaSet share."""
    return {k: v for k, v in annotations.items() if k not in NOT_COPIED}


def rolled_back(d: Deployment, to: ReplicaSet) -> Deployment:
    """`d` with the template and the annotations of an old ReplicaSet."""
    kept = {k: v for k, v in d.metadata.annotations.items() if k in NOT_COPIED}
    annotations = kept | copied(to.metadata.annotations)
    spec = msgspec.structs.replace(d.spec, template=without_hash(to.spec.template))
    return msgspec.structs.replace(d, spec=spec, metadata=msgspec.structs.replace(d.metadata, annotations=annotations))


def surplus_history(d: Deployment, old: Sequence[ReplicaSet]) -> list[ReplicaSet]:
    """Old ReplicaSets beyond the revision history limit, oldest first, that have no Pods any more."""
    limit = d.spec.revision_history_limit
    if limit is None or limit == 2**31 - 1:
        return []
    alive = sorted((rs for rs in old if not rs.metadata.deletion_timestamp), key=lambda rs: (revision(rs), age(rs)))
    return [rs for rs in alive[: max(0, len(alive) - limit)] if _is_empty(rs)]


def _is_empty(rs: ReplicaSet) -> bool:
    seen = (rs.status.observed_generation or 0) >= (rs.metadata.generation or 0)
    return seen and not size(rs) and not rs.status.replicas


def _annotated(rs: ReplicaSet, annotations: dict[str, str]) -> ReplicaSet:
    if annotations == rs.metadata.annotations:
        return rs
    return msgspec.structs.replace(rs, metadata=msgspec.structs.replace(rs.metadata, annotations=annotations))


def _history(history: str, last: str) -> str:
    revisions = [*filter(None, history.split(",")), last]
    while revisions and len(",".join(revisions)) > HISTORY_LENGTH:
        revisions.pop(0)
    return ",".join(revisions)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
