"""What a kind adds to the generic registry.

The registry (`registry/`) knows the life of every object: metadata, generation, optimistic concurrency, finalizers,
managed fields, selectors. A kind that needs more has a `Strategy`. To add one:

1. say in `registry/traits.py` what differs without code;
2. subclass `Strategy` in `registry/<kind>.py` and override what differs (each method may be left as it is);
3. add one line to the literal table in `registry/strategies.py`: `("apps", "Deployment"): DeploymentStrategy`.

Objects are plain dicts, as decoded from JSON, in the *stored* version of their kind; methods change `obj` in place and
never `old`, which is shared with every reader. A strategy is stateless and does no I/O.

Order at create: `default` → managed fields → mutating admission → metadata is filled in, status is dropped if there is
a status subresource, generation is 1 → `prepare_create` → `validate` (metadata and the
rest) → `canonicalize` → `warnings` → validating admission → store.
Order at update: `default` → managed fields → mutating admission → status is `old`'s, or for `/status` all else is →
`prepare_update` (`prepare_status`) → generation → `validate_update` → `canonicalize` → `warnings` → validating
admission → store.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from podo.api import names
from podo.api.field_errors import FieldError
from podo.server import defaulting, metadata, validation
from podo.server.blank import blank
from podo.server.context import Context

Object = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What kinds differ in without code; the table is in `registry/traits.py`."""

    generations: bool = False
    """metadata.generation is kept: 1 at create, one more with each change outside of metadata and status.

    Where the rule differs, `prepare_update` sets it; the registry then leaves it so."""
    create_on_update: bool = False
    """PUT of an object that does not exist creates it."""
    unconditional_update: bool = True
    """PUT without a resourceVersion is allowed."""
    returns_deleted: bool = False
    """DELETE answers with the object, where others answer with a Status."""
    collects: bool = True
    """Propagation policies mean something (not so for Events)."""
    orphans: bool = False
    """Dependents are left where a DELETE does not say otherwise, as of old."""
    orphan_warning: str = ""
    """What a client is told whose DELETE leaves the dependents because it does not say otherwise."""
    drops_status: bool = True
    """Where there is a status subresource: create drops status, update keeps the old one."""
    status_metadata: tuple[str, ...] = ()
    """The fields of metadata that an update of `/status` keeps as they were."""
    unshown_annotations: tuple[str, ...] = ()
    """Annotations that Tables and metadata alone leave out: they stand for fields that older versions had."""
    stored: bool = True
    """False: a question (a review); POST answers it, and nothing is kept."""


DEFAULT_TRAITS = Traits()


class Strategy:
    """The rules of a kind that has none of its own; subclasses override what differs."""

    name_errors: Callable[[str], list[str]] = staticmethod(names.dns1123_subdomain)
    """What is wrong with a name, for kinds without validation of their own."""

    graceful = False
    """DELETE may leave the object for a while, as `grace_period` says."""

    def __init__(self, traits: Traits = DEFAULT_TRAITS) -> None:
        self.traits = traits

    def default(self, obj: Object, live: Object | None = None) -> None:
        """Bring `obj` into canonical form and fill in what the client left out, by the rules of its own apiVersion.

        `live` is the stored object that it is to replace, if that is of the same version.
        """
        defaulting.default(obj["apiVersion"], obj["kind"], obj, live)

    def blank(self, obj: Object) -> Object:
        """What an object of `obj`'s kind holds before anything is set: `status: {}` and the like."""
        return blank(obj["apiVersion"], obj["kind"])

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        """Drop or set what a client may not choose."""

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        """The same for an update of the object, or of a subresource other than status."""

    def prepare_status(self, obj: Object, old: Object, ctx: Context) -> None:
        """The same for an update of `/status`."""

    def validate(self, obj: Object, ctx: Context) -> Sequence[FieldError]:
        """What is wrong with a new object, its metadata included, in Kubernetes' order."""
        if (obj["apiVersion"], obj["kind"]) in validation.TABLE:
            return validation.validate_create(obj["apiVersion"], obj["kind"], obj)
        return [*metadata.create_errors(obj["metadata"], bool(ctx.namespace), self.name_errors)]

    def validate_update(self, obj: Object, old: Object, ctx: Context) -> Sequence[FieldError]:
        """What is wrong with a changed object (or subresource, as `ctx` says), its metadata included."""
        if validation.covers_update(obj["apiVersion"], obj["kind"], ctx.subresource):
            return validation.validate_update(obj["apiVersion"], obj["kind"], obj, old, ctx.subresource)
        return [*metadata.update_errors(obj["metadata"], old["metadata"])]

    def canonicalize(self, obj: Object, ctx: Context) -> None:
        """Bring a valid object into the form in which it is stored."""

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        """Texts for `Warning` headers; `old` is None at create."""
        return ()

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        """Field selectors beyond metadata.name and metadata.namespace, with this object's values."""
        return {}

    lingers = False
    """The first DELETE only marks the object, even if nothing holds it (Namespaces)."""

    def held(self, obj: Object) -> bool:
        """Whether something beside metadata.finalizers holds a deleted object (a Namespace's spec.finalizers)."""
        return False

    def mark_deleted(self, obj: Object) -> None:
        """What else changes in an object that is to go but is there still (a Namespace's phase)."""

    def grace_period(self, obj: Object, wanted: int | None) -> int:
        """Seconds that a graceful deletion takes: `wanted` by the client (None: by default), or what `obj` says."""
        return wanted or 0
