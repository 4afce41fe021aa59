"""JSON patch (RFC 6902), with the latitude of the library behind kube-apiserver.

It accepts more than the RFC: a first path segment without a slash is dropped (`data/a` means `/a`), `replace` adds a
missing member, `test` of a missing member passes against null, array indexes may be negative.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from .values import copy, same

MAX_COPIED_BYTES = 3 * 1024 * 1024
_INDEX = re.compile(r"[+-]?[0-9]+")


class PatchError(Exception):
    """An operation does not apply; the message says which and why."""


class _Document:
    """The document in work. `root` is ours alone, so operations change it in place."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.copied = 0  # bytes that `copy` operations have added

    def find(self, path: str) -> tuple[Any, str]:
        """(the object or array that holds the target of `path`, its last segment decoded)."""
        head, *segments = path.split("/")
        if not segments:
            raise PatchError(f'doc is missing path: "{head}"')
        at = self.root
        for segment in segments[:-1]:
            at = _get(at, _decoded(segment))
            if not isinstance(at, dict | list):
                raise PatchError(f'doc is missing path: "{path}"')
        return at, _decoded(segments[-1])


def json_patch(doc: dict[str, Any], ops: Sequence[dict[str, Any]]) -> Any:
    """`doc` after all operations. Raises PatchError at the first that does not apply; nothing is changed in place."""
    document = _Document(copy(doc))
    for op in ops:
        kind = op.get("op")
        apply = _OPERATIONS.get(kind) if isinstance(kind, str) else None
        if apply is None:
            raise PatchError(f"Unexpected kind: {kind if isinstance(kind, str) else 'unknown'}")
        apply(document, op)
    return document.root


def _decoded(segment: str) -> str:
    """A reference token (RFC 6901) with its escapes undone."""
    return re.sub("~[01]", lambda m: "/" if m[0] == "~1" else "~", segment) if "~" in segment else segment


def _string(op: dict[str, Any], name: str) -> str:
    value = op.get(name)
    if not isinstance(value, str):
        raise PatchError(f"operation misses its {name}")
    return value


def _position(array: list[Any], key: str, size: int) -> int:
    """The index that `key` names in an array that counts as `size` long."""
    if not _INDEX.fullmatch(key) or len(key) > 19:
        raise PatchError(f"value was not a proper array index: '{key}'")
    index = int(key)
    if not -size <= index < size:
        raise PatchError(f"Unable to access invalid index: {index}")
    return index + size if index < 0 else index


def _get(container: Any, key: str) -> Any:
    """The member, or None where an object has none."""
    if isinstance(container, list):
        return container[_position(container, key, len(container))]
    return container.get(key)


def _insert(container: Any, key: str, value: Any) -> None:
    if isinstance(container, dict):
        container[key] = value
    elif key == "-":
        container.append(value)
    else:
        container.insert(_position(container, key, len(container) + 1), value)


def _delete(container: Any, key: str) -> None:
    if isinstance(container, list):
        del container[_position(container, key, len(container))]
    elif key not in container:
        raise PatchError(f"Unable to remove nonexistent key: {key}")
    else:
        del container[key]


def _add(document: _Document, op: dict[str, Any]) -> None:
    _insert(*document.find(_string(op, "path")), copy(op.get("value")))


def _remove(document: _Document, op: dict[str, Any]) -> None:
    _delete(*document.find(_string(op, "path")))


def _replace(document: _Document, op: dict[str, Any]) -> None:
    path, value = _string(op, "path"), copy(op.get("value"))
    if path == "":
        if not isinstance(value, dict | list):
            raise PatchError("replace operation value must be object or array")
        document.root = value
        return
    container, key = document.find(path)
    if isinstance(container, list):
        container[_position(container, key, len(container))] = value
    else:
        container[key] = value


def _move(document: _Document, op: dict[str, Any]) -> None:
    source = document.find(_string(op, "from"))
    value = _get(*source)
    _delete(*source)
    _insert(*document.find(_string(op, "path")), value)


def _copy(document: _Document, op: dict[str, Any]) -> None:
    value = _get(*document.find(_string(op, "from")))
    target = document.find(_string(op, "path"))
    document.copied += len(msgspec.json.encode(value))
    if document.copied > MAX_COPIED_BYTES:
        raise PatchError(f"copies have added {document.copied} bytes, the limit is {MAX_COPIED_BYTES}")
    _insert(*target, copy(value))


def _test(document: _Document, op: dict[str, Any]) -> None:
    path = _string(op, "path")
    found = document.root if path == "" else _get(*document.find(path))
    if not same(found, op.get("value")):
        raise PatchError(f"testing value {path} failed")


_OPERATIONS: dict[str, Callable[[_Document, dict[str, Any]], None]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
