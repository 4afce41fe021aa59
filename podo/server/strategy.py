"""What a kind adds to the generic registry.

The registry (`registry/`) knows the life of every object: metadata, generation, optimistic concurrency, finalizers,
managed fields, selectors. A kind that needs more has a `Strategy`. To add one:

1. subclass `Strategy` in `registry/<kind>.py` and override what differs (each method may be left as it is);
2. add one line to the literal table in `registry/strategies.py`: `("apps", "Deployment"): DeploymentStrategy()`.

Objects are plain dicts, as decoded from JSON, in the *stored* version of their kind; methods change `obj` in place and
never `old`, which is shared with every reader. A strategy is stateless and does no I/O.

Order at create: `default` → mutating admission → metadata is filled in, status is dropped if there is a status
subresource → `prepare_create` → metadata is validated → `validate` → `warnings` → validating admission → store.
Order at update: `default` → mutating admission → `prepare_update` (or `prepare_status` for `/status`) → metadata is
validated → `validate_update` (`validate_status`) → `warnings` → validating admission → store.
"""

from collections.abc import Sequence
from typing import Any

from .context import Context

Object = dict[str, Any]


class Strategy:
    """The rules of a kind that has none of its own; subclasses override what differs."""

    create_on_update = False
    """PUT of an object that does not exist creates it."""

    unconditional_update = True
    """PUT without a resourceVersion is allowed."""

    generations = True
    """metadata.generation is kept: 1 at create, one more with each change outside of metadata and status.

    Only for kinds with a `spec`; the registry sets it False for others."""

    status_metadata = ("labels",)
    """The fields of metadata that an update of `/status` keeps as they were, beside those that no update can change."""

    def default(self, obj: Object) -> None:
        """Fill in what the client left out, by the rules of `obj`'s own apiVersion."""

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        """Drop or set what a client may not choose. Status is gone already where there is a status subresource."""

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        """The same for an update. Status is `old`'s already where there is a status subresource."""

    def prepare_status(self, obj: Object, old: Object, ctx: Context) -> None:
        """The same for an update of `/status`: all but status and metadata is `old`'s already."""

    def validate(self, obj: Object, ctx: Context) -> Sequence[Any]:
        """What is wrong with a new object, as `FieldError`s in Kubernetes' order; metadata is checked already."""
        return ()

    def validate_update(self, obj: Object, old: Object, ctx: Context) -> Sequence[Any]:
        """What is wrong with a changed object."""
        return ()

    def validate_status(self, obj: Object, old: Object, ctx: Context) -> Sequence[Any]:
        """What is wrong with a changed status."""
        return ()

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        """Texts for `Warning` headers; `old` is None at create."""
        return ()

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        """Field selectors beyond metadata.name and metadata.namespace, with this object's values."""
        return {}
