"""What differs between two structures, as messages about immutable fields show it."""

import difflib
import json
from typing import Any

from podo.server.validation.fields import Object
from podo.server.validation.internal_form import internal_form

_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def difference(type_name: str, old: Object, new: Object) -> str:
    """A unified diff of two structures of a type of `internal_form`, as indented JSON."""
    return _unified(internal_form(type_name, old), internal_form(type_name, new))


def plain_difference(old: Any, new: Any) -> str:
    """The same for what has no internal form."""
    return _unified(old, new)


def _unified(old: Any, new: Any) -> str:
    before, after = (
        (json.dumps(value, indent=1, ensure_ascii=False).translate(_HTML) + "\n").splitlines(keepends=True)
        for value in (old, new)
    )
    return "".join(list(difflib.unified_diff(before, after))[2:])
