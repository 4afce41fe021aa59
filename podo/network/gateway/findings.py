"""What is said of an object: conditions without their times. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from podo.api.types.meta_v1 import Condition

ACCEPTED, PROGRAMMED, RESOLVED, CONFLICTED = "Accepted", "Programmed", "ResolvedRefs", "Conflicted"
PARTIALLY_INVALID = "PartiallyInvalid"


class Finding(NamedTuple):
    """A condition."""

    type: str
    met: bool
    reason: str
    message: str = ""


def conditions(
    before: Iterable[Condition], findings: Sequence[Finding], *, generation: int, now: str, drop: Iterable[str] = ()
) -> tuple[Condition, ...]:
    """The conditions to write: ours as found, those of others as they are; a status that stays keeps its time.

    `drop` are types of ours that hold no more when they are not found.
    """
    had = {each.type: each for each in before}
    ours = {each.type for each in findings} | set(drop)
    made = []
    for each in findings:
        status, old = "True" if each.met else "False", had.get(each.type)
        since = old.last_transition_time if old and old.status == status else now
        made.append(
            Condition(
                type=each.type,
                status=status,
                reason=each.reason,
                message=each.message,
                observed_generation=generation,
                last_transition_time=since,
            )
        )
    return (*made, *(each for each in had.values() if each.type not in ours))


def as_json(condition: Condition) -> dict[str, Any]:
    """The condition with all fields that it must have."""
    found: dict[str, Any] = {
        "type": condition.type,
        "status": condition.status,
        "reason": condition.reason,
        "message": condition.message,
        "lastTransitionTime": condition.last_transition_time,
    }
    generation = condition.observed_generation
    return found if generation is None else found | {"observedGeneration": generation}
