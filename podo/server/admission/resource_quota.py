"""ResourceQuota: what is made in a namespace is charged to the quotas of the namespace, or refused.

The charge is written before the object is: a quota may count what then is not stored, until its controller counts
again, but never less than there is. Requests of one namespace take turns, those of other servers are told by the
quota's revision.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from podo.api import scheme
from podo.api.errors import APIError, Conflict, NotFound
from podo.api.quota.charge import Refused, Request, charge
from podo.api.quota.devices import DeviceClaims, Surroundings, extended_names
from podo.api.quota.evaluators import ALONE, Evaluator, Special, evaluator_of, special_ones
from podo.api.types.core_v1 import Pod, ResourceQuota
from podo.api.types.resource_v1 import DeviceClass, ResourceClaim
from podo.client.base import Client
from podo.server.admission.base import Validating, group_resource, refusal
from podo.server.admission.lookup import Lookup
from podo.server.admission_point import Attributes, Operation
from podo.server.strategy import Object

ATTEMPTS = 4


@dataclass
class QuotaWriter:
    """Writes the status of quotas, from the moment that there is a client."""

    client: Client | None = None
    _turns: dict[str, "asyncio.Lock"] = field(default_factory=dict)
    _waiting: dict[str, int] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, namespace: str) -> AsyncIterator[None]:
        """One request of a namespace at a time."""
        lock = self._turns.setdefault(namespace, asyncio.Lock())
        self._waiting[namespace] = self._waiting.get(namespace, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._waiting[namespace] -= 1
            if not self._waiting[namespace]:
                del self._waiting[namespace], self._turns[namespace]

    async def write(self, quota: ResourceQuota) -> None:
        """Raises Conflict where the quota has changed, NotFound where it is gone."""
        assert self.client is not None, "no quota can be charged before the server has a client of its own"
        await self.client.update(quota, subresource="status")


class ResourceQuotas(Validating):
    """Asked last: what others refuse is not charged."""

    resources = None

    def __init__(self, lookup: Lookup, writer: QuotaWriter) -> None:
        self._lookup, self._writer = lookup, writer

    async def validate(self, attributes: Attributes) -> None:
        """Raises Forbidden."""
        special = await self._special(attributes) if attributes.namespace else ALONE
        evaluator = evaluator_of(group_resource(attributes), special) if attributes.namespace else None
        if evaluator is None or not uses_more(attributes, evaluator):
            return
        if not await self._quotas(attributes) or self._is_taken(attributes):
            return
        request = Request(
            evaluator,
            _decoded(evaluator, attributes.obj),
            _decoded(evaluator, attributes.old) if attributes.old is not None else None,
            attributes.ctx.now,
        )
        async with self._writer.turn(attributes.namespace):
            await self._charge(attributes, request)

    async def _special(self, attributes: Attributes) -> Special:
        """Claims of devices are seen together with the classes, and with the Pods that they were made for."""
        if group_resource(attributes) != DeviceClaims.resource:
            return ALONE
        namespace, lookup = attributes.namespace, self._lookup
        pods = {pod.metadata.name: pod for pod in await lookup.all(Pod, namespace)}
        claims = await lookup.all(ResourceClaim, namespace)
        around = Surroundings(
            extended_names(await lookup.all(DeviceClass)), lambda _, name: pods.get(name), lambda _: claims
        )
        return special_ones(DeviceClaims(lambda: around))

    def _is_taken(self, attributes: Attributes) -> bool:
        """Whether a create is bound to fail, since the name is taken: that is not charged."""
        created = attributes.operation is Operation.CREATE and attributes.obj is not None
        name = (attributes.obj or {}).get("metadata", {}).get("name", "") if created else ""
        return bool(name) and self._lookup.exists(attributes.resource, attributes.namespace, name)

    async def _charge(self, attributes: Attributes, request: Request) -> None:
        done: set[str] = set()
        for _ in range(ATTEMPTS):
            quotas = [q for q in await self._quotas(attributes) if q.metadata.uid not in done]
            try:
                charged = charge(quotas, request)
            except Refused as why:
                raise refusal(attributes, str(why)) from None
            if attributes.ctx.dry_run:
                return
            stale = False
            for quota in charged:
                try:
                    await self._writer.write(quota)
                    done.add(quota.metadata.uid)
                except (Conflict, NotFound):
                    stale = True
            if not stale:
                return
        raise APIError("resource quota evaluation timed out")

    async def _quotas(self, attributes: Attributes) -> list[ResourceQuota]:
        return await self._lookup.all(ResourceQuota, attributes.namespace)


def uses_more(attributes: Attributes, evaluator: Evaluator) -> bool:
    """Whether the request may use more than is used already."""
    if attributes.obj is None:
        return False
    if attributes.operation is Operation.CREATE:
        return not attributes.subresource
    if attributes.operation is not Operation.UPDATE or attributes.subresource not in evaluator.updates:
        return False
    if evaluator.resource == ("", "pods") and not attributes.subresource:
        return _limits_time(attributes.obj) != _limits_time(attributes.old or {})
    return True


def _limits_time(pod: Object) -> bool:
    return (pod.get("spec") or {}).get("activeDeadlineSeconds") is not None


def _decoded(evaluator: Evaluator, obj: Object | None) -> Any:
    return scheme.decode(evaluator.cls, msgspec.json.encode(obj)) if evaluator.cls is not None else obj
