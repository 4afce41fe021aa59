"""What a StatefulSet does next: Pods one after another, or all at once; and its status. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec

from podo.api.types.apps_v1 import StatefulSet, StatefulSetStatus
from podo.api.types.core_v1 import Pod
from podo.controllers import pods
from podo.controllers.amounts import scaled
from podo.controllers.statefulset_pods import ordinal_of, ordinals, revision_of

CREATE, DELETE, MEND = "create", "delete", "mend"


class Action(NamedTuple):
    """What to do with the Pod of a number; `pod` is None for one to be made, from the template of `revision`."""

    what: str
    ordinal: int
    pod: Pod | None = None
    revision: str = ""


@dataclass(frozen=True)
class View:
    """A StatefulSet with the names of its current and its new revision, and its Pods, at a time."""

    s: StatefulSet
    current: str
    update: str
    members: Sequence[Pod]
    now: datetime

    @property
    def ordered(self) -> bool:
        """Whether one Pod waits for another."""
        return self.s.spec.pod_management_policy != "Parallel"

    def is_available(self, pod: Pod) -> bool:
        """Whether it runs, is ready for long enough, and stays."""
        ready = pods.is_available(pod, self.s.spec.min_ready_seconds or 0, self.now)
        return pod.status.phase == "Running" and ready and not pod.metadata.deletion_timestamp


def plan(view: View) -> list[Action]:
    """What can be done now. In order, that is at most one thing, and nothing while a Pod before it is not available.

    Pods are made in ascending order, removed in descending order, and replaced by new ones in descending order.
    """
    have = {ordinal_of(p): p for p in view.members}
    wanted = ordinals(view.s)
    actions, blocked = _fill(view, have)
    if blocked:
        return actions
    condemned = sorted((p for n, p in have.items() if n >= 0 and n not in wanted), key=ordinal_of, reverse=True)
    removed, blocked = _remove(view, have, condemned)
    actions += removed
    if blocked or (view.s.spec.update_strategy and view.s.spec.update_strategy.type == "OnDelete"):
        return actions
    return actions + _replace(view, have)


def _fill(view: View, have: dict[int, Pod]) -> tuple[list[Action], bool]:
    """Make what is missing and mend what is not as it should be; whether to wait for something."""
    actions: list[Action] = []
    for ordinal in ordinals(view.s):
        pod = have.get(ordinal)
        if pod is None:
            actions.append(Action(CREATE, ordinal, revision=_revision_for(view, ordinal)))
        elif pods.is_finished(pod):
            actions += [] if pod.metadata.deletion_timestamp else [Action(DELETE, ordinal, pod)]
        else:
            actions.append(Action(MEND, ordinal, pod))
            if view.is_available(pod):
                continue
        if view.ordered:
            return actions, True
    return actions, False


def _remove(view: View, have: dict[int, Pod], condemned: Sequence[Pod]) -> tuple[list[Action], bool]:
    """Remove what is too much; whether to wait for something."""
    actions = [Action(MEND, ordinal_of(p), p) for p in condemned]
    for pod in condemned:
        if not view.ordered:
            actions += [] if pod.metadata.deletion_timestamp else [Action(DELETE, ordinal_of(pod), pod)]
            continue
        if pod.metadata.deletion_timestamp:
            return actions, True
        if not view.is_available(pod) and pod is not _first_unavailable(view, have, condemned):
            return actions, True
        return [*actions, Action(DELETE, ordinal_of(pod), pod)], True
    return actions, False


def _first_unavailable(view: View, have: dict[int, Pod], condemned: Sequence[Pod]) -> Pod | None:
    replicas = [have.get(n) for n in ordinals(view.s)]
    everything = [*replicas, *reversed(condemned)]
    return next((p for p in everything if p is not None and not view.is_available(p)), None)


def _replace(view: View, have: dict[int, Pod]) -> list[Action]:
    """Delete Pods of other revisions from the last to the first, down to the partition."""
    rolling = view.s.spec.update_strategy.rolling_update if view.s.spec.update_strategy else None
    first = ordinals(view.s).start + ((rolling.partition or 0) if rolling else 0)
    places = list(reversed(ordinals(view.s)))
    if rolling is not None and rolling.max_unavailable is not None:
        limit = max(1, scaled(rolling.max_unavailable, len(places), round_up=False))
        room = limit - sum(not (n in have and view.is_available(have[n])) for n in places)
        old = [n for n in places if n >= first and n in have and _is_old(view, have[n])]
        return [Action(DELETE, n, have[n]) for n in old[: max(0, room)]]
    for n in places:
        if n < first:
            break
        pod = have.get(n)
        if pod is not None and _is_old(view, pod):
            return [Action(DELETE, n, pod)]
        if pod is None or not view.is_available(pod):
            break
    return []


def _is_old(view: View, pod: Pod) -> bool:
    return revision_of(pod) != view.update and not pod.metadata.deletion_timestamp


def _revision_for(view: View, ordinal: int) -> str:
    """A Pod below the partition, or that the update has not reached, is made as it was."""
    strategy, start = view.s.spec.update_strategy, ordinals(view.s).start
    if strategy is None or strategy.type == "OnDelete":
        return view.update
    rolling = strategy.rolling_update
    kept = (view.s.status.current_replicas or 0) if rolling is None else (rolling.partition or 0)
    return view.current if ordinal < start + kept else view.update


def status_of(view: View, collisions: int | None) -> StatefulSetStatus:
    """The numbers, and the revisions: when all Pods are new and ready, the new revision is the current one."""
    staying = [p for p in view.members if not p.metadata.deletion_timestamp]
    ready = [p for p in view.members if p.status.phase == "Running" and pods.is_ready(p)]
    minimum = view.s.spec.min_ready_seconds or 0
    status = msgspec.structs.replace(
        view.s.status,
        observed_generation=view.s.metadata.generation,
        replicas=len(view.members),
        ready_replicas=len(ready) or None,
        available_replicas=sum(pods.is_available(p, minimum, view.now) for p in ready),
        current_replicas=_of(staying, view.current),
        updated_replicas=_of(staying, view.update),
        current_revision=view.current,
        update_revision=view.update,
        collision_count=collisions or 0,
    )
    strategy, wanted = view.s.spec.update_strategy, len(ordinals(view.s))
    numbers = (status.updated_replicas or 0, status.ready_replicas or 0, status.replicas or 0)
    if (strategy is None or strategy.type != "OnDelete") and numbers == (wanted,) * 3:
        return msgspec.structs.replace(status, current_replicas=status.updated_replicas, current_revision=view.update)
    return status


def _of(members: Iterable[Pod], revision: str) -> int | None:
    return sum(revision_of(p) == revision for p in members) or None
