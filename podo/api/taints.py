"""Taints and tolerations (KEP-166; numbers: KEP-5471): what keeps Pods away from nodes. Pure."""

from collections.abc import Iterable, Sequence

from podo.api.types.core_v1 import Taint, Toleration

NO_SCHEDULE, PREFER_NO_SCHEDULE, NO_EXECUTE = "NoSchedule", "PreferNoSchedule", "NoExecute"
UNSCHEDULABLE = Taint(key="node.kubernetes.io/unschedulable", effect=NO_SCHEDULE)


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """Whether a Pod with this toleration may be on the node in spite of the taint."""
    if toleration.effect not in ("", taint.effect) or toleration.key not in ("", taint.key):
        return False
    if toleration.operator == "Exists":
        return True
    if toleration.operator in ("", "Equal"):
        return toleration.key != "" and toleration.value == taint.value
    return _compares(toleration, taint)


def _compares(toleration: Toleration, taint: Taint) -> bool:
    try:
        limit, value = int(toleration.value), int(taint.value)
    except ValueError:
        return False
    return value > limit if toleration.operator == "Gt" else value < limit


def untolerated(
    taints: Iterable[Taint], tolerations: Sequence[Toleration], effects: Sequence[str] = (NO_SCHEDULE, NO_EXECUTE)
) -> Taint | None:
    """The first taint with one of `effects` that nothing tolerates."""
    for taint in taints:
        if taint.effect in effects and not any(tolerates(t, taint) for t in tolerations):
            return taint
    return None


def matching(tolerations: Iterable[Toleration], taints: Sequence[Taint]) -> list[Toleration] | None:
    """For each taint the first toleration of it; None if one is not tolerated."""
    given, found = list(tolerations), []
    for taint in taints:
        toleration = next((t for t in given if tolerates(t, taint)), None)
        if toleration is None:
            return None
        found.append(toleration)
    return found
