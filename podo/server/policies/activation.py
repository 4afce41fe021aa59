"""A request as expressions see it. What is costly to say is said only when an expression asks."""

from collections.abc import Callable, Mapping
from typing import Any

from podo.cel.environment import Program
from podo.cel.errors import EvalError
from podo.cel.library.authorization import Authorizer as AuthorizerValue
from podo.cel.library.authorization import Check, Decided, ResourceCheck
from podo.cel.policies import Compiled
from podo.server.admission_point import Attributes
from podo.server.authorization.base import Attempt, Authorizer, Verdict
from podo.server.context import User
from podo.server.strategy import Object
from podo.server.webhooks.matching import Invocation, kind_of_request, namespace_of
from podo.server.webhooks.reviews import gvk, gvr, options_of, user_info


class Undecided(Exception):
    """An expression asks for a decision that has not been made yet: make it, then run it again."""

    def __init__(self, check: Check) -> None:
        super().__init__(check)
        self.check = check


class Decisions:
    """What the authorizer said in this request. Expressions run without waiting, so they find it here or stop."""

    def __init__(self, authorizer: Authorizer, user: User) -> None:
        self._authorizer, self._user = authorizer, user
        self._made: dict[Check, Decided] = {}

    def decide(self, check: Check) -> Decided:
        """Raises Undecided."""
        found = self._made.get(check)
        if found is None:
            raise Undecided(check)
        return found

    async def make(self, check: Check) -> None:
        """Ask the authorizer."""
        decision = await self._authorizer.authorize(attempt_of(check, self._user))
        self._made[check] = Decided(decision.verdict is Verdict.ALLOW, decision.reason)


def attempt_of(check: Check, user: User) -> Attempt:
    """What an expression asks, as the authorizer is asked."""
    if check.account is not None:
        namespace, name = check.account
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        user = User(f"system:serviceaccount:{namespace}:{name}", groups=groups)
    if check.path:
        return Attempt(user, check.verb, path=check.path)
    return Attempt(
        user,
        check.verb,
        check.group,
        "*",
        check.resource,
        check.subresource,
        check.namespace,
        check.name,
        label_selector=check.label_selector,
        field_selector=check.field_selector,
    )


class Activation(dict[str, Any]):
    """The variables of one request in one version, with parameters or without."""

    def __init__(
        self, attributes: Attributes, seen: Invocation, obj: Object | None, old: Object | None, decisions: Decisions,
        *, namespace: Object | None = None, params: Object | None = None,
    ) -> None:  # fmt: skip
        super().__init__(object=obj, oldObject=old, params=params, namespaceObject=shown_namespace(namespace))
        self._attributes, self._seen, self.decisions = attributes, seen, decisions

    def __missing__(self, name: str) -> Any:
        make = _LATER.get(name)
        if make is None:
            raise KeyError(name)
        value = self[name] = make(self._attributes, self._seen, self.decisions)
        return value


def request_of(attributes: Attributes, seen: Invocation, decisions: Decisions | None = None) -> Object:
    """The variable `request`."""
    below, ctx = attributes.subresource, attributes.ctx
    own = kind_of_request(attributes.resource, below)
    found: Object = {"kind": gvk(seen.kind), "resource": gvr(seen.resource)}
    found |= {"requestKind": gvk(own), "requestResource": gvr(attributes.resource)}
    if below:
        found |= {"subResource": below, "requestSubResource": below}
    if attributes.name:
        found["name"] = attributes.name
    if namespace := namespace_of(attributes):
        found["namespace"] = namespace
    found |= {"operation": attributes.operation.value, "userInfo": user_info(ctx.user)}
    return found | {"dryRun": ctx.dry_run, "options": options_of(attributes)}


def _authorizer(attributes: Attributes, seen: Invocation, decisions: Decisions) -> AuthorizerValue:
    return AuthorizerValue(decisions.decide)


def _request_resource(attributes: Attributes, seen: Invocation, decisions: Decisions) -> ResourceCheck:
    resource = attributes.resource
    check = Check(
        group=resource.group,
        resource=resource.plural,
        subresource=attributes.subresource,
        namespace=attributes.namespace,
        name=attributes.name,
    )
    return ResourceCheck(decisions.decide, check)


_LATER: Mapping[str, Callable[[Attributes, Invocation, Decisions], Any]] = {
    "request": request_of,
    "authorizer": _authorizer,
    "authorizer.requestResource": _request_resource,
}
NAMESPACE_METADATA = (
    "name", "generateName", "namespace", "labels", "annotations", "creationTimestamp", "deletionGracePeriodSeconds",
    "deletionTimestamp", "generation", "resourceVersion", "finalizers", "uid",
)  # fmt: skip


def shown_namespace(namespace: Object | None) -> Object | None:
    """The variable `namespaceObject`: without what the environment does not declare."""
    if namespace is None:
        return None
    metadata = {name: value for name, value in namespace["metadata"].items() if name in NAMESPACE_METADATA}
    return {**namespace, "metadata": metadata}


class Variables(dict[str, Any]):
    """The variable `variables`: each is evaluated when first asked for; `cost` adds up what that took."""

    def __init__(self, compiled: Mapping[str, Compiled], activation: Activation, limit: float) -> None:
        super().__init__()
        self._compiled, self._activation, self._limit = compiled, activation, limit
        self._failed: dict[str, str] = {}
        self.cost = 0

    def __contains__(self, name: object) -> bool:
        return name in self._compiled

    def __missing__(self, name: str) -> Any:
        if name in self._failed:
            raise EvalError(self._failed[name])
        found = self._compiled[name]
        if found.program is None:
            raise EvalError(f'composited variable "{name}" fails to compile: {found.error}')
        value = self[name] = self._run(name, found.program)
        return value

    def _run(self, name: str, program: Program) -> Any:
        try:
            result = program.run(self._activation, limit=self._limit)
        except EvalError as error:
            self._failed[name] = f'composited variable "{name}" fails to evaluate: {error}'
            raise EvalError(self._failed[name]) from error
        self.cost += result.cost
        return result.value
