"""Changes to the scheduler's snapshot that are only tried: all of them are undone at the end."""

from collections.abc import Callable
from types import TracebackType

import numpy as np

from podo.api.types.core_v1 import Node
from podo.client.base import key_of
from podo.scheduler.placement import Diagnosis, diagnose
from podo.scheduler.profile import DEFAULT
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot


class Trial:
    """Nothing may await while one is entered: the scheduler uses the same snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> "Trial":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.back(0)

    @property
    def mark(self) -> int:
        """How much has been tried, for `back`."""
        return len(self._undo)

    def back(self, mark: int) -> None:
        """Undo what was tried since."""
        while len(self._undo) > mark:
            self._undo.pop()()

    def set_node(self, node: Node) -> None:
        """As if the node were there, and like this."""
        name, row = node.metadata.name, self.snapshot.row_of(node.metadata.name)
        before = row.node if row is not None else None
        self.snapshot.set_node(node)
        self._undo.append(lambda: self.snapshot.set_node(before) if before else self.snapshot.remove_node(name))

    def remove_node(self, name: str) -> None:
        """As if it were gone; its Pods stay where they are."""
        row = self.snapshot.row_of(name)
        if row is not None and (before := row.node) is not None:
            self.snapshot.remove_node(name)
            self._undo.append(lambda: self.snapshot.set_node(before))

    def set_pod(self, info: PodInfo, node: str) -> None:
        """As if a Pod that is on no node were on this one."""
        self.snapshot.set_pod(info, node)
        self._undo.append(lambda: self.snapshot.remove_pod(key_of(info.pod)))

    def take_pod(self, info: PodInfo, node: str) -> None:
        """As if a Pod had left its node."""
        self.snapshot.remove_pod(key_of(info.pod))
        self._undo.append(lambda: self.snapshot.set_pod(info, node))

    def diagnose(self, info: PodInfo) -> Diagnosis:
        """What the scheduler's filters say."""
        return diagnose(info, self.snapshot, DEFAULT.filters)

    def settle(self, info: PodInfo) -> str:
        """Put a Pod where it fits, on the fullest of those nodes, so that others stay empty; "" if it fits nowhere."""
        rows = np.flatnonzero(self.diagnose(info).feasible)
        if not len(rows):
            return ""
        number = max(map(int, rows), key=lambda row: (int(self.snapshot.requested["cpu"][row]), -row))
        node = self.snapshot.row_at(number).node
        assert node is not None
        self.set_pod(info, node.metadata.name)
        return node.metadata.name
