"""An environment: what expressions may name, and how they are compiled. The server makes one for each use of CEL."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .check.checker import Checker
from .check.scope import TYPE_NAMES, Names, StaticTypes, Types
from .check.validators import bad_pattern, literal_issues
from .errors import CompileError, CostExceeded, EvalError, Issue, ProgramError
from .functions import Functions, declare
from .run.compiler import Compiler
from .run.frame import Frame, Step
from .syntax.macros import BINDINGS, MACROS
from .syntax.parser import TOO_DEEP, parse
from .syntax.tree import Node
from .timing import COMPILED, EVALUATED
from .types import Type

PER_CALL_LIMIT = 1_000_000
"""The most that one evaluation may cost, in the units of KEP-2876."""


@lru_cache(maxsize=1)
def kubernetes_functions() -> Functions:
    """The functions of Kubernetes v1.36's environments."""
    from .library.addresses import IP_LIBRARY
    from .library.authorization import AUTHORIZATION_LIBRARY
    from .library.dates import DATES
    from .library.formats import FORMAT_LIBRARY
    from .library.lists import LIST_LIBRARY
    from .library.quantities import QUANTITY_LIBRARY
    from .library.standard import CONVERSIONS, OPERATORS, OPTIONALS, STRINGS
    from .library.strings import STRING_LIBRARY
    from .library.urls import URL_LIBRARY

    return declare(
        OPERATORS, STRINGS, CONVERSIONS, DATES, OPTIONALS, URL_LIBRARY, STRING_LIBRARY, LIST_LIBRARY,
        AUTHORIZATION_LIBRARY, QUANTITY_LIBRARY, IP_LIBRARY, FORMAT_LIBRARY,
    )  # fmt: skip


NO_TYPES = StaticTypes({})


class Result:
    """What a run gave: its value, and what it cost."""

    __slots__ = ("cost", "value")

    def __init__(self, value: Any, cost: int) -> None:
        self.value, self.cost = value, cost


@dataclass(frozen=True)
class Program:
    """A compiled expression: run it as often as you like, from any task."""

    source: str
    type: Type
    tree: Node
    step: Step
    slots: int

    def run(self, variables: Mapping[str, Any], *, limit: float = PER_CALL_LIMIT) -> Result:
        """Evaluate. Raises EvalError when it fails, CostExceeded over the limit (in cost units)."""
        frame, began = Frame(variables, self.slots, limit), time.perf_counter()
        try:
            value = self.step(frame)
        except RecursionError:
            raise EvalError("expression is nested too deeply") from None
        finally:
            EVALUATED.add(time.perf_counter() - began)
        if frame.cost > limit:
            raise CostExceeded
        return Result(value, frame.cost)


class Environment:
    """Variables, struct types and functions; immutable, shared, `extended` for more."""

    def __init__(
        self,
        variables: Mapping[str, Type],
        types: Types = NO_TYPES,
        functions: Functions | None = None,
        *,
        bindings: bool = False,
    ) -> None:
        """`bindings`: expressions may use `cel.bind`."""
        found = kubernetes_functions() if functions is None else functions
        self.names = Names(dict(variables), found, types)
        self._macros = BINDINGS if bindings else MACROS

    def extended(self, variables: Mapping[str, Type], types: Types | None = None) -> "Environment":
        """This one with more variables, and other struct types when given."""
        names = self.names
        bindings = self._macros is BINDINGS
        return Environment({**names.variables, **variables}, types or names.types, names.functions, bindings=bindings)

    def compile(self, source: str) -> Program:
        """Parse, check and plan. Raises CompileError, whose text is what clients are shown."""
        began = time.perf_counter()
        try:
            return self._compiled(source)
        finally:
            COMPILED.add(time.perf_counter() - began)

    def _compiled(self, source: str) -> Program:
        tree = parse(source, self._macros)
        checker = Checker(self.names)
        try:
            result = checker.run(tree)
            issues = checker.issues or literal_issues(tree)
            if issues:
                raise CompileError(source, issues)
            if fault := bad_pattern(tree):
                raise ProgramError(fault)
            compiler = Compiler(self.names.functions, dict(TYPE_NAMES))
            step = compiler.step(tree)
        except RecursionError:
            raise CompileError(source, [Issue(-1, TOO_DEEP)]) from None
        return Program(source, result, tree, step, compiler.slots)
