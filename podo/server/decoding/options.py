"""The options that a DELETE may carry in its body."""

from typing import Any

from podo.api.errors import BadRequest

from . import json_text, yaml_body
from .exact import Exact, TypeMismatch
from .go_types import struct
from .json_text import JSONError, Pairs
from .objects import YAML

_TABLE = "meta.v1.DeleteOptions"


def decode_delete_options(body: bytes, media_type: str) -> dict[str, Any]:
    """DeleteOptions, of whatever group and version, {} for an empty body. Raises BadRequest."""
    if not body:
        return {}
    try:
        value = yaml_body.parse(body)[0] if media_type == YAML else json_text.parse(body)
        if not isinstance(value, Pairs | None):
            raise JSONError("json: cannot unmarshal the body into DeleteOptions")
        kind = dict(value or ()).get("kind", "DeleteOptions")
        if kind != "DeleteOptions":
            raise BadRequest("decoded object cannot be converted to DeleteOptions")
        options: dict[str, Any] = Exact().decode(struct(_TABLE), value)
    except (JSONError, TypeMismatch, yaml_body.YAMLError) as error:
        raise BadRequest(str(error)) from error
    return {key: item for key, item in options.items() if key not in ("kind", "apiVersion")}
