"""ControllerRevisions: the numbered templates that a StatefulSet or DaemonSet has had, for rollout history and undo."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from podo.api.errors import AlreadyExists
from podo.api.scheme import Object
from podo.api.types.apps_v1 import ControllerRevision
from podo.api.types.core_v1 import PodTemplateSpec
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import DeleteOptions, key_of
from podo.client.informer import Index
from podo.client.informers import CachedClient
from podo.controllers import ownership
from podo.controllers.deployment_revisions import template_hash
from podo.controllers.ownership import Selector, reference_to

HASH_LABEL = "controller-revision-hash"  # of Pods: the name of their revision, or its hash
REVISION_HASH = "controller.kubernetes.io/hash"  # of StatefulSets' revisions


def data_of(template: PodTemplateSpec) -> dict[str, Any]:
    """What a revision holds: a strategic merge patch that brings the template back; kubectl applies it for `undo`.

    Its keys are in order, at every depth: clients compare the bytes with what they make of a workload's template.
    """
    return {"spec": {"template": {"$patch": "replace", **msgspec.to_builtins(template, order="sorted")}}}


def template_of(revision: ControllerRevision) -> PodTemplateSpec:
    """The template that a revision holds."""
    held = (revision.data or {}).get("spec", {}).get("template", {})
    return msgspec.convert({k: v for k, v in held.items() if k != "$patch"}, PodTemplateSpec)


def order(revision: ControllerRevision) -> tuple[int, str, str]:
    """Sort key: older first."""
    return revision.revision or 0, revision.metadata.creation_timestamp, revision.metadata.name


def make(owner: Object, template: PodTemplateSpec, number: int, collisions: int, label: str) -> ControllerRevision:
    """The revision of a template, named after it; `label` gets its hash."""
    mark = template_hash(template, collisions)
    meta = ObjectMeta(
        name=f"{owner.metadata.name[:223]}-{mark}",
        namespace=owner.metadata.namespace,
        labels={**template.metadata.labels, label: mark},
        annotations=dict(owner.metadata.annotations),
        owner_references=(reference_to(owner),),
    )
    return ControllerRevision(metadata=meta, revision=number, data=data_of(template))


def surplus(revisions: Sequence[ControllerRevision], live: Iterable[str], limit: int) -> list[ControllerRevision]:
    """Revisions beyond the limit that nobody uses, oldest first."""
    used = set(live)
    unused = sorted((r for r in revisions if r.metadata.name not in used), key=order)
    return unused[: max(0, len(unused) - limit)]


class History:
    """Reads and writes the revisions of one kind of owner."""

    def __init__(self, client: CachedClient, label: str) -> None:
        self._client, self._label = client, label
        self._index: Index[ControllerRevision] = client.informer(ControllerRevision).index(ownership.by_controller)

    async def of(self, owner: Object, selector: Selector) -> list[ControllerRevision]:
        """The owner's revisions, oldest first; matching orphans are adopted."""
        candidates = [*ownership.owned(self._index, owner), *ownership.orphans(self._index, owner.metadata.namespace)]
        return sorted(await ownership.claim(self._client, owner, selector, candidates), key=order)

    async def current(
        self, owner: Object, template: PodTemplateSpec, known: Sequence[ControllerRevision], collisions: int
    ) -> ControllerRevision:
        """The revision of the template, with the highest number: made, or raised if the template is an old one.

        Raises AlreadyExists if its name is another's: to be tried again with one more collision.
        """
        latest = known[-1] if known else None
        number = ((latest.revision or 0) if latest else 0) + 1
        same = [r for r in known if template_of(r) == template]
        if same and same[-1] is latest:
            return same[-1]
        if same:
            return await self._client.update(msgspec.structs.replace(same[-1], revision=number))
        made = make(owner, template, number, collisions, self._label)
        try:
            return await self._client.create(made)
        except AlreadyExists:
            found = await self._client.get(ControllerRevision, key_of(made))
            if ownership.is_controlled_by(found, owner) and template_of(found) == template:
                return found
            raise

    async def truncate(self, revisions: Sequence[ControllerRevision], live: Iterable[str], limit: int | None) -> None:
        """Delete what is beyond the history limit."""
        for revision in surplus(revisions, live, 10 if limit is None else limit):
            await self._client.delete(ControllerRevision, key_of(revision), DeleteOptions(uid=revision.metadata.uid))
