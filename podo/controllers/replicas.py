"""As many Pods as a spec says, made from its template, and their count in the status.

What ReplicaSet and ReplicationController share; `Shape` says in what they differ.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar, cast

import msgspec

from podo.api.errors import APIError
from podo.api.scheme import Object
from podo.api.timestamps import format_time
from podo.api.types.core_v1 import Pod, PodTemplateSpec
from podo.client.base import Key, key_of
from podo.client.events import EventWriter
from podo.client.informer import by_namespace
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import ownership, pods
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.ownership import Selector, by_controller

BURST = 500  # Pods that one reconcile makes or deletes at most
FAILURE = "ReplicaFailure"


class Spec(Protocol):
    """What the specs of both kinds have."""

    @property
    def replicas(self) -> int | None: ...

    @property
    def min_ready_seconds(self) -> int | None: ...

    @property
    def template(self) -> PodTemplateSpec: ...


class Replicated(Object, Protocol):
    """An object of either kind."""

    @property
    def spec(self) -> Spec: ...

    @property
    def status(self) -> Any: ...


R = TypeVar("R", bound=Replicated)


class Shape(Protocol[R]):
    """One of the two kinds."""

    @property
    def kind(self) -> type[R]: ...

    @property
    def component(self) -> str:
        """As events name the controller."""
        ...

    def selector(self, obj: R) -> Selector:
        """What its Pods' labels must match."""
        ...

    def status(self, obj: R, counts: "Counts", failure: "Failure | None", now: str) -> R:
        """`obj` with its status as it should be; `failure` is that of this reconcile."""
        ...


@dataclass(frozen=True)
class Counts:
    """The numbers of a status."""

    replicas: int
    labeled: int
    ready: int
    available: int
    terminating: int


@dataclass(frozen=True)
class Failure:
    """Why there are not as many Pods as there should be."""

    reason: str
    message: str


class Replicas(Generic[R]):
    """Reads one of the two kinds, and Pods; writes Pods, and the kind's status."""

    def __init__(self, shape: Shape[R], client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._shape, self._client, self._clock = shape, client, clock
        informer = client.informer(shape.kind)
        self._get, self._in_namespace = informer.get, informer.index(by_namespace)
        self._siblings, self._pods = informer.index(by_controller), client.informer(Pod).index(by_controller)
        self._control = pods.PodControl(client, events.recorder(shape.component))
        self.watches: Sequence[Watch[Key]] = (
            Watch(shape.kind, to=itself),
            Watch(Pod, to=self._owners_of, when=ownership.may_matter_to_owners),
        )

    async def reconcile(self, key: Key) -> Outcome:
        obj = self._get(key)
        if obj is None:
            return DONE
        selector = self._shape.selector(obj)
        failure: APIError | None = None
        candidates = [*ownership.owned(self._pods, obj), *ownership.orphans(self._pods, key.namespace)]
        active = await ownership.claim(self._client, obj, selector, filter(pods.is_active, candidates))
        if not obj.metadata.deletion_timestamp:
            try:
                await self._scale(obj, active)
            except APIError as error:
                failure = error
        mine = [p for p in ownership.owned(self._pods, obj) if selector.matches(p.metadata.labels)]
        await self._write_status(obj, mine, failure)
        if failure is not None:
            raise failure
        return Outcome(pods.next_availability(mine, obj.spec.min_ready_seconds or 0, self._clock.now()))

    async def _scale(self, obj: R, active: Sequence[Pod]) -> None:
        difference = len(active) - desired(obj)
        if difference < 0:
            pod = pods.from_template(obj.spec.template, obj)
            await pods.slow_start(min(-difference, BURST), lambda number: self._control.create(pod, obj))
        elif difference > 0:
            ranked = pods.rank_for_deletion(active, self._related(obj), self._clock.now())
            await pods.together(self._control.delete(p, obj) for p in ranked[: min(difference, BURST)])

    async def _write_status(self, obj: R, mine: Sequence[Pod], error: APIError | None) -> None:
        now, failure = self._clock.now(), None
        tally = count(mine, obj.spec.template.metadata.labels, obj.spec.min_ready_seconds or 0, now)
        if error is not None:
            failure = Failure("FailedCreate" if tally.replicas < desired(obj) else "FailedDelete", str(error))
        changed = self._shape.status(obj, tally, failure, format_time(now))
        if changed.status != obj.status:
            await self._client.update(changed, subresource="status")

    def _related(self, obj: R) -> list[Pod]:
        """The Pods of all that share this one's controller: the old and the new ReplicaSets of a Deployment."""
        owner = ownership.controller_of(obj)
        family = self._siblings(owner.uid) if owner else [obj]
        return [pod for member in family for pod in ownership.owned(self._pods, member)]

    def _owners_of(self, pod: Pod) -> Iterable[Key]:
        if owner := ownership.controller_of(pod):
            return (Key(pod.metadata.namespace, owner.name),) if owner.kind == self._shape.kind.__name__ else ()
        candidates = self._in_namespace(pod.metadata.namespace)
        return [key_of(c) for c in candidates if self._shape.selector(c).matches(pod.metadata.labels)]


def desired(obj: Replicated) -> int:
    """How many Pods there should be."""
    return 1 if obj.spec.replicas is None else obj.spec.replicas


def count(mine: Iterable[Pod], template_labels: dict[str, str], min_ready_seconds: int, now: datetime) -> Counts:
    """The numbers for a status from the Pods that belong to it."""
    mine = list(mine)
    active = [p for p in mine if pods.is_active(p)]
    wanted = template_labels.items()
    return Counts(
        replicas=len(active),
        labeled=sum(wanted <= p.metadata.labels.items() for p in active),
        ready=sum(map(pods.is_ready, active)),
        available=sum(pods.is_available(p, min_ready_seconds, now) for p in active),
        terminating=sum(map(pods.is_terminating_pod, mine)),
    )


class Condition(Protocol):
    """Of either kind."""

    @property
    def type(self) -> str: ...


C = TypeVar("C", bound=Condition)


def with_failure(conditions: tuple[C, ...], failure: C | None) -> tuple[C, ...]:
    """`conditions` with the failure, if there is one. One that is there already stays as it is while it fails."""
    known = any(c.type == FAILURE for c in conditions)
    if failure is None:
        return tuple(c for c in conditions if c.type != FAILURE)
    return conditions if known else (*conditions, failure)


def changes(obj: Replicated, counts: Counts) -> dict[str, Any]:
    """The fields of a status that both kinds have. All but `replicas` are left out when they are 0."""
    return {
        "replicas": counts.replicas,
        "fully_labeled_replicas": counts.labeled or None,
        "ready_replicas": counts.ready or None,
        "available_replicas": counts.available or None,
        "observed_generation": obj.metadata.generation,
    }


def replaced(obj: R, **fields: Any) -> R:
    """`obj` with fields of its status replaced."""
    return cast(R, msgspec.structs.replace(cast(Any, obj), status=msgspec.structs.replace(obj.status, **fields)))
