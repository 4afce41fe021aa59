"""Compile the expressions of one policy, whose variables each see those before them."""

from typing import NamedTuple

from podo.cel import types
from podo.cel.admission import (
    JSON_PATCH,
    OBJECT,
    VARIABLES,
    PatchTypes,
    VariableTypes,
    admission_environment,
    shown,
)
from podo.cel.environment import Environment, Program
from podo.cel.errors import CompileError
from podo.cel.types import BOOL, DYN, NULL, STRING, Type

CONDITION, MESSAGE, ANNOTATION = (BOOL,), (STRING,), (STRING, NULL)
APPLIED, PATCHES = (OBJECT,), (types.list_of(JSON_PATCH),)


class Compiled(NamedTuple):
    """An expression: its program, or what is wrong with it."""

    source: str
    program: Program | None
    error: str = ""


def compiled(environment: Environment, source: str, wanted: tuple[Type, ...] = ()) -> Compiled:
    """Compile an expression that must give one of the `wanted` types; none is any."""
    try:
        program = environment.compile(source)
    except CompileError as error:
        return Compiled(source, None, error.detail)
    if not wanted or program.type in wanted:
        return Compiled(source, program)
    what = shown(wanted[0]) if len(wanted) == 1 else f"one of [{' '.join(map(shown, wanted))}]"
    return Compiled(source, None, f"must evaluate to {what} but got {shown(program.type)}")


class Scope:
    """The environments of one policy. `params` says whether it has parameters, `patches` whether it mutates."""

    def __init__(self, *, params: bool, patches: bool = False) -> None:
        base = {kind: admission_environment(params=params, authorizer=kind) for kind in (True, False)}
        self._types = VariableTypes(base[True].names.types)
        self._with, self._without = (
            base[kind].extended({"variables": VARIABLES}, self._types) for kind in (True, False)
        )
        self._patching = self._with.extended({}, PatchTypes(self._types)) if patches else self._with
        self.variables: dict[str, Compiled] = {}

    def declare(self, name: str, source: str) -> Compiled:
        """A variable, which those that are compiled later may use."""
        found = compiled(self._with, source)
        self._types.declared[name] = found.program.type if found.program is not None else DYN
        self.variables[name] = found
        return found

    def condition(self, source: str) -> Compiled:
        """A validation, or a match condition."""
        return compiled(self._with, source, CONDITION)

    def message(self, source: str) -> Compiled:
        return compiled(self._without, source, MESSAGE)

    def annotation(self, source: str) -> Compiled:
        return compiled(self._with, source, ANNOTATION)

    def patch(self, source: str, wanted: tuple[Type, ...]) -> Compiled:
        """An expression that gives a configuration to apply, or JSON patches."""
        return compiled(self._patching, source, wanted)
