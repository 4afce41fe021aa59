"""What the expressions of a mutation give, done to an object: a configuration merged in, or JSON patches. Pure."""

from typing import Any

from podo.cel.library.convert import to_string
from podo.cel.values import Duration, Optional, Struct, Timestamp
from podo.server.patch.json import PatchError, json_patch
from podo.server.patch.typed.merge import merge
from podo.server.patch.typed.schema import ListNode, MapNode, Node
from podo.server.patch.typed.validate import SchemaError, validate
from podo.server.strategy import Object


class MutationError(Exception):
    """A mutation cannot be applied; the message says why."""


def applied(obj: Object, configuration: Any, node: Node) -> Object:
    """The object with the configuration merged in, by the types of its fields. Raises MutationError."""
    misnamed = name_faults(configuration, "Object")
    if misnamed:
        raise MutationError("type mismatch: " + "\n".join(misnamed))
    config = plain(configuration) | {"apiVersion": obj["apiVersion"], "kind": obj["kind"]}
    try:
        validate(node, config)
    except SchemaError as error:
        raise _unmergeable(f"failed to convert patch object to typed object: {error}") from error
    if atomics := atomic_paths(node, config, ""):
        words = "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: "
        raise _unmergeable(words + ", ".join(atomics))
    try:
        merged: Object = merge(node, obj, config)
    except SchemaError as error:
        raise _unmergeable(f"failed to merge patch: {error}") from error
    return merged


def _unmergeable(why: str) -> MutationError:
    return MutationError(f"error applying patch: {why}")


def patched(obj: Object, operations: list[Any]) -> Object:
    """The object after JSON patches; as it was where a test fails. Raises MutationError."""
    ops: list[Object] = []
    for operation in operations:
        misnamed = name_faults(operation.get("value"), None)
        if misnamed:
            raise MutationError("type mismatch: " + "\n".join(misnamed))
        ops.append({name: plain(value) for name, value in operation.items() if name == "value" or value})
    try:
        result: Object = json_patch(obj, ops)
    except PatchError as error:
        if "testing value" in str(error):
            return obj
        raise MutationError(f"JSON Patch: {error}") from error
    return result


def name_faults(value: Any, expected: str | None) -> list[str]:
    """Objects whose type does not say where they stand: `Object.spec` belongs into the field `spec` of an `Object`."""
    faults: list[str] = []
    if isinstance(value, Struct):
        wanted = expected or value.name
        if value.name != wanted:
            words = "which matches field name path from root Object type"
            faults.append(f'unexpected type name "{value.name}", expected "{wanted}", {words}')
        for name, inner in value.items():
            faults += name_faults(inner, f"{wanted}.{name}")
        return faults
    inner_values = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    for inner in inner_values:
        faults += name_faults(inner, expected)
    return faults


def plain(value: Any) -> Any:
    """A value of CEL as JSON."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, Timestamp | Duration):
        return to_string(value)
    if isinstance(value, Optional):
        return plain(value.value) if value.present else None
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value.decode() if isinstance(value, bytes) else value


def atomic_paths(node: Node, value: Any, path: str) -> list[str]:
    """Where a configuration would replace a whole list or map without saying all that was in it."""
    found: list[str] = []
    if isinstance(value, dict) and isinstance(node.map, MapNode):
        if node.map.atomic:
            found.append(path)
        for name, inner in value.items():
            below = node.map.fields.get(name)
            if below is not None:
                found += atomic_paths(below, inner, f"{path}.{name}")
    elif isinstance(value, list) and isinstance(node.list, ListNode):
        if node.list.atomic:
            found.append(path)
        for index, inner in enumerate(value):
            found += atomic_paths(node.list.element, inner, f"{path}[{index}]")
    return found
