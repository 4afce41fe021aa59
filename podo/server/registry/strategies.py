"""Which kinds have a strategy of their own: one line each."""

from ..strategy import Strategy

STRATEGIES: dict[tuple[str, str], Strategy] = {}
"""By (group, kind), of the stored version."""

_GENERIC = Strategy()


def strategy_for(group: str, kind: str) -> Strategy:
    """The kind's own strategy, or the generic one."""
    return STRATEGIES.get((group, kind), _GENERIC)
