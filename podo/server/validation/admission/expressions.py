"""Conditions and variables: their names, and what can be said of an expression without compiling it.

An expression is refused if it is a name that nothing declares, or a name followed by what cannot follow it.
"""

import re
from collections.abc import Collection

from podo.api import names
from podo.api.field_errors import FieldError, duplicate, invalid, required, too_many
from podo.server.validation.fields import Errors, Object, named

CONDITIONS_MAX = 64
KEYWORDS = frozenset(
    {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import"}
    | {"let", "loop", "package", "namespace", "return", "var", "void", "while"}
)
BASE = ("object", "oldObject", "request", "namespaceObject", "variables", "authorizer")
TYPES = frozenset(
    {"bool", "bytes", "double", "dyn", "int", "list", "map", "null_type", "string", "timestamp", "type", "uint"}
    | {"duration"}
)
_NAME = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_PARAMS = re.compile(r"""(?<![\w.'"])params(?=[.\[])""")
_VARIABLE = re.compile(r"\bvariables\.([_a-zA-Z][_a-zA-Z0-9]*)")


def is_identifier(name: str) -> bool:
    """Whether a name can be one in an expression."""
    return bool(_NAME.fullmatch(name)) and name not in KEYWORDS


def expression_error(path: str, text: str, known: Collection[str], variables: Collection[str] | None) -> Errors:
    """What is wrong with an expression that may use the names `known`, and those below `variables`."""
    found = _problem(text, known, variables)
    if found is None:
        return []
    column, message = found
    shown = f"ERROR: <input>:1:{column + 1}: {message}\n | {text}\n | {'.' * column}^"
    return [invalid(path, text, f"compilation failed: {shown}")]


def _problem(text: str, known: Collection[str], variables: Collection[str] | None) -> tuple[int, str] | None:
    name = _NAME.match(text)
    if name and name.end() == len(text) and name[0] not in known and name[0] not in TYPES | KEYWORDS:
        return 0, f"undeclared reference to '{name[0]}' (in container '')"
    if name and text[name.end() : name.end() + 1] == "!" and text[name.end() + 1 : name.end() + 2] != "=":
        return name.end(), "Syntax error: extraneous input '!' expecting <EOF>"
    if "params" not in known and (use := _PARAMS.search(text)):
        return use.start(), "undeclared reference to 'params' (in container '')"
    if variables is not None:
        for use in _VARIABLE.finditer(text):
            if use[1] not in variables:
                return use.start() + len("variables"), f"undefined field '{use[1]}'"
    return None


def match_conditions(errs: Errors, conditions: list[Object], path: str, *, params: bool = False) -> None:
    """Conditions that a request must meet."""
    if len(conditions) > CONDITIONS_MAX:
        errs.append(too_many(path, len(conditions), CONDITIONS_MAX))
    known = (*(name for name in BASE if name != "variables"), *(("params",) if params else ()))
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        where, name, text = f"{path}[{index}]", condition.get("name", ""), condition.get("expression", "").strip()
        if text:
            errs += expression_error(f"{where}.expression", text, known, None)
        else:
            errs.append(required(f"{where}.expression"))
        if not name:
            errs.append(required(f"{where}.name"))
            continue
        named(errs, f"{where}.name", name, names.qualified_name)
        if name in seen:
            errs.append(duplicate(f"{where}.name", name))
        seen.add(name)


class Scope:
    """What the expressions of one policy may use; variables are added as they are declared."""

    def __init__(self, params: bool) -> None:
        self.known = (*BASE, *(("params",) if params else ()))
        self.variables: set[str] = set()

    def check(self, errs: Errors, path: str, text: str) -> None:
        """An expression of the policy."""
        errs += expression_error(path, text, self.known, self.variables)

    def declare(self, errs: Errors, variables: list[Object], path: str) -> None:
        """The variables of the policy; each may use those before it."""
        for index, variable in enumerate(variables):
            where, name, text = f"{path}[{index}]", variable.get("name", ""), variable.get("expression", "")
            if not name.strip():
                errs.append(required(f"{where}.name", "name is not specified"))
            elif not is_identifier(name):
                errs.append(invalid(f"{where}.name", name, "must be a valid CEL identifier"))
            if not text.strip():
                errs.append(_missing(f"{where}.expression"))
            else:
                self.check(errs, f"{where}.expression", text)
            self.variables.add(name)


def _missing(path: str) -> FieldError:
    return required(path, "expression is not specified")
