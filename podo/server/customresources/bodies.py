"""The bodies of requests for custom resources: pruned by the schema, with metadata read as that of any object."""

from collections.abc import Sequence
from typing import Any

from podo.api.errors import BadRequest
from podo.server.bodies import kind_of
from podo.server.decoding import json_text, yaml_body
from podo.server.decoding.exact import Exact, TypeMismatch
from podo.server.decoding.go_types import INTERFACE, GoType
from podo.server.decoding.json_text import JSONError
from podo.server.decoding.objects import (
    STRICT,
    WARN,
    YAML,
    Kind,
    StrictError,
    interpret,
    parsed,
    refused,
    summary,
    yaml_lines,
)
from podo.server.decoding_point import Decoder, Refused
from podo.server.registry.kinds import Served
from podo.server.strategy import Object

from .embedded import EmbeddedError, coerce_embedded, coerce_metadata
from .kind import CustomServed
from .schema.pruning import prune

_ANY = GoType(INTERFACE, "interface {}")


class CustomBodies:
    """A `Decoder` for custom resources; leaves all others, and subresources with kinds of their own, to another."""

    def __init__(self, others: Decoder) -> None:
        self._others = others

    def decode(
        self, body: bytes, media_type: str, served: Served, subresource: str, validation: str
    ) -> tuple[Object, Sequence[str]]:
        """Raises BadRequest."""
        if not isinstance(served, CustomServed) or subresource == "scale":
            return self._others.decode(body, media_type, served, subresource, validation)
        return decode_custom(body, media_type, served, validation)

    def decode_options(self, body: bytes, media_type: str) -> Object:
        """Raises BadRequest."""
        return self._others.decode_options(body, media_type)


def decode_custom(body: bytes, media_type: str, served: CustomServed, validation: str) -> tuple[Object, Sequence[str]]:
    """(the object, warnings). Raises BadRequest."""
    kind = kind_of(served)
    given: Kind | None = None
    findings: list[str] = []
    try:
        value, repeated = _read(body, media_type)
        given = interpret(json_text.Pairs(value.items()) if isinstance(value, dict) else value, kind)
        if not isinstance(value, dict) or not value.get("kind"):
            shown = body.decode("utf-8", "replace")
            raise BadRequest(
                f"the object provided is unrecognized (must be of type {kind.kind}): "
                f"Object 'Kind' is missing in '{shown}' ({summary(body)})"
            )
        findings = repeated + coerced(value, served)
        if findings and validation == STRICT:
            raise StrictError(findings)
    except (JSONError, TypeMismatch, EmbeddedError, StrictError, yaml_body.YAMLError) as error:
        raise refused(body, str(error), given, kind) from error
    warnings = [line for finding in findings for line in yaml_lines(finding)] if validation == WARN else []
    if given.api_version != kind.api_version:
        error_text = f"the API version in the data ({given.api_version}) does not match the expected API version "
        raise Refused(f"{error_text}({kind.api_version})", warnings)
    return value, warnings


def _read(body: bytes, media_type: str) -> tuple[Any, list[str]]:
    """(the value as plain JSON, findings on repeated members). Raises JSONError, YAMLError, TypeMismatch."""
    if media_type == YAML:
        value, repeated = yaml_body.parse(body)
        return _plain(value), [yaml_body.complaint(repeated)] if repeated else []
    quick = json_text.quick(body)
    if isinstance(quick, dict) and not _has_big_numbers(quick):
        return quick, []
    exact, value = Exact(), parsed(body)
    if not isinstance(value, json_text.Pairs):
        return value, []
    return _whole(exact.decode(_ANY, value)), exact.findings


def _plain(value: Any) -> Any:
    return _whole(json_text.plain(value)) if isinstance(value, json_text.Pairs) else value


def _has_big_numbers(value: Any) -> bool:
    """Whether there is an integer beyond 64 bits, which Go reads as a float."""
    if isinstance(value, dict):
        return any(map(_has_big_numbers, value.values()))
    if isinstance(value, list):
        return any(map(_has_big_numbers, value))
    return isinstance(value, int) and not -(1 << 63) <= value < 1 << 63


def _whole(value: Any) -> Any:
    """Floats without a fraction as integers, which they are once they have been stored."""
    if isinstance(value, dict):
        return {name: _whole(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return int(value)
    return value


def coerced(value: Object, served: CustomServed) -> list[str]:
    """Bring a body into the form of its version, in place; findings. Raises TypeMismatch, EmbeddedError."""
    findings: list[str] = []
    if "metadata" in value:
        if value["metadata"] is None:
            del value["metadata"]
        else:
            value["metadata"], found = coerce_metadata(value["metadata"])
            findings += [finding.replace('field "', 'field "metadata.', 1) for finding in found]
    group = value.get("apiVersion", "").rpartition("/")[0]
    if group != served.resource.group or value["kind"] != served.resource.kind:
        return findings
    if value["apiVersion"] != served.resource.api_version:
        other = value["apiVersion"].rpartition("/")[2]
        if other in served.definition.schemas:
            unknown = prune(value, served.definition.structural(other))
            return findings + [f'unknown field "{path}"' for path in unknown]
        return findings + [f'unknown field "{name}"' for name in sorted({*value} - {"apiVersion", "kind", "metadata"})]
    findings += [f'unknown field "{path}"' for path in served.normalise(value)]
    return findings + coerce_embedded(value, served.structural)
