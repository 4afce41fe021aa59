"""Strategic merge patch: Kubernetes' own format, whose lists merge by key and whose `$…` members are directives.

| directive | effect |
|---|---|
| `$patch: replace` | the object (or, as an element, the list) is what the patch says |
| `$patch: delete` | the object is emptied (the element with this merge key goes) |
| `$retainKeys` | members that it does not name go |
| `$setElementOrder/x` | the order of list x: of the patch first, what only the live object has is woven in |
| `$deleteFromPrimitiveList/x` | these elements of list x go |
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from podo.api import schema as tables

from . import strategic_order as order
from .strategic_order import (
    DIRECTIVE,
    ORDER_PREFIX,
    FormatError,
    StrategicError,
    argument,
    list_name,
    no_merge_key,
)
from .values import plain, same

Object = dict[str, Any]
DELETE_PREFIX, RETAIN_KEYS = "$deleteFromPrimitiveList", "$retainKeys"
REPLACE, DELETE, MERGE = "replace", "delete", "merge"


class PatchField(Protocol):
    """How one member merges. `schema` is that of the object, or of the elements of the list, that it holds."""

    @property
    def strategy(self) -> str:
        """ "", replace or merge; retainKeys is the client's affair."""

    @property
    def merge_key(self) -> str: ...

    @property
    def schema(self) -> "PatchSchema": ...


class PatchSchema(Protocol):
    """What merging needs to know of a type."""

    @property
    def name(self) -> str:
        """The kind of Go type, for messages: `struct`, `map`, `string`."""

    def field(self, name: str) -> PatchField:
        """Raises StrategicError where the type has no such member or no members at all."""


class TableField:
    """A field of a built-in type."""

    __slots__ = ("_field", "merge_key", "strategy")

    def __init__(self, field: tables.Field) -> None:
        self._field = field
        self.merge_key = field.merge_key
        self.strategy = next((s for s in field.strategy if s != "retainKeys"), "")

    @property
    def schema(self) -> "TableSchema":
        """Of what the field holds. A map has no members that a patch could merge by."""
        if self._field.shape.startswith("map") or "." not in self._field.type:
            kind = "map" if self._field.shape.startswith("map") else self._field.type
            return TableSchema(tables.TypeSchema(), kind)
        return TableSchema.of(self._field.type)


class TableSchema:
    """A built-in type, or (with another name than `struct`) what has no members."""

    __slots__ = ("name", "type")

    def __init__(self, type_schema: tables.TypeSchema, name: str = "struct") -> None:
        self.type, self.name = type_schema, name

    @classmethod
    def of(cls, table: str) -> "TableSchema":
        """A type by its name in the field tables. Raises KeyError."""
        return cls(tables.type_of(table))

    def field(self, name: str) -> TableField:
        if self.name != "struct":
            raise StrategicError(f"merging an object in json but data type is not struct, instead is: {self.name}")
        found = self.type.fields.get(name) or _folded(self.type.fields, name)
        if found is None:
            short = self.type.name.rpartition(".")[2]
            raise StrategicError(f'unable to find api field in struct {short} for the json field "{name}"')
        return TableField(found)


def _folded(fields: Mapping[str, tables.Field], name: str) -> tables.Field | None:
    folded = name.casefold()
    return next((f for key, f in fields.items() if key.casefold() == folded), None)


def strategic_merge(doc: Object, patch: Object, schema: PatchSchema) -> Object:
    """`doc` with `patch` merged in. Inputs stay as they are. Raises StrategicError."""
    return _merge_object(doc, patch, schema)


def _merge_object(original: Object, patch: Object, schema: PatchSchema) -> Object:
    if DIRECTIVE in patch:
        return _whole(patch)
    rest = dict(patch)
    result = _retained(original, rest)
    _merge_ordered_lists(result, rest, schema)
    for key, value in rest.items():
        deletes = key.startswith(DELETE_PREFIX)
        name = list_name(key, DELETE_PREFIX) if deletes else key
        if value is None:
            result.pop(name, None)
            continue
        if name in result and type(result[name]) is type(value):
            _merge_member(result, name, value, schema, deletes)
        elif not deletes:
            _set(result, name, _without_nulls(value))
    return result


def _whole(patch: Object) -> Object:
    """An object whose patch carries `$patch`."""
    directive = patch[DIRECTIVE]
    if directive == REPLACE:
        return {k: v for k, v in patch.items() if k != DIRECTIVE}
    if directive == DELETE:
        return {}
    raise StrategicError(f"unknown patch type: {plain(directive)} in map: {plain(patch)}")


def _set(result: Object, name: str, value: Any) -> None:
    """Set a member to what is left of a patch's value without its directives."""
    if isinstance(value, dict) and DIRECTIVE in value:
        result.pop(name, None)
    else:
        result[name] = _without_directives(value)


def _merge_member(result: Object, name: str, value: Any, schema: PatchSchema, deletes: bool) -> None:
    """Merge a patch's value into a member of the same type."""
    if isinstance(value, dict):
        field = schema.field(name)
        old = result[name]
        result[name] = value if field.strategy == REPLACE else _merge_object(old, value, field.schema)
    elif isinstance(value, list):
        result[name] = _merge_list(result[name], value, schema.field(name), deletes)
    else:
        result[name] = value


def _retained(original: Object, patch: Object) -> Object:
    """A copy of `original` with only the members that `$retainKeys` names; the directive leaves `patch`."""
    if RETAIN_KEYS not in patch:
        return dict(original)
    names = patch.pop(RETAIN_KEYS)
    if not isinstance(names, list):
        raise FormatError("invalid patch format of retainKeys")
    kept = {n for n in names if isinstance(n, str)}
    for key, value in patch.items():
        if value is not None and not key.startswith((DELETE_PREFIX, ORDER_PREFIX)) and key not in kept:
            raise FormatError("invalid patch format of retainKeys")
    return {k: v for k, v in original.items() if k in kept}


def _merge_ordered_lists(result: Object, patch: Object, schema: PatchSchema) -> None:
    """Merge the lists that `$setElementOrder` speaks of; they and the directive leave `patch`."""
    for key in [k for k in patch if k.startswith(ORDER_PREFIX)]:
        wanted = argument(patch.pop(key), list)
        name = list_name(key, ORDER_PREFIX)
        old: list[Any] = argument(result[name], list) if name in result else []
        new: list[Any] = argument(patch[name], list) if name in patch else []
        field = schema.field(name)
        order.check(new, wanted, field.merge_key)
        if name in patch:
            merged = _merge_list(old, new, field, False) if name in result else _without_directives(new)
        elif name in result:
            merged = old
        else:
            continue
        order.element_kind(old, new)
        result[name] = order.arranged(merged, wanted, old, field.merge_key)
        patch.pop(name, None)


def _merge_list(original: list[Any], patch: list[Any], field: PatchField, deletes: bool) -> list[Any]:
    if not deletes and field.strategy != MERGE:
        return patch
    if not original and not patch:
        return original
    if order.element_kind(original, patch) is not dict:
        if deletes:
            return [v for v in original if not any(same(v, gone) for gone in patch)]
        merged = order.deduplicated([*original, *patch])
        return order.arranged(merged, patch, original, "")
    key = field.merge_key
    if not key:
        raise StrategicError(f"cannot merge lists without merge key for {field.schema.name}")
    base, rest = _element_directives(original, patch, key)
    merged = _merge_elements(base, rest, key, field.schema)
    return order.arranged(merged, rest, base, key)


def _element_directives(original: list[Any], patch: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    """(the list, what remains to be merged in) after the elements of a patch that carry `$patch`."""
    rest, replace, base = [], False, list(original)
    for element in patch:
        if DIRECTIVE not in element:
            rest.append(element)
            continue
        directive = element[DIRECTIVE]
        if directive == DELETE:
            if key not in element:
                raise no_merge_key(element, key)
            base = [e for e in base if not same(_member(e, key), element[key])]
        elif directive == REPLACE:
            replace = True
        elif directive == MERGE:
            raise StrategicError("merging lists cannot yet be specified in the patch")
        else:
            raise StrategicError(f"unknown patch type: {plain(directive)} in map: {plain(element)}")
    return (rest, []) if replace else (base, rest)


_NO_KEY = object()


def _member(element: Object, key: str) -> Any:
    return element.get(key, _NO_KEY)


def _merge_elements(base: list[Any], patch: Sequence[Object], key: str, schema: PatchSchema) -> list[Any]:
    merged = list(base)
    for element in patch:
        if key not in element:
            raise no_merge_key(element, key)
        at = next((i for i, e in enumerate(merged) if same(_member(e, key), element[key])), None)
        if at is None:
            merged.append(element)
        else:
            merged[at] = _merge_object(merged[at], element, schema)
    return merged


def _without_nulls(value: Any) -> Any:
    """A patch's value without null members, at any depth."""
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value] if isinstance(value, list) else value


def _without_directives(value: Any) -> Any:
    """A patch's value without the objects that carry `$patch`."""
    if isinstance(value, dict):
        return {k: _without_directives(v) for k, v in value.items() if not _marked(v)}
    return [_without_directives(v) for v in value if not _marked(v)] if isinstance(value, list) else value


def _marked(value: Any) -> bool:
    return isinstance(value, dict) and DIRECTIVE in value
