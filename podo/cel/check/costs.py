"""The most and least that an expression may cost, before it ever ran. Source: KEP-2876 and cel-go's estimates.

What is not bounded by the expression itself is bounded by the schema of the data: `SizeOf` gives the most elements or
characters at a path such as `("self", "spec", "names", "@items")`, or None when it does not know.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from ..syntax.tree import (
    ACCUMULATOR,
    Call,
    Comprehension,
    Ident,
    ListLiteral,
    Literal,
    MapLiteral,
    Node,
    Select,
    StructLiteral,
)
from ..types import Type, is_scalar
from .call_costs import CALLS, Arg, Called
from .estimates import NOTHING_YET, ONE, UNKNOWN, ZERO, Entry, Range, fixed

Path: TypeAlias = tuple[str, ...]
SizeOf: TypeAlias = Callable[[Path], int | None]
LIST, MAP, STRUCT = fixed(10), fixed(30), fixed(40)


class Local(NamedTuple):
    """A fold's variable: where it comes from, its size, and its entries' sizes."""

    path: Path
    size: Range | None
    entry: Entry | None


class Estimator:
    """Estimates one checked tree."""

    def __init__(self, size_of: SizeOf) -> None:
        self._size_of = size_of
        self._paths: dict[int, Path] = {}
        self._sizes: dict[int, Range] = {}
        self._entries: dict[int, Entry] = {}
        self._locals: dict[str, list[Local]] = {}

    def cost(self, node: Node) -> Range:
        """What evaluating the node costs."""
        if isinstance(node, Literal):
            return ZERO
        if isinstance(node, Ident):
            local = self._local(node.name)
            self._paths[id(node)] = local.path if local else (node.name,)
            return ONE
        if isinstance(node, Select):
            return self._select(node)
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, ListLiteral):
            return self._list(node)
        if isinstance(node, MapLiteral):
            return self._map(node)
        if isinstance(node, StructLiteral):
            return self._sum([field.value for field in node.fields]).plus(STRUCT)
        assert isinstance(node, Comprehension)
        return self._bind(node) if node.binds else self._fold(node)

    def _local(self, name: str) -> Local | None:
        stack = self._locals.get(name)
        return stack[-1] if stack else None

    def _sum(self, nodes: list[Node]) -> Range:
        total = ZERO
        for node in nodes:
            total = total.plus(self.cost(node))
        return total

    def _select(self, node: Select) -> Range:
        if node.resolved:
            self._paths[id(node)] = (node.resolved,)
            return ONE
        total = self.cost(node.operand)
        if node.test:
            return total
        self._paths[id(node)] = (*self._path(node.operand), node.field)
        return total.plus(ONE) if node.operand.known.kind in ("map", "struct", "param") else total

    def _call(self, node: Call) -> Range:
        if node.name == "dyn":
            total = self.cost(node.args[0]).plus(ONE)
            self._copy_sizes(node, node.args[0])
            return total
        costs = [self.cost(arg) for arg in node.args]
        args = [self._arg(arg) for arg in node.args]
        if not node.overloads:
            return ZERO
        total, target = ZERO, None
        if node.target is not None:
            total = self.cost(node.target)
            target = self._arg(node.target)
        spent, size = NOTHING_YET, None
        for overload in node.overloads:
            cost, result = self._overload(node, overload, Called(overload, target, args, costs, self))
            spent = spent.union(cost)
            if result is not None:
                size = result if size is None else size.union(result)
            size = self._indexed(node, overload, size)
            if size is None:
                size = self.size(node)
        if size is not None:
            self._sizes[id(node)] = size
        return total.plus(spent)

    def _overload(self, node: Call, overload: str, called: Called) -> tuple[Range, Range | None]:
        estimate = CALLS.get(overload) or CALLS.get(node.name)
        found = estimate(called) if estimate is not None else None
        cost, size = (ONE, None) if found is None else found
        if overload in ("logical_and", "logical_or"):
            first, second = called.costs
            return Range(first.low, first.plus(second).high), None
        if overload == "conditional":
            condition, if_true, if_false = called.costs
            self._join_entries(node, node.args[1], node.args[2])
            return condition.plus(if_true.union(if_false)), size
        if overload in ("add_list", "add_string", "add_bytes"):
            self._join_entries(node, node.args[0], node.args[1])
        for spent in called.costs:
            cost = cost.plus(spent)
        return cost, size

    def _join_entries(self, node: Node, one: Node, other: Node) -> None:
        entry = self._entry(one)
        joined = entry.union(self._entry(other)) if entry else None
        if joined is not None:
            self._entries[id(node)] = joined

    def _indexed(self, node: Call, overload: str, size: Range | None) -> Range | None:
        if overload not in ("index_list", "index_map"):
            return size
        entry = self._entry(node.args[0])
        self._paths[id(node)] = (*self._path(node.args[0]), "@items" if overload == "index_list" else "@values")
        return entry.value if entry else None

    def _list(self, node: ListLiteral) -> Range:
        total, item = ZERO, NOTHING_YET if node.elements else ZERO
        for element in node.elements:
            total = total.plus(self.cost(element))
            item = item.union(self.size(element) or UNKNOWN)
        self._entries[id(node)] = Entry("list", ONE, item)
        return total.plus(LIST)

    def _map(self, node: MapLiteral) -> Range:
        total = ZERO
        key = value = NOTHING_YET if node.entries else ZERO
        for entry in node.entries:
            total = total.plus(self.cost(entry.key)).plus(self.cost(entry.value))
            key = key.union(self.size(entry.key) or UNKNOWN)
            value = value.union(self.size(entry.value) or UNKNOWN)
        self._entries[id(node)] = Entry("map", key, value)
        return total.plus(MAP)

    def _fold(self, node: Comprehension) -> Range:
        total = self.cost(node.over).plus(self.cost(node.init))
        self._push(node.accu, Local(self._path(node.init), self.size(node.init), self._entry(node.init)))
        pushed = self._push_variables(node)
        loop, step = self.cost(node.condition), self.cost(node.step)
        for name in pushed:
            self._locals[name].pop()
        total = total.plus(self.cost(node.result))
        self._locals[node.accu].pop()
        count = self.size(node.over) or UNKNOWN
        total = total.plus(count.times(step.plus(loop)))
        if isinstance(node.init, Literal):
            size = self.size(node.init)
            if size is not None:
                self._sizes[id(node)] = size
        elif isinstance(node.init, ListLiteral | MapLiteral):
            self._sizes[id(node)] = count
            entry = self._entry(node.step)
            if entry is not None:
                self._entries[id(node)] = entry
        return total

    def _push_variables(self, node: Comprehension) -> list[str]:
        entry, path = self._entry(node.over), self._path(node.over)
        kind = entry.kind if entry else node.over.known.kind
        is_list = kind == "list"
        keys = Local((*path, "@indices" if is_list else "@keys"), entry.key if entry else None, None)
        values = Local((*path, "@items" if is_list else "@values"), entry.value if entry else None, None)
        if node.second:
            self._push(node.first, keys)
            self._push(node.second, values)
            return [node.first, node.second]
        self._push(node.first, values if is_list else keys)
        return [node.first]

    def _push(self, name: str, local: Local) -> None:
        self._locals.setdefault(name, []).append(local)

    def _bind(self, node: Comprehension) -> Range:
        total = self.cost(node.over).plus(self.cost(node.init))
        self._push(node.accu, Local(self._path(node.init), self.size(node.init), self._entry(node.init)))
        total = total.plus(self.cost(node.result))
        self._locals[node.accu].pop()
        self._copy_sizes(node, node.result)
        return total

    def _copy_sizes(self, node: Node, source: Node) -> None:
        size, entry = self.size(source), self._entry(source)
        if size is not None:
            self._sizes[id(node)] = size
        if entry is not None:
            self._entries[id(node)] = entry

    def _path(self, node: Node) -> Path:
        if isinstance(node, Ident):
            local = self._local(node.name)
            if local is not None:
                return local.path
        return self._paths.get(id(node), ())

    def _entry(self, node: Node) -> Entry | None:
        found = self._entries.get(id(node))
        if found is None and isinstance(node, Ident):
            local = self._local(node.name)
            return local.entry if local else None
        return found

    def _arg(self, node: Node) -> Arg:
        path = self._path(node)
        if path and path[0] == ACCUMULATOR:
            path = ()
        return Arg(node, node.known, path, self.size(node))

    def size(self, node: Node) -> Range | None:
        """How large the node's value may be; None when nothing says."""
        known = self._sizes.get(id(node)) or literal_size(node)
        if known is not None:
            return known
        bound = self._bound(self._path(node))
        if bound is not None:
            self._sizes[id(node)] = bound
            return bound
        if node.type is not None and is_scalar(node.type):
            return ONE
        if isinstance(node, Ident):
            local = self._local(node.name)
            return local.size if local else None
        return None

    def _bound(self, path: Path) -> Range | None:
        most = self._size_of(path) if path else None
        return None if most is None else Range(0, most)

    def element(self, of: Arg) -> tuple[Type, Range] | None:
        """(type, size) of what a list holds."""
        if not of.type.params:
            return None
        bound = self._bound((*of.path, "@items")) if of.path else None
        return of.type.params[0], bound or UNKNOWN


def literal_size(node: Node) -> Range | None:
    """The size of what is written out in the expression."""
    if isinstance(node, Literal):
        return fixed(len(node.value) if isinstance(node.value, str | bytes) else 1)
    if isinstance(node, ListLiteral):
        return fixed(len(node.elements))
    if isinstance(node, MapLiteral):
        return fixed(len(node.entries))
    return None


def estimate(tree: Node, size_of: SizeOf) -> Range:
    """The range of what a checked tree may cost."""
    return Estimator(size_of).cost(tree)
