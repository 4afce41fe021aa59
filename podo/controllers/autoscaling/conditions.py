"""The conditions of an autoscaler. Pure."""

from collections.abc import Sequence

from podo.api.types.autoscaling_v2 import HorizontalPodAutoscalerCondition as Condition

ABLE, ACTIVE, LIMITED, AT_ZERO = "AbleToScale", "ScalingActive", "ScalingLimited", "ScaledToZero"


class Conditions:
    """Those that it has, in their order; what is set takes the place of what it was before."""

    def __init__(self, before: Sequence[Condition], now: str) -> None:
        self._conditions, self._now = list(before), now

    def set(self, type: str, holds: bool, reason: str, message: str) -> None:
        """Set one. The time of its change stays unless its status changes."""
        status = str(holds)
        place = next((i for i, c in enumerate(self._conditions) if c.type == type), None)
        same = place is not None and self._conditions[place].status == status
        since = self._conditions[place].last_transition_time if place is not None and same else self._now
        made = Condition(type=type, status=status, reason=reason, message=message, last_transition_time=since)
        if place is None:
            self._conditions.append(made)
        else:
            self._conditions[place] = made

    def remove(self, type: str) -> None:
        """Take one away."""
        self._conditions = [c for c in self._conditions if c.type != type]

    def holds(self, type: str) -> bool:
        """Whether one is True."""
        return any(c.type == type and c.status == "True" for c in self._conditions)

    @property
    def all(self) -> tuple[Condition, ...]:
        """All of them."""
        return tuple(self._conditions)
