"""How large each ReplicaSet of a Deployment should be now. Pure: sizes in, wanted sizes out.

In a rolling update there are never more Pods than desired + maxSurge, and never fewer available ones than
desired − maxUnavailable, as far as that depends on us.
"""

from collections.abc import Sequence
from typing import NamedTuple

from podo.api.types.apps_v1 import Deployment, ReplicaSet
from podo.controllers.canary_steps import most_new
from podo.controllers.deployment_revisions import DESIRED, MAXIMUM, Sets, active, age, bounds, desired, is_rolling, size


class Resize(NamedTuple):
    """A ReplicaSet and the size that it should have."""

    replica_set: ReplicaSet
    replicas: int


def is_scaled(d: Deployment, sets: Sequence[ReplicaSet]) -> bool:
    """Whether the Deployment's size has changed since its ReplicaSets last got theirs."""
    return any(_mark(rs, DESIRED) not in (None, desired(d)) for rs in active(sets))


def new_size(d: Deployment, sets: Sets) -> int:
    """How large the new ReplicaSet may be now."""
    have = size(sets.new) if sets.new else 0
    if have >= desired(d) or not is_rolling(d):
        return desired(d)
    most = most_new(d, sets.new, active(sets.old), desired(d))
    room = desired(d) + bounds(d)[0] - sum(map(size, sets.all))
    return have + max(0, min(room, most - have))


def shrink_old(d: Deployment, sets: Sets) -> list[Resize]:
    """How far the old ReplicaSets can be scaled down: first their Pods that are not available, then what is spare."""
    minimum, old = desired(d) - bounds(d)[1], active(sets.old)
    new_unavailable = size(sets.new) - (sets.new.status.available_replicas or 0) if sets.new else 0
    kept = desired(d) - most_new(d, sets.new, old, desired(d))  # while a canary waits
    budget = min(sum(map(size, sets.all)) - minimum - new_unavailable, sum(map(size, old)) - kept)
    if not old or budget <= 0:
        return []
    sizes = {rs.metadata.uid: size(rs) for rs in old}
    for rs in old:  # oldest first
        broken = max(0, size(rs) - (rs.status.available_replicas or 0))
        taken = min(budget, broken)
        sizes[rs.metadata.uid] -= taken
        budget -= taken
    spare = sum(rs.status.available_replicas or 0 for rs in [*old, *([sets.new] if sets.new else [])]) - minimum
    spare = min(spare, sum(sizes.values()) - kept)
    for rs in old:
        taken = max(0, min(sizes[rs.metadata.uid], spare))
        sizes[rs.metadata.uid] -= taken
        spare -= taken
    return [Resize(rs, sizes[rs.metadata.uid]) for rs in old if sizes[rs.metadata.uid] != size(rs)]


def rescale(d: Deployment, sets: Sets) -> list[Resize]:
    """The sizes after a change of the Deployment's size, also while it is paused or in the middle of a rollout.

    With one ReplicaSet in use, that gets all. With more, each keeps its share: scaling must not hasten a rollout whose
    new Pods may be broken.
    """
    in_use = active(sets.all)
    if len(in_use) <= 1:
        latest = in_use[0] if in_use else sets.new or max(sets.old, key=age, default=None)
        return [Resize(latest, desired(d))] if latest and size(latest) != desired(d) else []
    if sets.new and is_saturated(d, sets.new):
        return [Resize(rs, 0) for rs in active(sets.old)]
    return _proportions(d, in_use) if is_rolling(d) else []


def is_saturated(d: Deployment, new: ReplicaSet) -> bool:
    """Whether the new ReplicaSet has all the Pods that the Deployment should have, all available."""
    return size(new) == _mark(new, DESIRED) == new.status.available_replicas == desired(d)


def _proportions(d: Deployment, in_use: list[ReplicaSet]) -> list[Resize]:
    """The largest first; among equals the newer first when it is more, the older first when it is less."""
    allowed = desired(d) + bounds(d)[0] if desired(d) else 0
    to_add = allowed - sum(map(size, in_use))
    ordered = sorted(sorted(in_use, key=age, reverse=to_add > 0), key=size, reverse=True)
    sizes, added = [size(rs) for rs in ordered], 0
    for place, rs in enumerate(ordered):
        if to_add != 0 and added != to_add:
            share, left = _fraction(rs, d), to_add - added
            share = min(share, left) if to_add > 0 else max(share, left)
            sizes[place] += share
            added += share
    if to_add != 0:
        sizes[0] = max(0, sizes[0] + to_add - added)
    return [Resize(rs, wanted) for rs, wanted in zip(ordered, sizes, strict=True)]


def _fraction(rs: ReplicaSet, d: Deployment) -> int:
    """How many Pods more (or fewer) keep the share that `rs` has of all."""
    if not desired(d):
        return -size(rs)
    before = _mark(rs, MAXIMUM) or d.status.replicas or 0
    if not before:
        return 0
    return int(size(rs) * (desired(d) + bounds(d)[0]) / before + 0.5) - size(rs)


def _mark(rs: ReplicaSet, annotation: str) -> int | None:
    text = rs.metadata.annotations.get(annotation, "")
    return int(text) if text.isdecimal() and int(text) < 2**31 else None
