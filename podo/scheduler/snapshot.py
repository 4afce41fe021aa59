"""What filters and scores see: one row a node, in numpy columns that are kept up to date, never rebuilt.

A row belongs to a node as long as the node exists; a freed row is used again. Columns grow by doubling. Amounts are
integers (thousandths of CPUs, bytes). Label values are coded: equal codes in a label's column mean equal values, 0
means that the node has no such label.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podo.api.host_ports import HostPort
from podo.api.types.core_v1 import Node, Taint
from podo.client.base import Key, key_of
from podo.scheduler.devices.view import DeviceView
from podo.scheduler.node_images import NodeImages
from podo.scheduler.pod_index import PodIndex
from podo.scheduler.requests import CPU, EPHEMERAL, MEMORY, PODS, Amounts, PodInfo, amount
from podo.scheduler.volumes import StorageView
from podo.storage.pod_claims import claims_of

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]
Scores = NDArray[np.float64]
NO_TAINTS: tuple[Taint, ...] = ()


class NodeRow:
    """The part of a node that is no column: the object, and the Pods on it."""

    __slots__ = ("node", "pods", "ports", "row")

    def __init__(self, row: int) -> None:
        self.row = row
        self.node: Node | None = None  # None while only Pods name the node
        self.pods: dict[Key, PodInfo] = {}
        self.ports: dict[HostPort, int] = {}


class Snapshot:
    """The nodes and what runs on them."""

    def __init__(self, size: int = 16) -> None:
        self._rows: dict[str, NodeRow] = {}
        self._by_row: list[NodeRow | None] = [None] * size
        self._free = list(range(size - 1, -1, -1))
        self.exists: Mask = np.zeros(size, bool)
        self.unschedulable: Mask = np.zeros(size, bool)
        self.allocatable: dict[str, Numbers] = {}
        self.requested: dict[str, Numbers] = {}
        self.scored: dict[str, Numbers] = {}
        self._labels: dict[str, Numbers] = {}
        self._codes: dict[str, dict[str, int]] = {}
        self.tainted: set[int] = set()  # the rows with any taint: few, so filters look only at them
        for name in (CPU, MEMORY, PODS, EPHEMERAL):
            self._amount_columns(name)
        for name in (CPU, MEMORY):
            self.scored[name] = np.zeros(size, np.int64)
        self._pods: dict[Key, tuple[str, PodInfo]] = {}
        self._controlled: dict[str, dict[int, int]] = {}  # controller uid -> row -> Pods
        self._priorities: dict[int, int] = {}  # how many Pods have each
        self.index = PodIndex(size)
        self.images = NodeImages()
        self.storage = StorageView()
        self.devices = DeviceView()
        self.nodes_revision = 0  # grows when a node comes, goes or is another; heartbeats do not count
        self.candidates: Mask | None = None  # the rows that the filters asked before let pass, while others are asked
        self._claim_users: dict[Key, int] = {}

    @property
    def size(self) -> int:
        """The length of the columns; rows without a node are False in `exists`."""
        return len(self._by_row)

    def __len__(self) -> int:
        return int(self.exists.sum())

    def nodes(self) -> Iterator[NodeRow]:
        """The rows that are nodes."""
        return (r for r in self._by_row if r is not None and r.node is not None)

    def row_at(self, row: int) -> NodeRow:
        """The node in a row. Raises LookupError if there is none."""
        found = self._by_row[row]
        if found is None:
            raise LookupError(f"no node in row {row}")
        return found

    def row_of(self, name: str) -> NodeRow | None:
        """The row of a node."""
        return self._rows.get(name)

    def set_node(self, node: Node) -> None:
        """A node appeared or changed."""
        item = self._row(node.metadata.name)
        if item.node is None or _offers_other(item.node, node):
            self.nodes_revision += 1
        item.node, row = node, item.row
        self.exists[row] = True
        self.unschedulable[row] = bool(node.spec.unschedulable)
        given = node.status.allocatable or node.status.capacity
        for name in given.keys() - self.allocatable.keys():
            self._amount_columns(name)
        for name, column in self.allocatable.items():
            column[row] = amount(name, given[name]) if name in given else 0
        for key, codes in self._labels.items():
            codes[row] = self._code(key, node.metadata.labels.get(key))
        (self.tainted.add if node.spec.taints else self.tainted.discard)(row)
        self.images.set_node(row, node)

    def remove_node(self, name: str) -> None:
        """A node is gone. Its row stays while Pods name it."""
        if (item := self._rows.get(name)) is not None:
            item.node = None
            self.nodes_revision += 1
            self.exists[item.row] = False
            for codes in self._labels.values():
                codes[item.row] = 0
            self.tainted.discard(item.row)
            self.images.remove_node(item.row)
            self._release(name, item)

    def set_pod(self, info: PodInfo, node: str) -> None:
        """The Pod is on `node`, or is assumed to be."""
        key = key_of(info.pod)
        self.remove_pod(key)
        item = self._row(node)
        item.pods[key] = info
        self._pods[key] = (node, info)
        self._count(item, info, 1)

    def remove_pod(self, key: Key) -> None:
        """The Pod is gone, or was not bound after all."""
        if (found := self._pods.pop(key, None)) is not None:
            node, info = found
            item = self._rows[node]
            del item.pods[key]
            self._count(item, info, -1)
            self._release(node, item)

    def has(self, key: Key) -> bool:
        """Whether the Pod is on a node, or assumed to be."""
        return key in self._pods

    def any_below(self, priority: int) -> bool:
        """Whether any Pod has a lower priority."""
        return any(p < priority for p in self._priorities)

    def users_of(self, claim: Key) -> int:
        """How many Pods on nodes use a claim."""
        return self._claim_users.get(claim, 0)

    def controlled_by(self, uid: str) -> dict[int, int]:
        """How many Pods of a controller each row has; rows without any are left out."""
        return self._controlled.get(uid, {})

    def label(self, key: str) -> Numbers:
        """The column of a label, made when it is first asked for."""
        if key not in self._labels:
            column = self._labels[key] = np.zeros(self.size, np.int64)
            for item in self.nodes():
                assert item.node is not None
                column[item.row] = self._code(key, item.node.metadata.labels.get(key))
        return self._labels[key]

    def label_values(self, key: str) -> dict[str, int]:
        """The codes of the values that the label has had on any node."""
        self.label(key)
        return self._codes.get(key, {})

    def taints(self, row: int) -> tuple[Taint, ...]:
        """The taints of the node in a row."""
        item = self._by_row[row]
        return item.node.spec.taints if item is not None and item.node is not None else NO_TAINTS

    def _code(self, key: str, value: str | None) -> int:
        if value is None:
            return 0
        codes = self._codes.setdefault(key, {})
        return codes.setdefault(value, len(codes) + 1)

    def _count(self, item: NodeRow, info: PodInfo, sign: int) -> None:
        _add(self, item.row, info.requests, sign)
        self.requested[PODS][item.row] += sign
        for name, number in info.scored_requests.items():
            self.scored[name][item.row] += sign * number
        self.index.count(item.row, info, sign)
        for claim in claims_of(info.pod):
            self._claim_users[claim] = self._claim_users.get(claim, 0) + sign
            if not self._claim_users[claim]:
                del self._claim_users[claim]
        number = self._priorities.get(info.priority, 0) + sign
        if number:
            self._priorities[info.priority] = number
        else:
            del self._priorities[info.priority]
        if info.controller:
            rows = self._controlled.setdefault(info.controller, {})
            rows[item.row] = rows.get(item.row, 0) + sign
            if not rows[item.row]:
                del rows[item.row]
            if not rows:
                del self._controlled[info.controller]
        for port in info.host_ports:
            item.ports[port] = item.ports.get(port, 0) + sign
            if not item.ports[port]:
                del item.ports[port]

    def _row(self, name: str) -> NodeRow:
        if name not in self._rows:
            if not self._free:
                self._grow()
            item = self._rows[name] = NodeRow(self._free.pop())
            self._by_row[item.row] = item
        return self._rows[name]

    def _release(self, name: str, item: NodeRow) -> None:
        if item.node is None and not item.pods:
            del self._rows[name]
            self._by_row[item.row] = None
            self._free.append(item.row)

    def _amount_columns(self, name: str) -> None:
        self.allocatable[name] = np.zeros(self.size, np.int64)
        self.requested.setdefault(name, np.zeros(self.size, np.int64))

    def ensure_resource(self, name: str) -> None:
        """Have columns for a resource, also one that no node offers."""
        if name not in self.allocatable:
            self._amount_columns(name)

    def _grow(self) -> None:
        old, new = self.size, self.size * 2
        self._by_row += [None] * old
        self._free = list(range(new - 1, old - 1, -1))
        self.index.grow(new)
        self.exists, self.unschedulable = _longer(self.exists, new), _longer(self.unschedulable, new)
        for columns in (self.allocatable, self.requested, self.scored, self._labels):
            for name in columns:
                columns[name] = _longer(columns[name], new)


def _offers_other(old: Node, new: Node) -> bool:
    return old.metadata.labels != new.metadata.labels or old.status.allocatable != new.status.allocatable


def _longer(column: NDArray[Any], size: int) -> NDArray[Any]:
    grown = np.zeros(size, column.dtype)
    grown[: len(column)] = column
    return grown


def _add(snapshot: Snapshot, row: int, amounts: Amounts, sign: int) -> None:
    for name, number in amounts.items():
        snapshot.ensure_resource(name)
        snapshot.requested[name][row] += sign * number


def rows_where(mask: Mask) -> Iterable[int]:
    """The numbers of the rows that are set."""
    return map(int, np.flatnonzero(mask))
