"""Give every node its type and its overloads; collect what does not fit. Source: the CEL specification."""

from collections.abc import Callable, Sequence
from typing import Any

from .. import types
from ..errors import Issue
from ..functions import Overload, free_params
from ..syntax.tree import (
    Call,
    Comprehension,
    Entry,
    Ident,
    ListLiteral,
    Literal,
    MapLiteral,
    Node,
    Select,
    StructLiteral,
    qualified,
)
from ..types import Substitution, Type, assignable, most_general, substitute
from ..values import kind_of
from .scope import Names, Scope


class Checker:
    """Checks one tree, writing on its nodes; `issues` is what it found wrong."""

    def __init__(self, names: Names) -> None:
        self._scope = Scope(names)
        self._names = names
        self._bound: Substitution = {}
        self._free = 0
        self._nodes: list[Node] = []
        self.issues: list[Issue] = []

    def run(self, tree: Node) -> Type:
        """The type of the whole; parameters left free are dyn."""
        self._check(tree)
        for node in self._nodes:
            node.type = substitute(self._bound, node.known, free_is_dyn=True)
        return tree.known

    def _check(self, node: Node) -> Type:
        node.type = CHECKS[type(node)](self, node)
        self._nodes.append(node)
        return node.type

    def _issue(self, at: int, message: str) -> Type:
        self.issues.append(Issue(at, message))
        return types.ERROR

    def _undeclared(self, at: int, name: str) -> Type:
        return self._issue(at, f"undeclared reference to '{name}' (in container '')")

    def _literal(self, node: Literal) -> Type:
        return kind_of(node.value)

    def _ident(self, node: Ident) -> Type:
        found = self._scope.variable(node.name)
        if found is None:
            return self._undeclared(node.at, node.name)
        node.name = node.name.removeprefix(".")
        return found

    def _select(self, node: Select) -> Type:
        name = qualified(node)
        if name is not None and (found := self._scope.variable(name)) is not None:
            node.resolved = name
            return found
        result = self._field(node.at, node.operand, node.field, optional=False)
        return types.BOOL if node.test else substitute(self._bound, result)

    def _field(self, at: int, operand: Node, field: str, *, optional: bool) -> Type:
        operand_type = substitute(self._bound, self._check(operand))
        target, was_optional = types.unwrap_optional(operand_type)
        result = types.DYN
        if target.kind == "map":
            result = target.params[1]
        elif target.kind == "struct":
            result = self._struct_field(at, target.name, field)
        elif target.kind == "param":
            self._assignable(types.DYN, target)
        elif target.kind not in ("dyn", "error"):
            self._issue(at, f"type '{target}' does not support field selection")
        return types.optional_of(result) if was_optional or optional else result

    def _struct_field(self, at: int, name: str, field: str) -> Type:
        fields = self._names.types.fields(name)
        if fields is None:
            return self._issue(at, f"unexpected failed resolution of '{name}'")
        found = fields.get(field)
        return self._issue(at, f"undefined field '{field}'") if found is None else found

    def _call(self, node: Call) -> Type:
        if node.name == "_?._":
            field = node.args[1]
            assert isinstance(field, Literal)
            field.type = types.STRING
            result = self._field(node.at, node.args[0], field.value, optional=True)
            node.overloads = ("select_optional_field",)
            return substitute(self._bound, result)
        for arg in node.args:
            self._check(arg)
        functions = self._names.functions
        name = node.name.removeprefix(".")
        if node.target is None:
            if name not in functions:
                return self._undeclared(node.at, node.name)
            node.name = name
            return self._resolve(node)
        prefix = qualified(node.target)
        if prefix is not None and (full := f"{prefix}.{name}".removeprefix(".")) in functions:
            node.name, node.target = full, None
            return self._resolve(node)
        self._check(node.target)
        return self._resolve(node) if name in functions else self._undeclared(node.at, name)

    def _resolve(self, node: Call) -> Type:
        """Find the overloads that fit the arguments; the result is the first's, or dyn where they differ."""
        if node.name in ("_&&_", "_||_"):
            return self._logical(node)
        given = [arg.known for arg in ((node.target, *node.args) if node.target else node.args)]
        result: Type | None = None
        for overload in self._names.functions[node.name]:
            if overload.member != (node.target is not None):
                continue
            args, gives = self._fresh(overload)
            if not self._all_assignable(given, args):
                continue
            node.overloads = (*node.overloads, overload.id)
            fits = substitute(self._bound, gives)
            if result is None:
                result = fits
            elif result.kind != "dyn" and fits != result:
                result = types.DYN
        if result is not None:
            return result
        shown = [str(substitute(self._bound, of, free_is_dyn=True)) for of in given]
        signature = f"{shown[0]}.({', '.join(shown[1:])})" if node.target else f"({', '.join(shown)})"
        return self._issue(node.at, f"found no matching overload for '{node.name}' applied to '{signature}'")

    def _logical(self, node: Call) -> Type:
        node.overloads = ("logical_and" if node.name == "_&&_" else "logical_or",)
        good = True
        for arg in node.args:
            if not self._assignable(arg.known, types.BOOL):
                self._mismatch(arg.at, types.BOOL, arg.known)
                good = False
        return types.BOOL if good else types.ERROR

    def _fresh(self, overload: Overload) -> tuple[tuple[Type, ...], Type]:
        """The signature with parameters of its own."""
        names = free_params(overload)
        if not names:
            return overload.args, overload.result
        by = {name: self._new_param() for name in sorted(names)}
        return tuple(substitute(by, arg) for arg in overload.args), substitute(by, overload.result)

    def _list(self, node: ListLiteral) -> Type:
        of: Type | None = None
        for index, element in enumerate(node.elements):
            element_type = self._check(element)
            if index in node.optional:
                element_type = self._optional(element)
            of = self._join(of, element_type)
        return types.list_of(self._new_param() if of is None else of)

    def _map(self, node: MapLiteral) -> Type:
        key_type: Type | None = None
        value_type: Type | None = None
        for entry in node.entries:
            key_type = self._join(key_type, self._check(entry.key))
            value_type = self._join(value_type, self._entry_value(entry))
        if key_type is None or value_type is None:
            return types.map_of(self._new_param(), self._new_param())
        return types.map_of(key_type, value_type)

    def _entry_value(self, entry: Entry) -> Type:
        value = self._check(entry.value)
        return self._optional(entry.value) if entry.optional else value

    def _optional(self, node: Node) -> Type:
        inner, was = types.unwrap_optional(node.known)
        if not was and inner.kind != "dyn":
            self._mismatch(node.at, types.optional_of(inner), inner)
        return inner

    def _struct(self, node: StructLiteral) -> Type:
        found = self._scope.variable(node.name)
        if found is None:
            return self._undeclared(node.at, node.name)
        name = node.name.removeprefix(".")
        if found.kind != "type":
            return self._issue(node.at, f"'{found}' is not a type")
        result = found.params[0]
        if result.kind != "struct":
            return self._issue(node.at, f"'{result}' is not a message type")
        node.name = name
        for field in node.fields:
            value = self._entry_value(field)
            wanted = self._struct_field(field.at, name, field.key)
            if not self._assignable(wanted, value):
                message = f"expected type of field '{field.key}' is '{wanted}' but provided type is"
                self._issue(field.at, f"{message} '{value}'")
        return result

    def _comprehension(self, node: Comprehension) -> Type:
        over = substitute(self._bound, self._check(node.over))
        accu = self._check(node.init)
        first, second = self._iterated(node, over)
        with self._scope.holding({node.accu: accu}):
            added = {node.first: first} | ({node.second: second} if node.second else {})
            with self._scope.holding(added):
                self._check(node.condition)
                self._assert(node.condition, types.BOOL)
                self._check(node.step)
                self._assert(node.step, accu)
            return substitute(self._bound, self._check(node.result))

    def _iterated(self, node: Comprehension, over: Type) -> tuple[Type, Type]:
        """The types of the variables of a fold over a type."""
        if over.kind == "list":
            return (types.INT, over.params[0]) if node.second else (over.params[0], types.DYN)
        if over.kind == "map":
            return over.params[0], over.params[1]
        if over.kind in ("dyn", "error", "param"):
            self._assignable(types.DYN, over)
            return types.DYN, types.DYN
        words = "cannot be range of a comprehension (must be list, map, or dynamic)"
        error = self._issue(node.over.at, f"expression of type '{over}' {words}")
        return error, error

    def _join(self, previous: Type | None, current: Type) -> Type:
        if previous is None:
            return current
        return most_general(previous, current) if self._assignable(previous, current) else types.DYN

    def _assert(self, node: Node, wanted: Type) -> None:
        if not self._assignable(wanted, node.known):
            self._mismatch(node.at, wanted, node.known)

    def _mismatch(self, at: int, wanted: Type, found: Type) -> Type:
        return self._issue(at, f"expected type '{wanted}' but found '{found}'")

    def _assignable(self, first: Type, second: Type) -> bool:
        return self._all_assignable([first], (second,))

    def _all_assignable(self, given: Sequence[Type], wanted: Sequence[Type]) -> bool:
        """Whether all fit; what was bound on the way is kept only then."""
        if len(given) != len(wanted):
            return False
        trial = dict(self._bound)
        if not all(assignable(trial, *pair) for pair in zip(given, wanted, strict=True)):
            return False
        self._bound = trial
        return True

    def _new_param(self) -> Type:
        self._free += 1
        return types.param(f"_var{self._free - 1}")


CHECKS: dict[type[Node], Callable[[Checker, Any], Type]] = {
    Literal: Checker._literal,
    Ident: Checker._ident,
    Select: Checker._select,
    Call: Checker._call,
    ListLiteral: Checker._list,
    MapLiteral: Checker._map,
    StructLiteral: Checker._struct,
    Comprehension: Checker._comprehension,
}
