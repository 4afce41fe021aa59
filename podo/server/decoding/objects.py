"""A request's body into an object of the kind that the request speaks of."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from podo.api import schema as tables
from podo.api.errors import BadRequest

from . import json_text, structs, yaml_body
from .exact import Exact, TypeMismatch
from .go_types import struct
from .json_text import JSONError, Number, Pairs

STRICT, WARN, IGNORE = "Strict", "Warn", "Ignore"
JSON, YAML = "application/json", "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
UNREADABLE = "couldn't get version/kind; json parse error: "
SCHEME = 'in scheme "pkg/api/legacyscheme/scheme.go:30"'
_META_KINDS = {"List", "Status", "DeleteOptions", "CreateOptions", "UpdateOptions", "PatchOptions", "ListOptions"}
_META_KINDS |= {"GetOptions", "WatchEvent", "APIVersions", "APIGroup", "APIGroupList", "APIResourceList"}
_SAME_OBJECTS = ({("", "Event"), ("events.k8s.io", "Event")},)  # kinds of two groups that are one inside
_GO_STRUCT = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'


@dataclass(frozen=True)
class Kind:
    """The kind that a request speaks of."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass
class Decoded:
    """An object as Kubernetes would write it, and what to warn the client of."""

    object: dict[str, Any]
    warnings: list[str] = field(default_factory=list)


class StrictError(ValueError):
    """Strict validation found something; the object itself could be read."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__(f"strict decoding error: {', '.join(findings)}")


def decode_object(body: bytes, media_type: str, kind: Kind, field_validation: str = WARN) -> Decoded:
    """The object in a body. Raises BadRequest.

    `media_type` is JSON or YAML; anything else has been refused before. A body without apiVersion or kind is taken to
    be of `kind`. Unknown and repeated fields are refused (Strict), warned of (Warn) or dropped (Ignore).
    """
    if media_type != YAML:
        value = json_text.quick(body)
        if value is not None and (clean := _clean(value, kind)) is not None:
            return Decoded(clean)
    return _decode_exactly(body, media_type, kind, field_validation)


def _clean(value: Any, kind: Kind) -> dict[str, Any] | None:
    """The object, if nothing in it needs a closer look."""
    if not isinstance(value, dict):
        return None
    if value.get("kind") != kind.kind or value.get("apiVersion") != kind.api_version:
        return None
    try:
        return _with_reset(structs.normalised(_table(kind.group, kind.version, kind.kind), value))
    except structs.NotClean:
        return None


def _with_reset(obj: dict[str, Any]) -> dict[str, Any]:
    """The two ways to ask that all field owners be forgotten, `[]` and `[{}]`, made one that no later step drops."""
    if obj.get("metadata", {}).get("managedFields") == []:
        obj["metadata"]["managedFields"] = [{}]
    return obj


def table_of(kind: Kind) -> str:
    """The type of a kind in the field tables: `core.v1.Pod`. Raises KeyError."""
    return _table(kind.group, kind.version, kind.kind)


@cache
def _table(group: str, version: str, kind: str) -> str:
    return tables.type_for(group, version, kind).name


def _decode_exactly(body: bytes, media_type: str, kind: Kind, field_validation: str) -> Decoded:
    repeated: list[str] = []
    given: Kind | None = None
    try:
        if media_type == YAML:
            value, repeated = yaml_body.parse(body)
        else:
            value = parsed(body)
        given = interpret(value, kind)
        result, findings = _decode_as(value, given)
        findings = ([yaml_body.complaint(repeated)] if repeated else []) + findings
        _check_convertible(given, kind)
        if findings and field_validation == STRICT:
            raise StrictError(findings)
    except (JSONError, TypeMismatch, StrictError, yaml_body.YAMLError) as error:
        raise refused(body, str(error), given, kind) from error
    if given != kind:
        raise BadRequest(
            f"the API version in the data ({given.api_version}) does not match the expected API version "
            f"({kind.api_version})"
        )
    warnings = [line for finding in findings for line in yaml_lines(finding)]
    return Decoded(result, warnings if field_validation == WARN else [])


def parsed(body: bytes) -> Any:
    try:
        return json_text.parse(body)
    except JSONError as error:
        raise JSONError(f"{UNREADABLE}{error}") from error


def refused(body: bytes, reason: str, given: Kind | None, kind: Kind) -> BadRequest:
    """The 400 for a body that is not of the kind; `given` is what it says it is, None if it does not get so far."""
    if given is not None:
        return BadRequest(f'{given.kind} in version "{given.version}" cannot be handled as a {kind.kind}: {reason}')
    return BadRequest(f"the object provided is unrecognized (must be of type {kind.kind}): {reason} ({summary(body)})")


def summary(body: bytes, limit: int = 30) -> str:
    """The beginning of a body, in hex unless it looks like JSON."""
    if not body:
        return "<empty>"
    head = body[:limit].decode("utf-8", "replace") if body[:1] == b"{" else body[:limit].hex()
    return f"{head} ..." if len(body) > limit else head


def interpret(value: Any, kind: Kind) -> Kind:
    """The kind that a value says it is; what it leaves out is as in the request. Raises JSONError."""
    found = {"apiVersion": "", "kind": ""}
    if not isinstance(value, Pairs):
        if value is not None:
            raise JSONError(f"{UNREADABLE}json: cannot unmarshal {_what(value)} into Go value of type {_GO_STRUCT}")
        value = Pairs()
    errors: list[str] = []
    for key, member in value:
        name = {"apiversion": "apiVersion", "kind": "kind"}.get(key.lower())
        if name and isinstance(member, str) and not isinstance(member, Number):
            found[name] = member
        elif name and member is not None:
            errors.append(f"json: cannot unmarshal {_what(member)} into Go struct field .{name} of type string")
    if errors:
        raise JSONError(UNREADABLE + errors[0])
    if found["apiVersion"].count("/") > 1:
        raise JSONError(f"unexpected GroupVersion string: {found['apiVersion']}")
    group, _, version = found["apiVersion"].rpartition("/")
    if not group and not version:
        group, version = kind.group, kind.version
    elif not version and group == kind.group:
        version = kind.version
    return Kind(group, version, found["kind"] or kind.kind)


def _what(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, Pairs):
        return "object"
    if isinstance(value, list):
        return "array"
    return "number" if isinstance(value, Number) else "string"


def _decode_as(value: Any, given: Kind) -> tuple[dict[str, Any], list[str]]:
    """(the object, findings), decoded as the kind that it says it is. Raises TypeMismatch."""
    try:
        table = _table(given.group, given.version, given.kind)
    except KeyError:
        if given.kind in _META_KINDS:
            return {}, []
        raise TypeMismatch(f'no kind "{given.kind}" is registered for version "{given.api_version}" {SCHEME}') from None
    exact = Exact()
    result: dict[str, Any] = exact.decode(struct(table), value)
    head = {"kind": given.kind, "apiVersion": given.api_version}
    return _with_reset(head | {k: v for k, v in result.items() if k not in head}), exact.findings


def _check_convertible(given: Kind, kind: Kind) -> None:
    """That the two are the same kind of object inside, in whatever version."""
    same = (given.group, given.kind) == (kind.group, kind.kind)
    pair = {(given.group, given.kind), (kind.group, kind.kind)}
    if not same and pair not in _SAME_OBJECTS:
        package = kind.group.partition(".")[0] or "core"
        names = f"({given.version}.{given.kind}) to ({package}.{kind.kind})"
        raise TypeMismatch(f"converting {names}: unknown conversion")


def yaml_lines(finding: str) -> list[str]:
    """A finding as warnings: one for each line of a YAML complaint."""
    head, _, lines = finding.partition("yaml: unmarshal errors:\n")
    known = head in ("", "error converting YAML to JSON: ")
    return [line.strip() for line in lines.split("\n")] if lines and known else [finding]


def retyped(value: Any, kind: Kind) -> tuple[dict[str, Any], list[str]]:
    """(the object, findings) for a value that has been JSON, as a patched one. Raises TypeMismatch, JSONError."""
    if isinstance(value, dict) and (clean := _clean(value, kind)) is not None:
        return clean, []
    as_pairs = Pairs(value.items()) if isinstance(value, dict) else value
    given = interpret(as_pairs, kind)
    result, findings = _decode_as(value, given)
    _check_convertible(given, kind)
    return result, findings
