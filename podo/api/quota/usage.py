"""All that the objects of a namespace use of a quota. Pure."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from podo.api.quota import amounts
from podo.api.quota.charge import in_scope
from podo.api.quota.evaluators import Evaluator, evaluators_for
from podo.api.types.core_v1 import ResourceQuota, ResourceQuotaStatus


def counted(
    quota: ResourceQuota, objects: Callable[[Evaluator], Iterable[Any] | None], now: datetime
) -> ResourceQuotaStatus:
    """The status that the quota should have.

    `objects` gives all objects of an evaluator's resource in the quota's namespace, None if they cannot be known: then
    what the status says of them stays.
    """
    hard = quota.spec.hard
    used = dict(quota.status.used)
    for evaluator in evaluators_for(hard):
        if (found := objects(evaluator)) is None:
            continue
        total = dict.fromkeys(evaluator.covers(hard), "0")
        for obj in found:
            if in_scope(quota, evaluator, obj):
                total = amounts.added(total, amounts.masked(evaluator.usage(obj, now), total))
        used |= total
    return ResourceQuotaStatus(hard=dict(hard), used=amounts.masked(used, hard))
