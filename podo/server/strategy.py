"""What a kind adds to the generic registry.

The registry (`registry/`) knows the life of every object: metadata, generation, optimistic concurrency, finalizers,
managed fields, selectors. A kind that needs more has a `Strategy`. To add one:

1. subclass `Strategy` in `registry/<kind>.py` and override what differs (each method may be left as it is);
2. add one line to the literal table in `registry/strategies.py`: `("apps", "Deployment"): DeploymentStrategy()`.

Objects are plain dicts, as decoded from JSON, in the *stored* version of their kind; methods change `obj` in place and
never `old`, which is shared with every reader. A strategy is stateless and does no I/O.

Order at create: `default` → managed fields → mutating admission → metadata is filled in, status is dropped if there is
a status subresource, generation is 1 → `prepare_create` → `validate` (metadata and the
rest) → `warnings` → validating admission → store.
Order at update: `default` → managed fields → mutating admission → status is `old`'s, or for `/status` all else is →
`prepare_update` (`prepare_status`) → generation → `validate_update` (`validate_status`) → `warnings` → validating
admission → store.
"""

from collections.abc import Callable, Sequence
from typing import Any

from podo.api import names
from podo.api.field_errors import FieldError
from podo.server import defaulting, metadata
from podo.server.context import Context

Object = dict[str, Any]


class Strategy:
    """The rules of a kind that has none of its own; subclasses override what differs."""

    name_errors: Callable[[str], list[str]] = staticmethod(names.dns1123_subdomain)
    """What is wrong with a name: one of `podo.api.names`, as a staticmethod."""

    create_on_update = False
    """PUT of an object that does not exist creates it."""

    unconditional_update = True
    """PUT without a resourceVersion is allowed."""

    generations = False
    """metadata.generation is kept: 1 at create, one more with each change outside of metadata and status.

    Where the rule differs, `prepare_update` sets it; the registry then leaves it so."""

    drops_status = True
    """Where there is a status subresource: create drops status, update keeps the old one."""

    status_metadata: tuple[str, ...] = ("labels",)
    """The fields of metadata that an update of `/status` keeps as they were."""

    graceful = False
    """DELETE may leave the object for a while, as `grace_period` says."""

    def default(self, obj: Object) -> None:
        """Bring `obj` into canonical form and fill in what the client left out, by the rules of its own apiVersion."""
        defaulting.default(obj["apiVersion"], obj["kind"], obj)

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        """Drop or set what a client may not choose."""

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        """The same for an update."""

    def prepare_status(self, obj: Object, old: Object, ctx: Context) -> None:
        """The same for an update of `/status`."""

    def validate(self, obj: Object, ctx: Context) -> Sequence[FieldError]:
        """What is wrong with a new object, its metadata included, in Kubernetes' order."""
        namespaced = bool(ctx.namespace)
        return [*metadata.create_errors(obj["metadata"], namespaced, self.name_errors)]

    def validate_update(self, obj: Object, old: Object, ctx: Context) -> Sequence[FieldError]:
        """What is wrong with a changed object, its metadata included."""
        return [*metadata.update_errors(obj["metadata"], old["metadata"])]

    def validate_status(self, obj: Object, old: Object, ctx: Context) -> Sequence[FieldError]:
        """What is wrong with a changed status, or the metadata that came with it."""
        return [*metadata.update_errors(obj["metadata"], old["metadata"])]

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        """Texts for `Warning` headers; `old` is None at create."""
        return ()

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        """Field selectors beyond metadata.name and metadata.namespace, with this object's values.

        For an empty object it gives the same names, which is how the registry knows what may be selected by.
        """
        return {}

    collects = True
    """Dependents are garbage collected when the owner goes; False: propagation policies mean nothing (Events)."""

    returns_deleted = False
    """DELETE answers with the object, where others answer with a Status."""

    def held(self, obj: Object) -> bool:
        """Whether something beside metadata.finalizers holds a deleted object (a Namespace's spec.finalizers)."""
        return False

    def mark_deleted(self, obj: Object) -> None:
        """What else changes in an object that is to go but is there still (a Namespace's phase)."""

    def grace_period(self, obj: Object, wanted: int | None) -> int:
        """Seconds that a graceful deletion takes: `wanted` by the client (None: by default), or what `obj` says."""
        return wanted or 0
