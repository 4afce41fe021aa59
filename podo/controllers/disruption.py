"""Disruption: how many Pods of a PodDisruptionBudget may be evicted now. The eviction API takes it from the status."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from podo.api import resources, selectors
from podo.api.errors import NotFound
from podo.api.timestamps import format_time, parse
from podo.api.types.apps_v1 import Deployment, ReplicaSet, StatefulSet
from podo.api.types.autoscaling_v1 import Scale
from podo.api.types.core_v1 import Pod, ReplicationController
from podo.api.types.meta_v1 import Condition, LabelSelector, OwnerReference
from podo.api.types.policy_v1 import PodDisruptionBudget, PodDisruptionBudgetStatus
from podo.client.base import Key, Kind, key_of
from podo.client.events import EventWriter
from podo.client.informer import by_label, by_namespace
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import ownership, pods
from podo.controllers.amounts import scaled
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.served import ServedResources
from podo.controllers.service_pods import selected

DELETION_TIMEOUT = timedelta(minutes=2)  # an eviction that was allowed and has not happened by then is forgotten
ALLOWED = "DisruptionAllowed"
OWNERS = {"ReplicaSet": "apps", "Deployment": "apps", "StatefulSet": "apps", "ReplicationController": ""}
"""The groups of the kinds whose sizes are known without asking."""
UNMANAGED = (
    "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status of"
    " the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please"
    ' set ".spec.minAvailable" field of the PDB to an integer value.'
)


class Unscalable(Exception):
    """The size of a Pod's controller cannot be told."""


class DisruptionController:
    """Reads PodDisruptionBudget, Pod and what controls Pods; writes PodDisruptionBudget.status."""

    name = "disruption"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._clock, self._events = client, clock, events.recorder("controllermanager")
        self._budgets, informer = client.informer(PodDisruptionBudget), client.informer(Pod)
        self._in_namespace, self._by_label = self._budgets.index(by_namespace), informer.index(by_label)
        self._pods = informer.index(by_namespace)
        kinds: tuple[Any, ...] = (ReplicaSet, Deployment, StatefulSet, ReplicationController)
        self._owners = {kind.__name__: client.informer(kind) for kind in kinds}
        self._served = ServedResources(client)
        self.watches = (
            Watch(PodDisruptionBudget, to=itself),
            Watch(Pod, to=self._budgets_of, when=_may_matter),
        )

    async def reconcile(self, key: Key) -> Outcome:
        budget = self._budgets.get(key)
        if budget is None:
            return DONE
        now = self._clock.now()
        chosen = self._chosen(budget)
        if not chosen:
            self._events.normal(budget, "NoPods", "No matching pods found")
        try:
            expected = await self._expected(budget, chosen)
        except Unscalable as error:
            message = f"Failed to calculate the number of expected pods: {error}"
            self._events.warning(budget, "CalculateExpectedPodCountFailed", message)
            await self._write(budget, failed(budget, str(error), now))
            return DONE
        disrupted = still_disrupted(budget, chosen, now)
        await self._write(budget, desired_status(budget, chosen, expected, disrupted, now))
        times = [parse(at) + DELETION_TIMEOUT - now for at in disrupted.values()]
        return Outcome(requeue_after=min(times).total_seconds() if times else None)

    async def _write(self, budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus) -> None:
        if status != budget.status:
            await self._client.update(msgspec.structs.replace(budget, status=status), subresource="status")

    def _chosen(self, budget: PodDisruptionBudget) -> list[Pod]:
        namespace, selector = budget.metadata.namespace, budget.spec.selector
        if selector and selector.match_labels and not selector.match_expressions:
            return sorted(selected(self._by_label, namespace, selector.match_labels), key=key_of)
        matcher = selectors.from_object(selector)
        return sorted((p for p in self._pods(namespace) if matcher.matches(p.metadata.labels)), key=key_of)

    async def _expected(self, budget: PodDisruptionBudget, chosen: Sequence[Pod]) -> "Expected":
        spec = budget.spec
        if spec.max_unavailable is None and not isinstance(spec.min_available, str):
            return Expected(len(chosen), spec.min_available or 0) if spec.min_available is not None else Expected(0, 0)
        scale, unmanaged = await total_scale(chosen, self._scale)
        if unmanaged:
            self._events.warning(budget, "UnmanagedPods", UNMANAGED.format(shown(spec.selector)))
        if spec.max_unavailable is not None:
            return Expected(scale, max(0, scale - scaled(spec.max_unavailable, scale, round_up=True)))
        return Expected(scale, scaled(spec.min_available, scale, round_up=True))

    async def _scale(self, pod: Pod, owner: OwnerReference) -> tuple[str, int] | None:
        """(uid, size) of a Pod's controller; of a ReplicaSet's Deployment, if it has one. None if it is not known.

        Raises Unscalable for a kind that has no size.
        """
        namespace = pod.metadata.namespace
        if OWNERS.get(owner.kind) != resources.split_api_version(owner.api_version)[0]:
            return await self._custom_scale(namespace, owner)
        found = self._owner(namespace, owner)
        if found is None:
            return None
        top = ownership.controller_of(found)
        if owner.kind == "ReplicaSet" and top is not None and top.kind == "Deployment":
            found = self._owner(namespace, top)
            if found is None:
                return None
        return found.metadata.uid, found.spec.replicas or 0

    async def _custom_scale(self, namespace: str, owner: OwnerReference) -> tuple[str, int] | None:
        """Of any other kind, by its subresource."""
        resource = self._served.by_kind(owner.api_version, owner.kind)
        if resource is None:
            raise Unscalable(f'no matches for kind "{owner.kind}" in version "{owner.api_version}"')
        if "scale" not in resource.subresources:
            raise Unscalable(f"{resource.group_resource} does not implement the scale subresource")
        key = Key(namespace, owner.name)
        try:
            scale = await self._client.get(Kind(resource, Scale), key, subresource="scale")
        except NotFound:
            return None
        return (scale.metadata.uid, scale.spec.replicas or 0) if scale.metadata.uid == owner.uid else None

    def _owner(self, namespace: str, reference: OwnerReference) -> Any:
        informer = self._owners.get(reference.kind)
        found = informer.get(Key(namespace, reference.name)) if informer else None
        return found if found is not None and found.metadata.uid == reference.uid else None

    def _budgets_of(self, pod: Pod) -> Iterable[Key]:
        for budget in self._in_namespace(pod.metadata.namespace):
            if selectors.from_object(budget.spec.selector).matches(pod.metadata.labels):
                yield key_of(budget)


class Expected(NamedTuple):
    """How many Pods there should be, and how many of them healthy."""

    pods: int
    healthy: int


async def total_scale(
    chosen: Iterable[Pod], scale_of: Callable[[Pod, OwnerReference], Awaitable[tuple[str, int] | None]]
) -> tuple[int, bool]:
    """(the sizes of all controllers of the Pods together, whether there are Pods without one). Raises Unscalable."""
    sizes: dict[str, int] = {}
    known: set[str] = set()
    unmanaged = False
    for pod in chosen:
        owner = ownership.controller_of(pod)
        if owner is None:
            unmanaged = True
            continue
        if owner.uid in known:
            continue
        known.add(owner.uid)
        found = await scale_of(pod, owner)
        if found is None:
            raise Unscalable(f'found no controllers for pod "{pod.metadata.name}"')
        sizes[found[0]] = found[1]
    return sum(sizes.values()), unmanaged


def still_disrupted(budget: PodDisruptionBudget, chosen: Iterable[Pod], now: datetime) -> dict[str, str]:
    """Of the Pods whose eviction was allowed: those that are still there and may yet go, with that time."""
    alive = {p.metadata.name for p in chosen if not p.metadata.deletion_timestamp}
    listed = budget.status.disrupted_pods.items()
    return {name: at for name, at in listed if name in alive and parse(at) + DELETION_TIMEOUT > now}


def desired_status(
    budget: PodDisruptionBudget, chosen: Iterable[Pod], expected: Expected, disrupted: dict[str, str], now: datetime
) -> PodDisruptionBudgetStatus:
    """The status; nothing may be evicted while no Pods are expected, since then we know too little."""
    healthy = sum(
        pods.is_ready(p) for p in chosen if not p.metadata.deletion_timestamp and p.metadata.name not in disrupted
    )
    allowed = max(0, healthy - expected.healthy) if expected.pods > 0 else 0
    status = PodDisruptionBudgetStatus(
        current_healthy=healthy,
        desired_healthy=expected.healthy,
        expected_pods=expected.pods,
        disruptions_allowed=allowed,
        disrupted_pods=disrupted,
        observed_generation=budget.metadata.generation,
        conditions=budget.status.conditions,
    )
    reason, value = ("SufficientPods", "True") if allowed else ("InsufficientPods", "False")
    return _with_condition(status, value, reason, "", now)


def failed(budget: PodDisruptionBudget, message: str, now: datetime) -> PodDisruptionBudgetStatus:
    """The status that allows no eviction because we cannot tell what would become of it."""
    status = msgspec.structs.replace(
        budget.status,
        disruptions_allowed=0,
        current_healthy=budget.status.current_healthy or 0,
        desired_healthy=budget.status.desired_healthy or 0,
        expected_pods=budget.status.expected_pods or 0,
    )
    return _with_condition(status, "False", "SyncFailed", message, now)


def _with_condition(
    status: PodDisruptionBudgetStatus, value: str, reason: str, message: str, now: datetime
) -> PodDisruptionBudgetStatus:
    before = next((c for c in status.conditions if c.type == ALLOWED), None)
    same = before is not None and before.status == value
    made = Condition(
        type=ALLOWED,
        status=value,
        reason=reason,
        message=message,
        observed_generation=status.observed_generation,
        last_transition_time=before.last_transition_time if before and same else format_time(now),
    )
    others = tuple(c for c in status.conditions if c.type != ALLOWED)
    return msgspec.structs.replace(status, conditions=(*others, made))


def shown(selector: LabelSelector | None) -> str:
    """A selector as Go prints it in the event."""
    labels = " ".join(f"{k}: {v}," for k, v in sorted((selector or LabelSelector()).match_labels.items()))
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{}},}}"
    )


def _may_matter(old: Pod | None, new: Pod | None) -> bool:
    if old is None or new is None:
        return True
    return _shown(old) != _shown(new)


def _shown(pod: Pod) -> tuple[Any, ...]:
    return pod.metadata.labels, pods.is_ready(pod), bool(pod.metadata.deletion_timestamp), ownership.controller_of(pod)
