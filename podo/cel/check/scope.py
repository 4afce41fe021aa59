"""What names mean while an expression is checked: variables, types of structs, functions."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from .. import types
from ..functions import Functions
from ..types import Type


class Types(Protocol):
    """The struct types of an environment."""

    def fields(self, name: str) -> Mapping[str, Type] | None: ...


class StaticTypes:
    """Struct types from a table: name → field → type."""

    def __init__(self, table: Mapping[str, Mapping[str, Type]]) -> None:
        self._table = table

    def fields(self, name: str) -> Mapping[str, Type] | None:
        return self._table.get(name)


_CHECKS = ("Authorizer", "PathCheck", "GroupCheck", "ResourceCheck", "Decision")
_STRUCTS = [f"kubernetes.{name}" for name in ("URL", "Quantity", "Semver", "NamedFormat")]
_STRUCTS += [f"kubernetes.authorization.{name}" for name in _CHECKS]
TYPE_NAMES: dict[str, Type] = {
    "bool": types.BOOL, "bytes": types.BYTES, "double": types.DOUBLE, "int": types.INT, "uint": types.UINT,
    "string": types.STRING, "null_type": types.NULL, "dyn": types.DYN, "type": types.TYPE,
    "list": types.list_of(types.DYN), "map": types.map_of(types.DYN, types.DYN),
    "optional_type": types.optional_of(types.DYN),
    "google.protobuf.Timestamp": types.TIMESTAMP, "google.protobuf.Duration": types.DURATION,
    "net.IP": types.opaque("net.IP"), "net.CIDR": types.opaque("net.CIDR"),
    **{name: types.struct(name) for name in _STRUCTS},
}  # fmt: skip


class Names(NamedTuple):
    """All that an environment declares."""

    variables: Mapping[str, Type]
    functions: Functions
    types: Types
    type_names: Mapping[str, Type] = TYPE_NAMES


class Scope:
    """The names in force at one place of the expression; folds add theirs for a while."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._locals: dict[str, list[Type]] = {}

    def variable(self, name: str) -> Type | None:
        """The type of an identifier: a fold's variable, a declared one, or a type's own name."""
        plain = name.removeprefix(".")
        stack = self._locals.get(name)
        if stack:
            return stack[-1]
        found = self.names.variables.get(plain)
        if found is not None:
            return found
        named = self.names.type_names.get(plain)
        if named is not None:
            return types.type_of(named)
        if self.names.types.fields(plain) is not None:
            return types.type_of(types.struct(plain))
        return None

    @contextmanager
    def holding(self, added: Mapping[str, Type]) -> Iterator[None]:
        for name, of in added.items():
            self._locals.setdefault(name, []).append(of)
        try:
            yield
        finally:
            for name in added:
                self._locals[name].pop()
