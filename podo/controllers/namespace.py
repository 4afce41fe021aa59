"""Namespace: when it is being deleted, everything in it goes first, Pods before the rest (KEP-5080).

What still holds it up stands in its conditions. The last step is to take our name out of `spec.finalizers`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from podo.api.errors import APIError, MethodNotAllowed, NotFound
from podo.api.resources import Resource
from podo.api.timestamps import format_time
from podo.api.types.core_v1 import Namespace, NamespaceCondition, NamespaceSpec, Pod
from podo.client.base import BACKGROUND, Client, DeleteOptions, Key, key_of, metadata_kind
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import other_servers, pods
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.served import ServedResources

FINALIZER = "kubernetes"
AGAIN = 1.0  # seconds until the next look at what remains; a Pod's end is noticed at once
DISCOVERY, FAILURE, REMAINING, FINALIZERS = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
)
FINE = {
    DISCOVERY: ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    FAILURE: ("ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
    REMAINING: ("ContentRemoved", "All content successfully removed"),
    FINALIZERS: ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}
"""(reason, message) of each condition while all is well; its status is False then."""


class NamespaceController:
    """Reads Namespace, and everything in one that is being deleted; deletes that; writes Namespace.status."""

    name = "namespace"

    def __init__(
        self, client: CachedClient, clock: Clock, events: EventWriter, others: other_servers.Others | None = None
    ) -> None:
        """`others` are the servers behind the aggregator; they are emptied as well."""
        self._client, self._clock, self._others = client, clock, others
        self._namespaces, self._served = client.informer(Namespace), ServedResources(client)
        self.watches = (
            Watch(Namespace, to=itself),
            Watch(Pod, to=self._terminating, when=lambda old, new: new is None),
        )

    async def reconcile(self, key: Key) -> Outcome:
        namespace = self._namespaces.get(key)
        if namespace is None or not namespace.metadata.deletion_timestamp or not namespace.spec.finalizers:
            return DONE
        left = await self._empty(key.name)
        conditions = described(namespace.status.conditions, left, format_time(self._clock.now()))
        status = msgspec.structs.replace(namespace.status, phase="Terminating", conditions=conditions)
        try:
            if status != namespace.status:
                changed = msgspec.structs.replace(namespace, status=status)
                namespace = await self._client.update(changed, subresource="status")
            if left.errors or left.objects or left.undiscovered:
                return Outcome(requeue_after=AGAIN)
            others = tuple(f for f in namespace.spec.finalizers if f != FINALIZER)
            spec = NamespaceSpec(finalizers=others)
            await self._client.update(msgspec.structs.replace(namespace, spec=spec), subresource="finalize")
        except NotFound:
            pass  # it went meanwhile
        return DONE

    async def _empty(self, namespace: str) -> "Left":
        """Delete everything; what is left afterwards. While there are Pods, nothing else is touched."""
        kept = [r for r in self._served.kept() if r.namespaced]
        left = Left()
        for resource in (r for r in kept if (r.group, r.plural) == ("", "pods")):
            await self._empty_of(resource, namespace, left)
        if not left.objects:
            for resource in (r for r in kept if (r.group, r.plural) != ("", "pods")):
                await self._empty_of(resource, namespace, left)
            await self._empty_others(namespace, left)
        return left

    async def _empty_others(self, namespace: str, left: "Left") -> None:
        """Delete what other servers hold. One that cannot be asked holds the namespace up."""
        if self._others is None:
            return
        found = await self._others.find()
        left.undiscovered = found.failures
        for resource in found.resources:
            await self._empty_of(resource, namespace, left, self._others.client)

    async def _empty_of(self, resource: Resource, namespace: str, left: "Left", client: Client | None = None) -> None:
        kind, client = metadata_kind(resource), client or self._client
        try:
            found = (await client.list(kind, namespace=namespace)).items
            if not found:
                return
            living = [o for o in found if not o.metadata.deletion_timestamp]
            await pods.together(_delete(client, resource, key_of(o)) for o in living)
            found = (await client.list(kind, namespace=namespace)).items
        except (NotFound, MethodNotAllowed):
            return  # it is served no more
        except APIError as error:
            left.errors.append(str(error))
            return
        left.add(resource, (o.metadata.finalizers for o in found))

    def _terminating(self, pod: Pod) -> Iterable[Key]:
        key = Key("", pod.metadata.namespace)
        namespace = self._namespaces.get(key)
        return (key,) if namespace and namespace.metadata.deletion_timestamp else ()


async def _delete(client: Client, resource: Resource, key: Key) -> None:
    try:
        await client.delete(metadata_kind(resource), key, DeleteOptions(propagation=BACKGROUND))
    except NotFound:
        pass


@dataclass
class Left:
    """What is still in a namespace: how many objects by resource, and by the finalizer that holds them.

    `undiscovered` says which groups could not be looked into, and why.
    """

    objects: Counter[str] = field(default_factory=Counter)
    finalizers: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    undiscovered: Mapping[str, str] = field(default_factory=dict)

    def add(self, resource: Resource, finalizers: Iterable[Iterable[str]]) -> None:
        """Count objects of a resource by their finalizers."""
        for of_one in finalizers:
            self.objects[f"{resource.plural}.{resource.group}"] += 1
            self.finalizers.update(of_one)


def described(before: Iterable[NamespaceCondition], left: Left, now: str) -> tuple[NamespaceCondition, ...]:
    """The conditions that say what is left. Those of other types stay."""
    old = {c.type: c for c in before}
    bad = _bad(left)
    for kind, (reason, message) in FINE.items():
        status = "True" if kind in bad else "False"
        reason, message = bad.get(kind, (reason, message))
        known = old.get(kind)
        since = known.last_transition_time if known and known.status == status else now
        old[kind] = NamespaceCondition(
            type=kind, status=status, reason=reason, message=message, last_transition_time=since
        )
    return tuple(old.values())


def _bad(left: Left) -> dict[str, tuple[str, str]]:
    found = {}
    if left.undiscovered:
        found[DISCOVERY] = ("DiscoveryFailed", other_servers.shown(left.undiscovered))
    if left.errors:
        text = f"Failed to delete all resource types, {len(left.errors)} remaining: {', '.join(sorted(left.errors))}"
        found[FAILURE] = ("ContentDeletionFailed", text)
    if left.objects:
        text = f"Some resources are remaining: {_listed(left.objects, '{} has {} resource instances')}"
        found[REMAINING] = ("SomeResourcesRemain", text)
    if left.finalizers:
        text = _listed(left.finalizers, "{} in {} resource instances")
        found[FINALIZERS] = ("SomeFinalizersRemain", f"Some content in the namespace has finalizers remaining: {text}")
    return found


def _listed(counts: Mapping[str, int], form: str) -> str:
    return ", ".join(sorted(form.format(name, number) for name, number in counts.items()))
