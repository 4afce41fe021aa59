"""ClusterRole aggregation: a ClusterRole with an `aggregationRule` has the rules of all those that it selects."""

from collections.abc import Iterable

import msgspec

from podo.api import selectors
from podo.api.types.rbac_v1 import ClusterRole, PolicyRule
from podo.client.base import MERGE_PATCH, Key, Patch, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.base import DONE, Outcome, Watch


class ClusterRoleAggregation:
    """Reads and writes ClusterRole."""

    name = "clusterrole-aggregation"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._roles = client, client.informer(ClusterRole)
        self.watches = (Watch(ClusterRole, to=self._aggregates, when=_may_matter),)

    async def reconcile(self, key: Key) -> Outcome:
        role = self._roles.get(key)
        if role is None or role.aggregation_rule is None:
            return DONE
        rules = aggregated(role, self._roles)
        if rules != role.rules:
            body = msgspec.json.encode(
                {"metadata": {"resourceVersion": role.metadata.resource_version}, "rules": rules}
            )
            await self._client.patch(ClusterRole, key, Patch(media_type=MERGE_PATCH, body=body))
        return DONE

    def _aggregates(self, role: ClusterRole) -> Iterable[Key]:
        """The roles that may have this one's rules; itself, if it aggregates."""
        return [key_of(r) for r in self._roles if r.aggregation_rule is not None]


def aggregated(role: ClusterRole, others: Iterable[ClusterRole]) -> tuple[PolicyRule, ...]:
    """The rules of all that `role` selects, in the order of their names, each once."""
    rule = role.aggregation_rule
    wanted = [selectors.from_object(s) for s in (rule.cluster_role_selectors if rule else ())]
    found: list[PolicyRule] = []
    for other in sorted(others, key=key_of):
        if other.metadata.name == role.metadata.name or not any(s.matches(other.metadata.labels) for s in wanted):
            continue
        found += [r for r in other.rules if r not in found]
    return tuple(found)


def _may_matter(old: ClusterRole | None, new: ClusterRole | None) -> bool:
    if old is None or new is None:
        return True
    before, after = (old.metadata.labels, old.rules), (new.metadata.labels, new.rules)
    return before != after or old.aggregation_rule != new.aggregation_rule
