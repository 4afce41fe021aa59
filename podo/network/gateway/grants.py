"""Which references may cross namespaces: those that a ReferenceGrant in the target's namespace lets in."""

from collections.abc import Iterable
from typing import NamedTuple

from podo.client.base import Key
from podo.network.gateway.kinds import GROUP, ReferenceGrant


class Referrer(NamedTuple):
    """Who refers: a kind of the Gateway API in a namespace."""

    kind: str
    namespace: str


class Grants:
    """All ReferenceGrants."""

    def __init__(self, grants: Iterable[ReferenceGrant]) -> None:
        self._by_namespace: dict[str, list[ReferenceGrant]] = {}
        for each in grants:
            self._by_namespace.setdefault(each.metadata.namespace, []).append(each)

    def permit(self, referrer: Referrer, target: Key, *, group: str, kind: str) -> bool:
        """Whether `referrer` may refer to the object `target` of the kind."""
        if referrer.namespace == target.namespace:
            return True
        return any(
            any((f.group, f.kind, f.namespace) == (GROUP, *referrer) for f in grant.spec.from_)
            and any((t.group, t.kind) == (group, kind) and t.name in ("", target.name) for t in grant.spec.to)
            for grant in self._by_namespace.get(target.namespace, ())
        )
