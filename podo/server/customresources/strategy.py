"""The rules of custom resources in the registry: those of apiextensions, by the version of the request."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from podo.api import names
from podo.api.errors import Forbidden
from podo.api.field_errors import FieldError, invalid
from podo.server import metadata
from podo.server.context import Context
from podo.server.patch.values import copy, same
from podo.server.registry.traits import KEPT
from podo.server.strategy import Object, Strategy, Traits

from .definition import TERMINATING, Definition, Scale
from .embedded import embedded_errors
from .schema.correlation import Correlated
from .schema.lists import list_errors
from .schema.results import errors_of
from .schema.values import validate

if TYPE_CHECKING:
    from .kind import CustomServed

TRAITS = Traits(generations=True, unconditional_update=False, status_metadata=KEPT)
GOING = "create not allowed while custom resource definition is terminating"
UNCHECKED = (
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
_BLOCKING = frozenset({"Unsupported value", "Required value", "Too long", "Too many"})
_PLAIN_FINALIZERS = frozenset({"orphan", "foregroundDeletion", "kubernetes"})
MAX_REPLICAS = (1 << 31) - 1


class CustomStrategy(Strategy):
    """One a definition; `versions` are those that are served, by name."""

    def __init__(self, definition: Definition) -> None:
        super().__init__(TRAITS)
        self._definition = definition
        self.versions: dict[str, CustomServed] = {}

    def default(self, obj: Object, live: Object | None = None) -> None:
        served = self.versions.get(obj["apiVersion"].rpartition("/")[2])
        if served is not None and obj["kind"] == served.resource.kind:
            served.default(obj)

    def blank(self, obj: Object) -> Object:
        return {}

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        if self._definition.holds(TERMINATING):
            raise self._forbidden(obj)
        if self.versions[ctx.version].has_status:
            obj.pop("status", None)

    def _forbidden(self, obj: Object) -> Forbidden:
        names_, group = self._definition.status.accepted_names, self._definition.spec.group
        name = obj["metadata"].get("name", "")
        text = f'{names_.plural}.{group} "{name}" is forbidden: {GOING}'
        return Forbidden(text, name=name, group=group, kind=names_.plural)

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        served = self.versions[ctx.version]
        before = self._seen(old, served)
        if served.has_status and ctx.subresource != "scale":
            if "status" in before:
                obj["status"] = copy(before["status"])
            else:
                obj.pop("status", None)
        generation = old["metadata"].get("generation", 0)
        if not same(_substance(obj), _substance(before)):
            obj["metadata"]["generation"] = generation + 1

    def _seen(self, old: Object, served: "CustomServed") -> Object:
        """The object before, as the version of the request shows it."""
        return served.client_object(copy(old))

    def validate(self, obj: Object, ctx: Context) -> Sequence[FieldError]:
        served = self.versions[ctx.version]
        shown = _in_version(obj, served)
        if errors := _type_errors(shown, obj, served):
            return errors
        found = [*metadata.create_errors(obj["metadata"], bool(ctx.namespace), names.dns1123_subdomain)]
        found += errors_of(validate(shown, served.structural.source).findings)
        found += _scale_errors(shown, served.scale)
        found += embedded_errors(shown, served.structural)
        found += list_errors(shown, served.structural)
        return self._with_rules(found, shown, None, served, ctx)

    def validate_update(self, obj: Object, old: Object, ctx: Context) -> Sequence[FieldError]:
        served = self.versions[ctx.version]
        shown, before = _in_version(obj, served), self._seen(old, served)
        if errors := _type_errors(shown, obj, served):
            return errors
        found = [*metadata.update_errors(obj["metadata"], old["metadata"])] * 2  # by the kind, and by every kind
        correlated = Correlated(shown, before, served.structural)
        if ctx.subresource == "status":
            found += _status_errors(shown, served, correlated)
        else:
            found += errors_of(validate(shown, served.structural.source, correlated).findings)
            found += _replicas_errors(shown, served.scale)
            found += embedded_errors(shown, served.structural)
        found += _status_scale_errors(shown, served.scale)
        if not [*list_errors(before, served.structural)]:
            found += list_errors(shown, served.structural)
        return self._with_rules(found, shown, before, served, ctx, correlated)

    def _with_rules(
        self,
        found: list[FieldError],
        obj: Object,
        old: Object | None,
        served: "CustomServed",
        ctx: Context,
        correlated: Correlated | None = None,
    ) -> list[FieldError]:
        """With the findings of validation rules, unless the object is too wrong for them."""
        if not served.has_rules:
            return found
        if any(error.kind in _BLOCKING or error.cause == "FieldValueTypeInvalid" for error in found):
            return [*found, invalid("<nil>", None, UNCHECKED)]
        return [*found, *served.rule_errors(obj, old, correlated, ctx.warn)]

    def canonicalize(self, obj: Object, ctx: Context) -> None:
        served = self.versions[ctx.version]
        if not served.version.storage and not served.converts:
            self._definition.restore(obj, self._definition.storage.name)

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        before = (old["metadata"].get("finalizers") or ()) if old is not None else ()
        fresh = {name for name in obj["metadata"].get("finalizers") or () if name not in before}
        return [text for name in sorted(fresh) for text in _finalizer_warnings(name)]


def _substance(obj: Object) -> Object:
    return {name: value for name, value in obj.items() if name not in ("metadata", "kind", "apiVersion")}


def _in_version(obj: Object, served: "CustomServed") -> Object:
    """The object (in the stored version) with the apiVersion of the request."""
    return (
        obj if obj["apiVersion"] == served.resource.api_version else obj | {"apiVersion": served.resource.api_version}
    )


def _type_errors(shown: Object, obj: Object, served: "CustomServed") -> list[FieldError]:
    if shown["kind"] != served.resource.kind:
        return [invalid("kind", shown["kind"], f"must be {served.resource.kind}")]
    return []


def _status_errors(obj: Object, served: "CustomServed", correlated: Correlated) -> list[FieldError]:
    """An update of the status is checked against the schema of the status alone."""
    schema = served.structural.properties.get("status")
    if "status" not in obj or schema is None:
        return []
    return errors_of(validate(obj["status"], schema.source, correlated.key("status")).findings, "status")


def replicas_at(obj: Object, path: str) -> Any:
    """The value at a dotted path that begins with a dot, None where there is none."""
    found: Any = obj
    for name in path.removeprefix(".").split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _scale_errors(obj: Object, scale: Scale | None) -> Iterator[FieldError]:
    yield from _replicas_errors(obj, scale)
    yield from _status_scale_errors(obj, scale)


def _replicas_errors(obj: Object, scale: Scale | None) -> Iterator[FieldError]:
    if scale is not None:
        yield from _count_errors(obj, scale.spec_replicas_path)


def _status_scale_errors(obj: Object, scale: Scale | None) -> Iterator[FieldError]:
    if scale is None:
        return
    yield from _count_errors(obj, scale.status_replicas_path)
    if scale.label_selector_path:
        selector = replicas_at(obj, scale.label_selector_path)
        if selector is not None and not isinstance(selector, str):
            text = f"{scale.label_selector_path} accessor error: {_go(selector)} is of the type {_go_type(selector)}"
            yield invalid(scale.label_selector_path, "", f"{text}, expected string")


def _count_errors(obj: Object, path: str) -> Iterator[FieldError]:
    count = replicas_at(obj, path)
    if count is None:
        return
    if not isinstance(count, int) or isinstance(count, bool):
        text = f"{path} accessor error: {_go(count)} is of the type {_go_type(count)}, expected int64"
        yield invalid(path, 0, text)
    elif count < 0:
        yield invalid(path, count, "should be a non-negative integer")
    elif count > MAX_REPLICAS:
        yield invalid(path, count, f"should be less than or equal to {MAX_REPLICAS}")


def _go(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _go_type(value: Any) -> str:
    names_: dict[type, str] = {bool: "bool", str: "string", float: "float64", int: "int64"}
    return names_.get(type(value), "map[string]interface {}" if isinstance(value, dict) else "[]interface {}")


def _finalizer_warnings(name: str) -> Iterator[str]:
    place = f'metadata.finalizers: "{name}": '
    yield from (place + text for text in names.qualified_name(name))
    if "/" not in name and name not in _PLAIN_FINALIZERS:
        how = " including a path (/)" if "." in name else ""
        why = "to avoid accidental conflicts with other finalizer writers"
        yield f"{place}prefer a domain-qualified finalizer name{how} {why}"
