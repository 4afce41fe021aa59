"""Which objects count, and for what: an `Evaluator` a resource."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Protocol

from podo.api.quota.claims import Claims
from podo.api.quota.devices import DeviceClaims
from podo.api.quota.pods import Pods
from podo.api.quota.scopes import Requirement
from podo.api.quota.services import Services

GroupResource = tuple[str, str]
"""Group and plural name."""
IGNORED: frozenset[GroupResource] = frozenset({("", "events"), ("events.k8s.io", "events")})
PREFIX = "count/"
ALIASES: dict[GroupResource, str] = {
    ("", name): name for name in ("configmaps", "resourcequotas", "replicationcontrollers", "secrets")
}


class Evaluator(Protocol):
    """What objects of one resource use.

    `cls` is what objects must be decoded to; None: nothing but their number counts. `updates` are the subresources
    ("" is the object) whose updates may use more.
    """

    @property
    def resource(self) -> GroupResource: ...

    @property
    def cls(self) -> type[Any] | None: ...

    @property
    def updates(self) -> Collection[str]: ...

    def covers(self, names: Iterable[str]) -> list[str]:
        """Those of the names of a quota's limits that this resource may use."""
        ...

    def usage(self, obj: Any, now: datetime) -> dict[str, str]:
        """What the object uses."""
        ...

    def matches(self, obj: Any, requirement: Requirement) -> bool:
        """Whether the object is in a scope."""
        ...

    def missing(self, obj: Any, names: Collection[str]) -> str:
        """What the object must say, because a quota limits `names`, and does not; "" if it says all."""
        ...


class Counts:
    """Objects that only their number counts of."""

    updates = frozenset[str]()
    cls = None

    def __init__(self, resource: GroupResource) -> None:
        self.resource = resource
        alias = ALIASES.get(resource)
        self._names = {count_name(resource), *([alias] if alias else [])}

    def covers(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if name in self._names]

    def usage(self, obj: Any, now: datetime) -> dict[str, str]:
        return dict.fromkeys(self._names, "1")

    def matches(self, obj: Any, requirement: Requirement) -> bool:
        return False

    def missing(self, obj: Any, names: Collection[str]) -> str:
        return ""


Special = tuple[Evaluator, ...]


def special_ones(devices: DeviceClaims) -> Special:
    """Those of resources of which more counts than their number."""
    return (Pods(), Services(), Claims(), devices)


ALONE: Special = special_ones(DeviceClaims())
"""For those who know nothing of device classes."""


def evaluator_of(resource: GroupResource, special: Special = ALONE) -> Evaluator | None:
    """How a resource is counted; None if it is not."""
    if resource in IGNORED:
        return None
    return next((e for e in special if e.resource == resource), None) or Counts(resource)


def evaluators_for(names: Iterable[str], special: Special = ALONE) -> list[Evaluator]:
    """Those that a quota with these limits needs: the special ones, and a count for each other resource named."""
    wanted, known = [*names], {e.resource for e in special}
    found = [evaluator for evaluator in special if evaluator.covers(wanted)]
    counted = {counted_resource(name) for name in wanted} | {r for r, alias in ALIASES.items() if alias in wanted}
    others = sorted(r for r in counted if r is not None and r not in known and r not in IGNORED)
    return [*found, *map(Counts, others)]


def count_name(resource: GroupResource) -> str:
    """`count/jobs.batch`."""
    group, plural = resource
    return f"{PREFIX}{plural}.{group}" if group else f"{PREFIX}{plural}"


def counted_resource(name: str) -> GroupResource | None:
    """The resource that `count/<plural>.<group>` counts; None for another name."""
    if not name.startswith(PREFIX):
        return None
    plural, _, group = name.removeprefix(PREFIX).partition(".")
    return group, plural
