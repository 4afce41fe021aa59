"""PATCH requests: what a body of each media type makes of the live object, and how each failure is answered.

The request handlers call `patched` for the three patch formats and `applied` for server-side apply, at every try
against the current object. Defaulting, which follows both, and admission are theirs.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from podo.api.errors import APIError, BadRequest, Invalid
from podo.api.field_errors import invalid, invalid_object

from ..decoding import json_text, yaml_body
from ..decoding.exact import Exact, TypeMismatch
from ..decoding.go_types import INTERFACE, LIST, MAP, STRUCT, GoField, GoType, struct
from ..decoding.json_text import JSONError
from ..decoding.objects import STRICT, WARN, Kind, StrictError, retyped, table_of, yaml_lines
from ..decoding.structs import NotClean, normalised
from ..decoding.unstructured import ConvertError, convert
from .apply import apply, described
from .failures import MAX_JSON_PATCH_OPERATIONS, rejected, too_many_operations, unclassified
from .json import PatchError, json_patch
from .merge import merge_patch
from .strategic import TableSchema, strategic_merge
from .strategic_order import FormatError, ListOfListsError, StrategicError
from .values import plain
from .versions import Filter, Object, Versions

JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC_PATCH, APPLY_PATCH = "application/strategic-merge-patch+json", "application/apply-patch+yaml"

_INTERFACE = GoType(INTERFACE, "interface {}")
_OPERATION = [GoField(n, GoType("string", "string"), False, False) for n in ("op", "path", "from")]
_OPERATION.append(GoField("value", _INTERFACE, False, True))
_OPERATIONS = GoType(LIST, "[]handlers.jsonPatchOp", element=GoType(STRUCT, "handlers.jsonPatchOp", fields=_OPERATION))
_OBJECT = GoType(MAP, "map[string]interface {}", element=_INTERFACE)


@dataclass(frozen=True)
class PatchBody:
    """What the client sent. `media_type` is one of the four above, without parameters."""

    media_type: str
    content: bytes
    field_validation: str = WARN


@dataclass
class Patched:
    """The object after the patch, in the version of the request, and what to warn of.

    `untyped` is the object before it became one of its kind, which forgets what is empty. `name` is how messages name
    what was applied.
    """

    object: Object
    warnings: list[str] = field(default_factory=list)
    untyped: Object = field(default_factory=dict)
    name: str = ""


def patched(live: Object, body: PatchBody, kind: Kind) -> Patched:
    """`live` (in the version of `kind`) after a JSON, merge or strategic merge patch. Raises an APIError."""
    if body.media_type == STRATEGIC_PATCH:
        return _strategic(live, body, kind)
    patch, findings = read_patch(body)
    result = json_patched(live, patch) if body.media_type == JSON_PATCH else merge_patch(live, patch)
    try:
        obj, more = retyped(result, kind)
    except (TypeMismatch, JSONError) as error:
        raise invalid_patch(patched_text(result), str(error)) from error
    return _checked(obj, findings + more, body, patched_text(result), result)


def read_patch(body: PatchBody) -> tuple[Any, list[str]]:
    """(the patch, what strict validation finds in it). Raises BadRequest, RequestEntityTooLarge."""
    is_json_patch = body.media_type == JSON_PATCH
    exact = Exact()
    prefix = "error decoding patch: " if body.field_validation in (WARN, STRICT) else ""
    try:
        raw = json_text.parse(body.content)
        checked = exact.decode(_OPERATIONS if is_json_patch else _OBJECT, raw)
    except (JSONError, TypeMismatch) as error:
        if not prefix and is_json_patch:
            raise BadRequest(str(error).replace(_OPERATIONS.name, "jsonpatch.Patch")) from error
        raise BadRequest(f"{prefix}{error}" if prefix else "Invalid JSON Patch") from error
    if not is_json_patch:
        if checked is None:
            raise BadRequest("Invalid JSON Patch")
        return checked, exact.findings
    ops = json_text.plain(raw) or []
    if len(ops) > MAX_JSON_PATCH_OPERATIONS:
        raise too_many_operations(len(ops))
    return [op or {} for op in ops], [f"json patch {finding}" for finding in exact.findings]


def json_patched(live: Object, ops: list[Object]) -> Any:
    try:
        return json_patch(live, ops)
    except PatchError as error:
        raise rejected() from error


def _strategic(live: Object, body: PatchBody, kind: Kind) -> Patched:
    exact = Exact()
    try:
        patch = exact.decode(_OBJECT, json_text.parse(body.content)) or {}
    except (JSONError, TypeMismatch) as error:
        raise BadRequest(str(error)) from error
    table = table_of(kind)
    try:
        merged = strategic_merge(live, patch, TableSchema.of(table))
    except StrategicError as error:
        raise _strategic_failure(error) from error
    try:
        return _checked(_named(normalised(table, merged), kind), exact.findings, body, plain(patch), merged)
    except NotClean:
        pass
    try:
        obj, unknown = convert(struct(table), merged)
    except ConvertError as error:
        raise invalid_patch(plain(patch), str(error)) from error
    return _checked(_named(obj, kind), exact.findings + unknown, body, plain(patch), merged)


def _named(obj: Object, kind: Kind) -> Object:
    """The object with the kind of the request, which no strategic patch changes or takes away."""
    named = {"kind": kind.kind, "apiVersion": kind.api_version}
    return obj if named.items() <= obj.items() else obj | named


def _strategic_failure(error: StrategicError) -> APIError:
    if isinstance(error, FormatError):
        return BadRequest(str(error))
    return rejected() if isinstance(error, ListOfListsError) else unclassified(str(error))


def _checked(obj: Object, findings: list[str], body: PatchBody, shown: str, untyped: Object) -> Patched:
    if findings and body.field_validation == STRICT:
        raise invalid_patch(shown, str(StrictError(findings)))
    return Patched(obj, findings if body.field_validation == WARN else [], untyped)


def invalid_patch(shown: str, reason: str) -> Invalid:
    """The 422 of a patch after which the object cannot be read."""
    return invalid_object("", "", "", [invalid("patch", shown, reason)])


def patched_text(value: Any) -> str:
    """A patched object as errors show it: JSON, members sorted."""
    return msgspec.json.encode(value, order="deterministic").decode()


def applied(
    live: Object | None,
    body: PatchBody,
    kind: Kind,
    *,
    manager: str,
    force: bool,
    time: str,
    versions: Versions,
    subresource: str = "",
    reset: Filter | None = None,
) -> Patched:
    """`live` (None: there is none yet) after server-side apply, managedFields included. Raises an APIError."""
    config, repeated = _configuration(body.content)
    obj = apply(
        live,
        config,
        manager=manager,
        force=force,
        kind=kind.kind,
        api_version=kind.api_version,
        time=time,
        versions=versions,
        subresource=subresource,
        reset=reset,
    )
    finding = f"error converting YAML to JSON: {yaml_body.complaint(repeated)}"
    if repeated and body.field_validation == STRICT:
        raise BadRequest(f"error strict decoding YAML: {finding}")
    warnings = yaml_lines(finding) if repeated and body.field_validation == WARN else []
    return Patched(obj, warnings, obj, described(config, kind.api_version))


def _configuration(content: bytes) -> tuple[Object, list[str]]:
    """(the applied configuration, its repeated members). Raises BadRequest."""
    try:
        if (value := json_text.quick(content)) is None:
            value, repeated = yaml_body.parse(content)
            value = json_text.plain(value)
        else:
            repeated = []
    except (yaml_body.YAMLError, OverflowError) as error:
        raise BadRequest(f"error decoding YAML: error converting YAML to JSON: {error}") from error
    if value is not None and not isinstance(value, dict):
        what = "array" if isinstance(value, list) else "bool" if isinstance(value, bool) else ""
        what = what or ("string" if isinstance(value, str) else "number")
        raise BadRequest(
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: "
            f"json: cannot unmarshal {what} into Go value of type map[string]interface {{}}"
        )
    return value or {}, repeated


def typed(obj: Object, kind: Kind, shown: str) -> Object:
    """An applied object as its Go type would write it. Raises an unclassified APIError that calls it `shown`."""
    table = table_of(kind)
    try:
        return normalised(table, obj)
    except NotClean:
        pass
    try:
        return convert(struct(table), obj)[0]
    except ConvertError as error:
        name = f"{kind.group}/{kind.version}, Kind={kind.kind}"
        raise unclassified(
            f"failed to convert new object ({shown}) to proper version: "
            f"unable to convert unstructured object to {name}: {error}"
        ) from error
