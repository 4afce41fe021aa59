"""All that the objects of a namespace use of a quota. Pure."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from podo.api.quota import amounts
from podo.api.quota.charge import in_scope
from podo.api.quota.evaluators import ALONE, Evaluator, Special, evaluators_for
from podo.api.types.core_v1 import ResourceQuota, ResourceQuotaStatus


def counted(
    quota: ResourceQuota,
    objects: Callable[[Evaluator], Iterable[Any] | None],
    now: datetime,
    special: Special = ALONE,
) -> ResourceQuotaStatus:
    """The status that the quota should have.

    `objects` gives all objects of an evaluator's resource in the quota's namespace, None if they cannot be known: then
    what the status says of them stays.
    """
    hard = quota.spec.hard
    total: dict[str, str] = {}
    unknown: set[str] = set()
    for evaluator in evaluators_for(hard, special):
        names = evaluator.covers(hard)
        total = dict.fromkeys(names, "0") | total  # two of them may use the same
        if (found := objects(evaluator)) is None:
            unknown.update(names)
            continue
        for obj in found:
            if in_scope(quota, evaluator, obj):
                usage = amounts.masked(evaluator.usage(obj, now), dict.fromkeys(names, "0"))
                total |= amounts.added(amounts.masked(total, usage), usage)
    sure = {name: amount for name, amount in total.items() if name not in unknown}
    return ResourceQuotaStatus(hard=dict(hard), used=amounts.masked(quota.status.used | sure, hard))
