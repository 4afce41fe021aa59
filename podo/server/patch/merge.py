"""JSON merge patch (RFC 7386)."""

from typing import Any


def merge_patch(doc: dict[str, Any], patch: Any) -> Any:
    """`doc` with `patch` merged in: null deletes, objects merge, all else replaces. Inputs stay as they are."""
    if not isinstance(patch, dict):
        return pruned(patch)
    result = dict(doc)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
            continue
        old = result.get(key)
        result[key] = merge_patch(old, value) if isinstance(old, dict) and isinstance(value, dict) else _new(old, value)
    return result


def _new(old: Any, value: Any) -> Any:
    """A value that replaces another. An array in the place of an object keeps its elements' nulls."""
    return value if isinstance(old, dict) else pruned(value)


def pruned(value: Any) -> Any:
    """The value without members that are null; elements of arrays stay."""
    if isinstance(value, dict):
        return {k: pruned(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [pruned(v) for v in value]
    return value
