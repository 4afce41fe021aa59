"""A configuration merged into a live value: nothing is removed, lists by key take the configuration's order."""

from typing import Any

from .elements import ABSENT, ElementError, applicable, element_text
from .schema import UNTYPED, ListNode, MapNode, Node
from .validate import SchemaError

_LEAF = Node(UNTYPED)


def merge(node: Node, live: Any, config: Any) -> Any:
    """`live` with `config` merged in; shares what is unchanged. Raises SchemaError."""
    try:
        return _merge(node, live, config)
    except ElementError as error:
        raise SchemaError([("", str(error))]) from error


def _merge(node: Node, live: Any, config: Any) -> Any:
    if config is ABSENT:
        return live
    which = applicable(node, config)
    if live is ABSENT:
        return config
    if config is None:  # takes the form of what is there
        which = applicable(node, live)
    if isinstance(which, MapNode) and not which.atomic:
        left = live if isinstance(live, dict) else {}
        right = config if isinstance(config, dict) else {}
        return _merge_maps(which, left, right) if left or right else config
    if isinstance(which, ListNode) and not which.atomic:
        items = live if isinstance(live, list) else []
        others = config if isinstance(config, list) else []
        return _merge_lists(which, items, others) if items or others else config
    return config


def _merge_maps(node: MapNode, live: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    result = dict(live)
    for key, value in config.items():
        result[key] = _merge(node.child(key) or _LEAF, live.get(key, ABSENT), value)
    return result


def _merge_lists(node: ListNode, live: list[Any], config: list[Any]) -> list[Any]:
    """The configuration's items in its order; what only `live` has keeps its place between those that both have."""
    left, right = [[element_text(node, item) for item in items] for items in (live, config)]
    ours: dict[str, Any] = {}
    for key, item in zip(left, live, strict=True):
        ours[key] = item if key not in ours else None  # what is there twice is not merged
    theirs = dict(zip(right, config, strict=True))
    if left == right:
        return [_merge(node.element, ours[key], theirs[key]) for key in right]
    shared = iter([key for key in right if key in ours])
    awaited, done = next(shared, None), set[str]()
    result: list[Any] = []

    def take(key: str) -> None:
        done.add(key)
        result.append(_merge(node.element, ours.get(key, ABSENT), theirs[key]))

    i = j = 0
    while i < len(left) or j < len(right):
        key = left[i] if i < len(left) else ""
        if key and j < len(right):
            if key == right[j]:
                take(key)
                i, j, awaited = i + 1, j + 1, next(shared, None)
                continue
            if key in theirs and awaited is not None and key != awaited:
                i += 1  # comes where the configuration has it
                continue
        if key and key not in theirs:
            result.append(live[i])
            i += 1
            continue
        if key in done:
            i += 1
        if j < len(right):
            take(right[j])
            if awaited == right[j]:
                awaited = next(shared, None)
            j += 1
    return result
