"""What a request adds to the quotas of its namespace, or why it may not. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from podo.api.quota import amounts
from podo.api.quota.evaluators import Evaluator
from podo.api.quota.scopes import requirements
from podo.api.types.core_v1 import ResourceQuota


class Refused(Exception):
    """A quota is in the way; the text is what follows `is forbidden: `."""


@dataclass(frozen=True)
class Request:
    """An object that is made or changed; `old` None: it is made."""

    evaluator: Evaluator
    obj: Any
    old: Any
    now: datetime


def charge(quotas: Sequence[ResourceQuota], request: Request) -> list[ResourceQuota]:
    """The quotas that the request changes, with what will be used then. Raises Refused."""
    concerned = [*_concerned(quotas, request)]
    if not concerned:
        return []
    evaluator, usage = request.evaluator, request.evaluator.usage(request.obj, request.now)
    more = usage
    if request.old is not None:
        more = amounts.growth(usage, evaluator.usage(request.old, request.now))
    charged = []
    for quota in concerned:
        counted = request.old is not None and in_scope(quota, evaluator, request.old)
        delta = amounts.without_zeros(more if counted else usage)
        if delta:
            charged.append(_charged(quota, delta))
    return [new for new, old in charged if not amounts.are_equal(new.status.used, old.status.used)]


def _concerned(quotas: Sequence[ResourceQuota], request: Request) -> Iterator[ResourceQuota]:
    """Quotas that limit the object. Raises Refused if one cannot say."""
    evaluator = request.evaluator
    for quota in quotas:
        status, name = quota.status, quota.metadata.name
        limited = evaluator.covers(status.hard)
        if not limited or not in_scope(quota, evaluator, request.obj):
            continue
        if missing := evaluator.missing(request.obj, limited):
            raise Refused(f"failed quota: {name}: {missing}")
        if any(resource not in status.used for resource in limited):
            raise Refused(f"status unknown for quota: {name}, resources: {amounts.listed(limited)}")
        yield quota


def in_scope(quota: ResourceQuota, evaluator: Evaluator, obj: Any) -> bool:
    """Whether the object is in all scopes of the quota."""
    return all(evaluator.matches(obj, requirement) for requirement in requirements(quota.spec))


def _charged(quota: ResourceQuota, delta: dict[str, str]) -> tuple[ResourceQuota, ResourceQuota]:
    status = quota.status
    requested = amounts.masked(delta, status.hard)
    used = amounts.added(status.used, requested)
    if exceeded := amounts.exceeding(amounts.masked(used, requested), status.hard):
        wanted, had, hard = (amounts.words(amounts.masked(a, exceeded)) for a in (requested, status.used, status.hard))
        raise Refused(f"exceeded quota: {quota.metadata.name}, requested: {wanted}, used: {had}, limited: {hard}")
    return msgspec.structs.replace(quota, status=msgspec.structs.replace(status, used=used)), quota
