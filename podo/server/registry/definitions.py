"""CustomResourceDefinitions: the status remembers which versions were ever stored."""

from collections.abc import Iterator, Sequence
from typing import Any

from podo.server.context import Context
from podo.server.strategy import Object, Strategy
from podo.server.validation.json_formats import FORMATS

KNOWN = frozenset(FORMATS) | {"bsonobjectid", "creditcard", "isbn", "isbn10", "isbn13", "password", "rgbcolor"}
NUMBERS = {"integer": ("int32", "int64"), "number": ("float", "double")}


class DefinitionStrategy(Strategy):
    """A version that is marked for storage is one that objects may be stored in."""

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        _remember(obj)

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        _remember(obj)

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        schemas = [(version.get("schema") or {}).get("openAPIV3Schema") for version in obj["spec"]["versions"]]
        return [f'unrecognized format "{form}"' for form in sorted({f for s in schemas for f in _unknown_formats(s)})]


def _unknown_formats(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for one in schema:
            yield from _unknown_formats(one)
    if not isinstance(schema, dict):
        return
    form, kind = schema.get("format", ""), schema.get("type", "")
    if form and not (form.replace("-", "") in KNOWN if kind in ("", "string") else form in NUMBERS.get(kind, (form,))):
        yield form
    for child in schema.get("properties", {}).values():
        yield from _unknown_formats(child)
    for key in ("items", "additionalProperties", "not", "allOf", "anyOf", "oneOf"):
        yield from _unknown_formats(schema.get(key))


def _remember(obj: Object) -> None:
    status = dict(obj.get("status") or {})
    stored = list(status.get("storedVersions") or ())
    wanted = next((version.get("name", "") for version in obj["spec"]["versions"] if version.get("storage")), None)
    status["storedVersions"] = stored if wanted is None or wanted in stored else [*stored, wanted]
    if not status["storedVersions"]:
        status["storedVersions"] = None
    obj["status"] = status
