"""What controllers ask of a Pod, and how they make, count and rank Pods."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from datetime import datetime
from functools import cmp_to_key

import msgspec

from podo.api.errors import APIError, NotFound, is_terminating
from podo.api.names import dns1123_subdomain
from podo.api.scheme import Object
from podo.api.timestamps import parse
from podo.api.types.core_v1 import Pod, PodCondition, PodTemplateSpec
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import DeleteOptions, key_of
from podo.client.events import EventRecorder
from podo.client.informers import CachedClient
from podo.controllers.ownership import reference_to

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
FINISHED = ("Succeeded", "Failed")
_PHASES = {"": 0, "Pending": 0, "Unknown": 1, "Running": 2}


def by_node(pod: Pod) -> Iterable[Hashable]:
    """Index keys: the name of the Pod's node."""
    return (pod.spec.node_name,) if pod.spec.node_name else ()


def condition(pod: Pod, kind: str) -> PodCondition | None:
    """The Pod's condition of a type."""
    return next((c for c in pod.status.conditions if c.type == kind), None)


def is_finished(pod: Pod) -> bool:
    """Whether its containers have ended for good."""
    return pod.status.phase in FINISHED


def is_active(pod: Pod) -> bool:
    """Whether it runs or will run: neither finished nor being deleted."""
    return not is_finished(pod) and not pod.metadata.deletion_timestamp


def is_terminating_pod(pod: Pod) -> bool:
    """Whether it is being deleted and has not ended yet."""
    return not is_finished(pod) and bool(pod.metadata.deletion_timestamp)


def is_ready(pod: Pod) -> bool:
    """Whether its Ready condition is True."""
    ready = condition(pod, "Ready")
    return ready is not None and ready.status == "True"


def ready_since(pod: Pod) -> datetime | None:
    """Since when it is ready, without a break."""
    ready = condition(pod, "Ready")
    if ready is None or ready.status != "True" or not ready.last_transition_time:
        return None
    return parse(ready.last_transition_time)


def seconds_to_available(pod: Pod, min_ready_seconds: int, now: datetime) -> float | None:
    """How long a Pod must go on being ready to be available: 0 if it is, None if it is not even ready."""
    if not is_ready(pod):
        return None
    if not min_ready_seconds:
        return 0
    since = ready_since(pod)
    return None if since is None else max(0.0, min_ready_seconds - (now - since).total_seconds())


def is_available(pod: Pod, min_ready_seconds: int, now: datetime) -> bool:
    """Whether it has been ready for so long."""
    return seconds_to_available(pod, min_ready_seconds, now) == 0


def next_availability(pods: Iterable[Pod], min_ready_seconds: int, now: datetime) -> float | None:
    """In how many seconds the next ready Pod becomes available."""
    waits = (seconds_to_available(pod, min_ready_seconds, now) for pod in pods)
    return min((wait for wait in waits if wait), default=None)


def from_template(template: PodTemplateSpec, owner: Object) -> Pod:
    """The Pod that `owner` makes from its template; the server names it."""
    prefix = f"{owner.metadata.name}-"
    meta = ObjectMeta(
        generate_name=owner.metadata.name if dns1123_subdomain(prefix[:-1] + "a") else prefix,
        namespace=owner.metadata.namespace,
        labels=template.metadata.labels,
        annotations=template.metadata.annotations,
        finalizers=template.metadata.finalizers,
        owner_references=(reference_to(owner),),
    )
    return Pod(metadata=meta, spec=template.spec)


class PodControl:
    """Creates and deletes Pods for an owner, and says so in events about it."""

    def __init__(self, client: CachedClient, events: EventRecorder) -> None:
        self._client, self._events = client, events

    async def create(self, pod: Pod, owner: Object) -> Pod | None:
        """Create `pod`. None if the namespace is being deleted: then nothing can be made, and nothing is wrong."""
        try:
            made = await self._client.create(pod)
        except APIError as error:
            if is_terminating(error):
                return None
            self._events.warning(owner, "FailedCreate", f"Error creating: {error}")
            raise
        self._events.normal(owner, "SuccessfulCreate", f"Created pod: {made.metadata.name}")
        return made

    async def delete(self, pod: Pod, owner: Object) -> None:
        """Delete `pod`, if it is still that one."""
        try:
            await self._client.delete(Pod, key_of(pod), DeleteOptions(uid=pod.metadata.uid))
        except NotFound:
            return
        except APIError as error:
            self._events.warning(owner, "FailedDelete", f"Error deleting: {error}")
            raise
        self._events.normal(owner, "SuccessfulDelete", f"Deleted pod: {pod.metadata.name}")


async def together(calls: Iterable[Awaitable[object]]) -> None:
    """Make all calls at once and wait for all of them. Raises the first failure."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def slow_start(count: int, call: Callable[[int], Awaitable[object]]) -> None:
    """Make `count` calls, numbered from 0: one, then two, four … at once, so that what always fails fails once.

    Raises the first failure of a batch after its other calls have ended, and makes no further calls.
    """
    done, size = 0, 1
    while done < count:
        size = min(size, count - done)
        await together(call(done + number) for number in range(size))
        done, size = done + size, size * 2


def rank_for_deletion(pods: Sequence[Pod], related: Sequence[Pod], now: datetime | None) -> list[Pod]:
    """`pods` with those first that are missed least: KEP-2255, KEP-2185 and what older releases did.

    Unassigned, pending, not ready, cheap by annotation, doubled up on a node among `related`, ready for a short time,
    often restarted, young. Times count by their order of magnitude, ties fall by uid, so that no node is emptied;
    without `now` they count as they are, as the order of Jobs' Pods has it.
    """
    doubled: dict[str, int] = {}
    for pod in related:
        if is_active(pod) and pod.spec.node_name:
            doubled[pod.spec.node_name] = doubled.get(pod.spec.node_name, 0) + 1

    def compare(one: Pod, other: Pod) -> int:
        first, second = _fixed_rank(one, doubled), _fixed_rank(other, doubled)
        if first != second:
            return -1 if first < second else 1
        return _by_age(one, other, now)

    return sorted(pods, key=cmp_to_key(compare))


def _fixed_rank(pod: Pod, doubled: dict[str, int]) -> tuple[object, ...]:
    on_node = doubled.get(pod.spec.node_name, 0)
    return (bool(pod.spec.node_name), _PHASES.get(pod.status.phase, 0), is_ready(pod), deletion_cost(pod), -on_node)


def _by_age(one: Pod, other: Pod, now: datetime | None) -> int:
    ready, other_ready = ready_since(one), ready_since(other)
    if ready != other_ready and ready and other_ready:
        return _younger_first(ready, other_ready, now) or _by_uid(one, other)
    restarts, other_restarts = _restarts(one), _restarts(other)
    if restarts != other_restarts:
        return -1 if restarts > other_restarts else 1
    made, other_made = one.metadata.creation_timestamp, other.metadata.creation_timestamp
    if made == other_made:
        return 0
    return _younger_first(parse(made), parse(other_made), now) or _by_uid(one, other)


def _younger_first(one: datetime, other: datetime, now: datetime | None) -> int:
    if now is None:
        return (other > one) - (other < one)
    return _magnitude(one, now) - _magnitude(other, now)


def _magnitude(since: datetime, now: datetime) -> int:
    nanoseconds = (now - since).total_seconds() * 1e9
    return int(math.log2(nanoseconds)) if nanoseconds > 0 else -1


def _by_uid(one: Pod, other: Pod) -> int:
    return -1 if one.metadata.uid < other.metadata.uid else 1


def _restarts(pod: Pod) -> tuple[int, int]:
    sidecars = {c.name for c in pod.spec.init_containers if c.restart_policy == "Always"}
    regular = max((c.restart_count or 0 for c in pod.status.container_statuses), default=0)
    return regular, max(
        (c.restart_count or 0 for c in pod.status.init_container_statuses if c.name in sidecars), default=0
    )


def deletion_cost(pod: Pod) -> int:
    """The annotation's number; 0 without one, or where it is none that Kubernetes accepts."""
    text = pod.metadata.annotations.get(DELETION_COST, "0")
    digits = text.removeprefix("-")
    if not digits.isdecimal() or (digits != "0" and digits.startswith("0")) or text == "-0":
        return 0
    value = int(text)
    return value if -(2**31) <= value < 2**31 else 0


def with_status(pod: Pod, **changes: object) -> Pod:
    """`pod` with fields of its status replaced."""
    return msgspec.structs.replace(pod, status=msgspec.structs.replace(pod.status, **changes))
