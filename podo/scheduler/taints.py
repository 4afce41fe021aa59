"""Taints and tolerations (KEP-166)."""

from collections.abc import Iterable, Sequence

from podo.api.types.core_v1 import Taint, Toleration

NO_SCHEDULE, PREFER_NO_SCHEDULE, NO_EXECUTE = "NoSchedule", "PreferNoSchedule", "NoExecute"
UNSCHEDULABLE = Taint(key="node.kubernetes.io/unschedulable", effect=NO_SCHEDULE)


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """Whether the toleration covers the taint."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator == "Exists":
        return True
    if toleration.operator in ("Lt", "Gt"):
        return _compares(toleration, taint)
    return bool(toleration.key) and toleration.value == taint.value


def _compares(toleration: Toleration, taint: Taint) -> bool:
    try:
        limit, value = int(toleration.value), int(taint.value)
    except ValueError:
        return False
    return value < limit if toleration.operator == "Lt" else value > limit


def untolerated(
    taints: Iterable[Taint], tolerations: Sequence[Toleration], effects: Sequence[str] = (NO_SCHEDULE, NO_EXECUTE)
) -> Taint | None:
    """The first taint with one of `effects` that nothing tolerates."""
    for taint in taints:
        if taint.effect in effects and not any(tolerates(t, taint) for t in tolerations):
            return taint
    return None
