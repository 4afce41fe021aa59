"""Expressions of the server's own configuration: claims and users (KEP-3331), and which requests an authorizer is for
(KEP-3221). Compile once, `run` as often as needed."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from .admission import STRUCTS, TEXTS, USER, shown
from .check.scope import StaticTypes
from .environment import Environment, Program
from .errors import CompileError, CostExceeded, EvalError
from .types import BOOL, STRING, Type, list_of, map_of, struct

ANY = Type("dyn", "any")
RESOURCE, NON_RESOURCE = struct("kubernetes.ResourceAttributes"), struct("kubernetes.NonResourceAttributes")
REVIEW, REQUIREMENT = struct("kubernetes.SubjectAccessReviewSpec"), struct("kubernetes.SelectorRequirement")
SELECTOR: dict[str, Type] = {"rawSelector": STRING, "requirements": list_of(REQUIREMENT)}
FIELD_SELECTOR, LABEL_SELECTOR = (struct(f"kubernetes.{name}SelectorAttributes") for name in ("Field", "Label"))
REVIEWS: dict[str, dict[str, Type]] = {
    REVIEW.name: {
        "resourceAttributes": RESOURCE, "nonResourceAttributes": NON_RESOURCE, "user": STRING, "groups": TEXTS,
        "extra": map_of(STRING, TEXTS), "uid": STRING,
    },
    RESOURCE.name: {
        **dict.fromkeys(("namespace", "verb", "group", "version", "resource", "subresource", "name"), STRING),
        "fieldSelector": FIELD_SELECTOR, "labelSelector": LABEL_SELECTOR,
    },
    NON_RESOURCE.name: {"path": STRING, "verb": STRING},
    FIELD_SELECTOR.name: SELECTOR,
    LABEL_SELECTOR.name: SELECTOR,
    REQUIREMENT.name: {"key": STRING, "operator": STRING, "values": TEXTS},
}  # fmt: skip
CONDITION, TEXT, TEXT_OR_LIST = (BOOL,), (STRING, ANY), (STRING, list_of(STRING), list_of(ANY), ANY)


class IdentityError(Exception):
    """An expression that cannot be used, or failed; the message is for the log or the field error."""


@lru_cache(maxsize=1)
def claims_environment() -> Environment:
    """`claims`: the claims of a token, of any type."""
    return Environment({"claims": map_of(STRING, ANY)})


@lru_cache(maxsize=1)
def user_environment() -> Environment:
    """`user`: username, uid, groups, extra, as the claims were mapped."""
    return Environment({"user": USER}, StaticTypes({USER.name: STRUCTS[USER.name]}))


@lru_cache(maxsize=1)
def review_environment() -> Environment:
    """`request`: the spec of a SubjectAccessReview."""
    return Environment({"request": REVIEW}, StaticTypes(REVIEWS))


def compiled(environment: Environment, source: str, wanted: Sequence[Type]) -> Program:
    """Compile an expression that must give one of the wanted types. Raises IdentityError."""
    try:
        program = environment.compile(source)
    except CompileError as error:
        raise IdentityError(error.detail) from None
    if program.type in wanted:
        return program
    if len(wanted) == 1:
        raise IdentityError(f"must evaluate to {shown(wanted[0])} but got {shown(program.type)}")
    raise IdentityError(f"must evaluate to one of [{' '.join(map(shown, wanted))}]")


def run(program: Program, variables: Mapping[str, Any]) -> Any:
    """The value of an expression. Raises IdentityError."""
    try:
        return program.run(variables).value
    except (EvalError, CostExceeded) as error:
        raise IdentityError(f"expression '{program.source}' resulted in error: {error}") from None


def matches(conditions: Sequence[Program], review: Mapping[str, Any]) -> bool:
    """Whether an access review meets all conditions: one false is enough. Raises IdentityError when one fails."""
    faults: list[str] = []
    for condition in conditions:
        try:
            if run(condition, {"request": review}) is False:
                return False
        except IdentityError as error:
            faults.append(f"cel evaluation error: {error}")
    if faults:
        raise IdentityError(faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]")
    return True
