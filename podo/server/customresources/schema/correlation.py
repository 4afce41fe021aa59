"""Which value of an object before an update stands where one after it does (KEP-4008)."""

from functools import cached_property
from typing import Any

import msgspec

from podo.server.patch.values import same

from .structural import Structural


class Correlated:
    """A value after an update, the one before it, and the schema of both; children are found when asked for."""

    def __init__(self, new: Any, old: Any, node: Structural) -> None:
        self.new, self.old, self._node = new, old, node

    @cached_property
    def unchanged(self) -> bool:
        """Whether nothing in it has changed. The order of a list that is a map does not count."""
        new, old = self.new, self.old
        if isinstance(new, dict) and isinstance(old, dict):
            return len(new) == len(old) and all(
                (child := self.key(name)) is not None and child.unchanged for name in new
            )
        if isinstance(new, list) and isinstance(old, list) and self._node.list_type == "map":
            return len(new) == len(old) and all(
                (child := self.index(place)) is not None and child.unchanged for place in range(len(new))
            )
        return same(new, old)

    def key(self, name: str) -> "Correlated | None":
        """The member of an object; None if it is new, or the schema says nothing about it."""
        node = self._node.member(name)
        if node is None or not isinstance(self.old, dict) or not isinstance(self.new, dict):
            return None
        if name not in self.old or name not in self.new:
            return None
        return Correlated(self.new[name], self.old[name], node)

    def index(self, position: int) -> "Correlated | None":
        """The element of a list that is a map: the one with the same keys before."""
        items = self._node.items
        if self._node.list_type != "map" or items is None or not isinstance(self.old, list):
            return None
        old = self._by_key.get(_key(self.new[position], self._node))
        return None if old is None else Correlated(self.new[position], old, items)

    @cached_property
    def _by_key(self) -> dict[bytes, Any]:
        return {_key(item, self._node): item for item in reversed(self.old)}


def _key(item: Any, node: Structural) -> bytes:
    keys = {name: item.get(name) for name in node.map_keys} if isinstance(item, dict) else {}
    return msgspec.json.encode(keys, order="deterministic")
