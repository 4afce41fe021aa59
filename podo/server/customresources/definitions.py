"""The rules of CustomResourceDefinitions in the registry."""

from collections.abc import Iterator, Sequence

from podo.server.context import Context
from podo.server.strategy import Object, Strategy

from .definition import FINALIZER, TERMINATING
from .naming import with_condition
from .schema.formats import known
from .schema.walk import all_schemas


class DefinitionStrategy(Strategy):
    """A definition's status tells in which versions objects may be stored; its deletion waits for its objects."""

    lingers = True

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        _note_stored_version(obj)

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        obj["status"] = dict(obj["status"])
        _note_stored_version(obj)

    def prepare_status(self, obj: Object, old: Object, ctx: Context) -> None:
        obj["spec"] = old["spec"]

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        before = {*unknown_formats(old)} if old is not None else set()
        return [f'unrecognized format "{name}"' for name in unknown_formats(obj) if name not in before]

    def mark_deleted(self, obj: Object) -> None:
        meta = obj["metadata"]
        finalizers = meta.get("finalizers") or []
        if FINALIZER not in finalizers:
            meta["finalizers"] = [*finalizers, FINALIZER]
        text = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
        when, status = meta["deletionTimestamp"], obj.get("status") or {}
        obj["status"] = with_condition(status, TERMINATING, "True", "InstanceDeletionPending", text, when)


def _note_stored_version(obj: Object) -> None:
    """The storage version is one in which objects are stored from now on."""
    stored = list(obj["status"].get("storedVersions") or ())
    storage = next((v["name"] for v in obj["spec"].get("versions") or () if v.get("storage")), None)
    if storage is not None and storage not in stored:
        obj["status"]["storedVersions"] = [*stored, storage]


def unknown_formats(obj: Object) -> Iterator[str]:
    """The formats in schemas that mean nothing to us."""
    for schema in all_schemas(obj):
        format = schema.get("format")
        if format and not known(format, schema.get("type") or ""):
            yield format
