"""What differs between two structures, as messages about immutable fields show it."""

import difflib
import json

from podo.server.validation.fields import Object, internal


def difference(type_name: str, old: Object, new: Object) -> str:
    """A unified diff of the two as indented JSON."""
    before, after = (json.dumps(internal(o), indent=1, sort_keys=True).splitlines(keepends=True) for o in (old, new))
    return "".join(list(difflib.unified_diff(before, after))[2:])
