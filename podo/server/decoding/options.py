"""The options that a DELETE may carry in its body."""

from typing import Any

from podo.api.errors import BadRequest

from . import json_text, yaml_body
from .exact import Exact, TypeMismatch
from .go_types import struct
from .json_text import JSONError
from .objects import UNREADABLE, YAML, Kind, interpret

_TABLE = "meta.v1.DeleteOptions"
_OPTIONS = Kind("meta.k8s.io", "v1", "DeleteOptions")
_SCHEME = "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"


def decode_delete_options(body: bytes, media_type: str) -> dict[str, Any]:
    """DeleteOptions, of whatever group and version, {} for an empty body. Raises BadRequest."""
    if not body:
        return {}
    try:
        value = yaml_body.parse(body)[0] if media_type == YAML else _parsed(body)
        given = interpret(value, _OPTIONS)
        if given.kind == "Status":
            raise BadRequest(f"converting ({given.version}.Status) to (v1.DeleteOptions): unknown conversion")
        if given.kind != _OPTIONS.kind:
            kind = f'no kind "{given.kind}" is registered for version "{given.api_version}"'
            raise BadRequest(f'{kind} in scheme "{_SCHEME}"')
        options: dict[str, Any] = Exact().decode(struct(_TABLE), value)
    except (JSONError, TypeMismatch, yaml_body.YAMLError) as error:
        raise BadRequest(str(error)) from error
    return {key: item for key, item in options.items() if key not in ("kind", "apiVersion")}


def _parsed(body: bytes) -> Any:
    try:
        return json_text.parse(body)
    except JSONError as error:
        raise JSONError(f"{UNREADABLE}{error}") from error
