"""How users are told of a resize: the conditions and events of KEP-1287, as kubelet words them. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from podo.api.types.core_v1 import Container, Pod, PodCondition, PodSpec, PodStatus

PENDING, IN_PROGRESS = "PodResizePending", "PodResizeInProgress"
DEFERRED, INFEASIBLE, ERROR = "Deferred", "Infeasible", "Error"


class Resize(NamedTuple):
    """How far a resize is: refused for now (`pending`, why), under way since a generation, or failing (`error`)."""

    pending: str = ""
    generation: int = 0  # of the spec that was granted
    under_way: bool = False
    error: str = ""


def conditions(resize: Resize, pod: Pod) -> tuple[PodCondition, ...]:
    """What a Pod's status says of it, without times; nothing once it is done."""
    made = []
    if resize.pending:
        made.append(
            PodCondition(
                type=PENDING,
                status="True",
                reason=DEFERRED,
                message=resize.pending,
                observed_generation=pod.metadata.generation,
            )
        )
    if resize.under_way:
        made.append(
            PodCondition(
                type=IN_PROGRESS,
                status="True",
                reason=ERROR if resize.error else "",
                message=resize.error,
                observed_generation=resize.generation or pod.metadata.generation,
            )
        )
    return tuple(made)


class Told(NamedTuple):
    """An event."""

    reason: str
    message: str
    warning: bool


def events(desired: PodSpec, known: PodSpec, before: PodStatus, after: PodStatus) -> list[Told]:
    """What is new between two statuses. `desired` is what the spec asks for, `known` what was granted."""
    old, new = _by_type(before), _by_type(after)
    told = []
    pending, was_pending = new.get(PENDING), old.get(PENDING)
    if pending and (was_pending is None or _version(was_pending) != _version(pending)):
        text = f"Pod resize {pending.reason}: {_summary(desired, pending)}"
        told.append(Told(f"Resize{pending.reason}", text, warning=True))
    now, then = new.get(IN_PROGRESS), old.get(IN_PROGRESS)
    if now and (then is None or then.observed_generation != now.observed_generation):
        told.append(Told("ResizeStarted", f"Pod resize started: {_summary(known, now, error=False)}", warning=False))
    if now and now.reason == ERROR and (then is None or then.message != now.message):
        told.append(Told("ResizeError", f"Pod resize error: {_summary(known, now)}", warning=True))
    if then and now is None and after.phase == "Running":
        text = f"Pod resize completed: {_summary(known, then, error=False)}"
        told.append(Told("ResizeCompleted", text, warning=False))
    return told


def _by_type(status: PodStatus) -> dict[str, PodCondition]:
    return {c.type: c for c in status.conditions if c.type in (PENDING, IN_PROGRESS)}


def _version(condition: PodCondition) -> tuple[str, int | None]:
    return condition.reason, condition.observed_generation


def _summary(spec: PodSpec, condition: PodCondition, *, error: bool = True) -> str:
    summary: dict[str, Any] = {}
    for name, containers in (("initContainers", spec.init_containers), ("containers", spec.containers)):
        if containers:
            summary[name] = _allocations(containers)
    summary["generation"] = condition.observed_generation or 0
    if error and condition.message:
        summary["error"] = condition.message
    return msgspec.json.encode(summary).decode()


def _allocations(containers: Sequence[Container]) -> list[dict[str, Any]]:
    return [{"name": c.name, "resources": _sorted(msgspec.to_builtins(c.resources or {}))} for c in containers]


def _sorted(resources: Mapping[str, Any]) -> dict[str, Any]:
    return {key: dict(sorted(resources[key].items())) for key in ("limits", "requests") if resources.get(key)}
