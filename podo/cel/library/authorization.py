"""`authorizer.group("apps").resource("deployments").namespace("x").check("create").allowed()`."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeAlias

from podo.api import names

from .. import types
from ..errors import EvalError
from ..functions import Overload
from ..types import BOOL, STRING, Type
from ..values import Opaque
from . import costs

PREFIX = "kubernetes.authorization."
AUTHORIZER, PATH, GROUP, RESOURCE, DECISION = (
    types.struct(PREFIX + name) for name in ("Authorizer", "PathCheck", "GroupCheck", "ResourceCheck", "Decision")
)
CHECK_COST = 350_000


@dataclass(frozen=True)
class Decided(Opaque):
    """What came of a check; `error` is empty unless there was one."""

    cel_type: ClassVar[Type] = DECISION
    allowed: bool
    reason: str = ""
    error: str = ""


@dataclass(frozen=True)
class Check:
    """What an expression asks whether it may be done: as whom (None: the request's user), and what."""

    account: tuple[str, str] | None = None
    verb: str = ""
    path: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    field_selector: str = ""
    label_selector: str = ""


Decide: TypeAlias = Callable[[Check], Decided]


@dataclass(frozen=True)
class Authorizer(Opaque):
    """The variable `authorizer`: it decides by calling `decide`."""

    cel_type: ClassVar[Type] = AUTHORIZER
    decide: Decide
    check: Check = Check()


@dataclass(frozen=True)
class PathCheck(Authorizer):
    cel_type: ClassVar[Type] = PATH


@dataclass(frozen=True)
class GroupCheck(Authorizer):
    cel_type: ClassVar[Type] = GROUP


@dataclass(frozen=True)
class ResourceCheck(Authorizer):
    cel_type: ClassVar[Type] = RESOURCE


def path(of: Authorizer, to: str) -> PathCheck:
    if not to.strip():
        raise EvalError("path must not be empty")
    return PathCheck(of.decide, replace(of.check, path=to))


def group(of: Authorizer, name: str) -> GroupCheck:
    return GroupCheck(of.decide, replace(of.check, group=name))


def service_account(of: Authorizer, namespace: str, name: str) -> Authorizer:
    if names.dns1123_subdomain(name):
        raise EvalError("Invalid service account name")
    if names.dns1123_label(namespace):
        raise EvalError("Invalid service account namespace")
    return Authorizer(of.decide, replace(of.check, account=(namespace, name)))


def resource(of: GroupCheck, name: str) -> ResourceCheck:
    if not name.strip():
        raise EvalError("resource must not be empty")
    return ResourceCheck(of.decide, replace(of.check, resource=name))


def _narrowing(field: str) -> Callable[[ResourceCheck, str], ResourceCheck]:
    def narrow(of: ResourceCheck, value: str) -> ResourceCheck:
        changes: dict[str, Any] = {field: value}
        return ResourceCheck(of.decide, replace(of.check, **changes))

    return narrow


def check(of: Authorizer, verb: str) -> Decided:
    return of.decide(replace(of.check, verb=verb))


def _member(id: str, args: tuple[Type, ...], result: Type, run: Any, cost: Any = costs.one) -> Overload:
    return Overload(id, args, result, run, member=True, cost=cost)


def _selector_cost(args: Any, result: Any) -> int:
    length = len(args[1])
    return 10 + -(-length // 10) + -(-length // 2) * 50


def _check_cost(args: Any, result: Any) -> int:
    return CHECK_COST


TO_RESOURCE = (RESOURCE, STRING)
AUTHORIZATION_LIBRARY: dict[str, list[Overload]] = {
    "path": [_member("authorizer_path", (AUTHORIZER, STRING), PATH, path)],
    "group": [_member("authorizer_group", (AUTHORIZER, STRING), GROUP, group)],
    "serviceAccount": [_member("authorizer_serviceaccount", (AUTHORIZER, STRING, STRING), AUTHORIZER, service_account)],
    "resource": [_member("groupcheck_resource", (GROUP, STRING), RESOURCE, resource)],
    "subresource": [_member("resourcecheck_subresource", TO_RESOURCE, RESOURCE, _narrowing("subresource"))],
    "namespace": [_member("resourcecheck_namespace", TO_RESOURCE, RESOURCE, _narrowing("namespace"))],
    "name": [_member("resourcecheck_name", TO_RESOURCE, RESOURCE, _narrowing("name"))],
    "fieldSelector": [
        _member("authorizer_fieldselector", TO_RESOURCE, RESOURCE, _narrowing("field_selector"), _selector_cost)
    ],
    "labelSelector": [
        _member("authorizer_labelselector", TO_RESOURCE, RESOURCE, _narrowing("label_selector"), _selector_cost)
    ],
    "check": [
        _member("pathcheck_check", (PATH, STRING), DECISION, check, _check_cost),
        _member("resourcecheck_check", TO_RESOURCE, DECISION, check, _check_cost),
    ],
    "errored": [_member("decision_errored", (DECISION,), BOOL, lambda of: bool(of.error))],
    "error": [_member("decision_error", (DECISION,), STRING, lambda of: of.error)],
    "allowed": [_member("decision_allowed", (DECISION,), BOOL, lambda of: of.allowed)],
    "reason": [_member("decision_reason", (DECISION,), STRING, lambda of: of.reason)],
}
