"""Resource claims of Pods (KEP-4381): made from templates, reserved for who runs, and given back when nobody does."""

from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

import msgspec

from podo.api.errors import NotFound
from podo.api.resource_claims import (
    FINALIZER,
    MOST_CONSUMERS,
    claim_names,
    consumer,
    extended_claim,
    is_needless,
    is_reserved_for,
)
from podo.api.types.core_v1 import Pod, PodResourceClaim
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.resource_v1 import ResourceClaim, ResourceClaimConsumerReference, ResourceClaimTemplate
from podo.client.base import APPLY_PATCH, DeleteOptions, Key, Patch, find, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import ownership, pods
from podo.controllers.base import DONE, Outcome, Watch
from podo.controllers.ownership import by_controller, reference_to

POD_CLAIM = "resource.kubernetes.io/pod-claim-name"
FIELD_MANAGER = "ResourceClaimController"
BASE_AT_MOST = 57  # characters of 63: there are five more, and a dash
AGAIN = 5.0
"""Seconds until the next look for a template that is not there."""


class Item(NamedTuple):
    """A Pod or a claim, by its place."""

    is_pod: bool
    key: Key


def by_claim(pod: Pod) -> Iterable[Hashable]:
    """Index keys: the claims of a Pod, as far as they have names."""
    return [Key(pod.metadata.namespace, name) for name in claim_names(pod)]


def by_template(pod: Pod) -> Iterable[Hashable]:
    """Index keys: the templates of a Pod's claims."""
    names = (claim.resource_claim_template_name for claim in pod.spec.resource_claims)
    return [Key(pod.metadata.namespace, name) for name in names if name]


class ResourceClaimController:
    """Reads Pod, ResourceClaim and ResourceClaimTemplate; writes claims, and the names of claims in Pods' status."""

    name = "resourceclaim"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._events = client, events.recorder("resource_claim")
        self._pods, self._claims = client.informer(Pod), client.informer(ResourceClaim)
        self._templates = client.informer(ResourceClaimTemplate)
        self._users, self._waiting = self._pods.index(by_claim), self._pods.index(by_template)
        self._owned = self._claims.index(by_controller)
        self.watches = (
            Watch[Item](Pod, self._of_pod, _may_matter),
            Watch[Item](ResourceClaim, self._of_claim),
            Watch[Item](ResourceClaimTemplate, lambda template: _pods(self._waiting(key_of(template)))),
        )

    async def reconcile(self, key: Item) -> Outcome:
        return await (self._pod(key.key) if key.is_pod else self._claim(key.key))

    async def _pod(self, key: Key) -> Outcome:
        pod = self._pods.get(key)
        if pod is None or pod.metadata.deletion_timestamp or pods.is_finished(pod):
            return DONE
        names: dict[str, str] = {}
        for wanted in pod.spec.resource_claims:
            if not wanted.resource_claim_template_name or is_needless(pod, wanted):
                continue
            claim = self._existing(pod, wanted)
            if claim is None:
                claim = await self._make(pod, wanted)
            if claim is None:
                return Outcome(requeue_after=AGAIN)
            names[wanted.name] = claim.metadata.name
        if names and names != {s.name: s.resource_claim_name for s in pod.status.resource_claim_statuses}:
            await self._tell(pod, names)
        if pod.spec.node_name:
            await self._reserve(pod, names)
        return DONE

    def _existing(self, pod: Pod, wanted: PodResourceClaim) -> ResourceClaim | None:
        """The claim that was made for the Pod."""
        mine = ownership.owned(self._owned, pod)
        return next((c for c in mine if c.metadata.annotations.get(POD_CLAIM) == wanted.name), None)

    async def _make(self, pod: Pod, wanted: PodResourceClaim) -> ResourceClaim | None:
        namespace, name = pod.metadata.namespace, wanted.resource_claim_template_name
        template = self._templates.get(Key(namespace, name))
        if template is None:
            why = f'resource claim template "{name}": resourceclaimtemplate.resource.k8s.io "{name}" not found'
            text = f"PodResourceClaim {wanted.name}: {why}"
            self._events.warning(pod, "FailedResourceClaimCreation", text)
            return None
        return await self._client.create(claim_for(pod, wanted, template))

    async def _tell(self, pod: Pod, names: dict[str, str]) -> None:
        """Write the names of the claims into the Pod's status."""
        meta = {"name": pod.metadata.name, "namespace": pod.metadata.namespace}
        statuses = [{"name": name, "resourceClaimName": claim} for name, claim in names.items()]
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": {"resourceClaimStatuses": statuses}}
        patch = Patch(media_type=APPLY_PATCH, body=body, field_manager=FIELD_MANAGER, force=True)
        await self._client.patch(Pod, key_of(pod), patch, subresource="status")

    async def _reserve(self, pod: Pod, names: dict[str, str]) -> None:
        """For a Pod that got its node past the scheduler."""
        for wanted in pod.spec.resource_claims:
            name = wanted.resource_claim_name or names.get(wanted.name, "")
            claim = self._claims.get(Key(pod.metadata.namespace, name))
            if claim is None or claim.status.allocation is None or claim.metadata.deletion_timestamp:
                continue
            consumers = claim.status.reserved_for
            if len(consumers) < MOST_CONSUMERS and not is_reserved_for(claim, pod):
                status = msgspec.structs.replace(claim.status, reserved_for=(*consumers, consumer(pod)))
                await self._client.update(msgspec.structs.replace(claim, status=status), subresource="status")

    async def _claim(self, key: Key) -> Outcome:
        claim = self._claims.get(key)
        if claim is None:
            return DONE
        left = tuple([c for c in claim.status.reserved_for if await self._still_uses(key.namespace, c)])
        ours, going = FINALIZER in claim.metadata.finalizers, bool(claim.metadata.deletion_timestamp)
        fewer = len(left) < len(claim.status.reserved_for)
        if fewer or (ours and going and not left):
            claim = await self._release(claim, left, give_back=ours and not left)
        if not left:
            await self._remove_unused(claim)
        return DONE

    async def _still_uses(self, namespace: str, consumer: ResourceClaimConsumerReference) -> bool:
        """Whether a consumer is there still, and the same, and may need the claim. Others than Pods are not ours."""
        if consumer.api_group or consumer.resource != "pods":
            return True
        pod = self._pods.get(Key(namespace, consumer.name))
        if pod is None:  # it may be newer than what we know
            pod = await find(self._client, Pod, Key(namespace, consumer.name))
        return pod is not None and pod.metadata.uid == consumer.uid and not is_done(pod)

    async def _release(
        self, claim: ResourceClaim, left: tuple[ResourceClaimConsumerReference, ...], *, give_back: bool
    ) -> ResourceClaim:
        """Take consumers away; with the last one also the devices, where they were allocated by the scheduler."""
        status = msgspec.structs.replace(claim.status, reserved_for=left)
        if give_back:
            status = msgspec.structs.replace(status, allocation=None)
        if status != claim.status:
            claim = await self._client.update(msgspec.structs.replace(claim, status=status), subresource="status")
        if give_back:
            finalizers = tuple(f for f in claim.metadata.finalizers if f != FINALIZER)
            meta = msgspec.structs.replace(claim.metadata, finalizers=finalizers)
            claim = await self._client.update(msgspec.structs.replace(claim, metadata=meta))
        return claim

    async def _remove_unused(self, claim: ResourceClaim) -> None:
        """Delete a claim that was made for a Pod which will not run any more; one whose Pod is gone is collected."""
        owner = ownership.controller_of(claim)
        if owner is None or owner.kind != "Pod" or claim.metadata.deletion_timestamp:
            return
        pod = self._pods.get(Key(claim.metadata.namespace, owner.name))
        if pod is not None and (pod.metadata.uid != owner.uid or is_done(pod)):
            try:
                await self._client.delete(ResourceClaim, key_of(claim), DeleteOptions(uid=claim.metadata.uid))
            except NotFound:
                pass

    def _of_pod(self, pod: Pod) -> Iterable[Item]:
        """A Pod and the claims that it has."""
        if has_claims(pod):
            yield Item(True, key_of(pod))
            for claim in (*by_claim(pod), *map(key_of, ownership.owned(self._owned, pod))):
                yield Item(False, Key(*claim))  # type: ignore[misc]

    def _of_claim(self, claim: ResourceClaim) -> Iterable[Item]:
        """A claim, and the Pods that have it."""
        yield Item(False, key_of(claim))
        yield from _pods(self._users(key_of(claim)))
        owner = ownership.controller_of(claim)
        if owner is not None and owner.kind == "Pod":
            yield Item(True, Key(claim.metadata.namespace, owner.name))


def claim_for(pod: Pod, wanted: PodResourceClaim, template: ResourceClaimTemplate) -> ResourceClaim:
    """The claim that a template makes for a Pod."""
    given = template.spec.metadata
    owner = msgspec.structs.replace(reference_to(pod), block_owner_deletion=None)
    meta = ObjectMeta(
        generate_name=base_name(pod.metadata.name, wanted.name),
        namespace=pod.metadata.namespace,
        labels=given.labels,
        annotations={**given.annotations, POD_CLAIM: wanted.name},
        owner_references=(owner,),
    )
    return ResourceClaim(metadata=meta, spec=template.spec.spec)


def base_name(pod: str, claim: str) -> str:
    """What the name of a claim begins with: both names, each shortened by the same share if they are too long."""
    whole = f"{pod}-{claim}-"
    if len(whole) <= BASE_AT_MOST:
        return whole
    first = pod[: len(pod) * BASE_AT_MOST // len(whole)]
    return f"{first}-{claim[: len(claim) * BASE_AT_MOST // len(whole)]}"


def has_claims(pod: Pod) -> bool:
    """Whether it names claims, or has one for its extended resources."""
    return bool(pod.spec.resource_claims or extended_claim(pod))


def is_done(pod: Pod) -> bool:
    """Whether it will not run any more: it has ended, or it is to go and never got a node."""
    return pods.is_finished(pod) or bool(pod.metadata.deletion_timestamp and not pod.spec.node_name)


def _pods(found: Iterable[Pod]) -> list[Item]:
    return [Item(True, key_of(pod)) for pod in found]


def _may_matter(old: Pod | None, new: Pod | None) -> bool:
    some: Any = new or old
    if not has_claims(some):
        return False
    return old is None or new is None or _shown(old) != _shown(new)


def _shown(pod: Pod) -> tuple[Any, ...]:
    return is_done(pod), pod.spec.node_name, pod.status.resource_claim_statuses, pod.metadata.deletion_timestamp
