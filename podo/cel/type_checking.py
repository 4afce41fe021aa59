"""Check the expressions of a policy against the types of the objects it is for (KEP-3488): it only warns."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .admission import BASE, STRUCTS, VARIABLES, VariableTypes
from .check.scope import StaticTypes
from .environment import Environment
from .errors import CompileError
from .library.authorization import AUTHORIZER
from .schemas import Declarations
from .types import DYN, Type


class Typed(NamedTuple):
    """A kind that a policy is for, and its schema."""

    group: str
    version: str
    kind: str
    schema: Mapping[str, Any]

    def __str__(self) -> str:
        api_version = f"{self.group}/{self.version}" if self.group else f"/{self.version}"
        return f"{api_version}, Kind={self.kind}"


class Expression(NamedTuple):
    """An expression and where it stands: `spec.validations[0].expression`."""

    field: str
    source: str


def warnings(
    expressions: Sequence[Expression],
    variables: Sequence[tuple[str, str]],
    kinds: Sequence[Typed],
    params: Mapping[str, Any] | None,
    *,
    has_params: bool,
) -> list[tuple[str, str]]:
    """(field, warning) of each expression that does not fit one of the kinds. `variables` are (name, expression)."""
    environments = [(kind, _environment(kind, variables, params, has_params)) for kind in kinds]
    found: list[tuple[str, str]] = []
    for expression in expressions:
        faults = [text for kind, environment in environments if (text := _fault(kind, environment, expression.source))]
        if faults:
            found.append((expression.field, "\n".join(faults)))
    return found


def _fault(kind: Typed, environment: Environment, source: str) -> str:
    try:
        environment.compile(source)
    except CompileError as error:
        return f"{kind}: {error}\n"
    return ""


def _environment(
    kind: Typed, variables: Sequence[tuple[str, str]], params: Mapping[str, Any] | None, has_params: bool
) -> Environment:
    """The environment of a policy in which the object has the type of the kind."""
    declarations = Declarations()
    declared = declarations.declare(kind.schema, kind.kind, root=True)
    object_type = declared.type if declared is not None else DYN
    names: dict[str, Type] = BASE | {"object": object_type, "oldObject": object_type, "authorizer": AUTHORIZER}
    if has_params:
        given = declarations.declare(params, "Params", root=True) if params is not None else None
        names["params"] = given.type if given is not None else DYN
    types = VariableTypes(StaticTypes(STRUCTS | declarations.structs))
    environment = Environment(names | {"variables": VARIABLES}, types)
    for name, source in variables:
        try:
            types.declared[name] = environment.compile(source).type
        except CompileError:
            types.declared[name] = DYN
    return environment
