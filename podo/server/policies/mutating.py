"""Admission by MutatingAdmissionPolicies: one after the other, each sees what those before it made of the object."""

import time
from dataclasses import dataclass, field
from typing import Any

from podo.api.errors import APIError, NotFound
from podo.api.types.admissionregistration_v1 import (
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
    MutatingAdmissionPolicySpec,
)
from podo.cel.policies import APPLIED, PATCHES, Compiled, Scope
from podo.server.admission.base import shown_name
from podo.server.admission.figures import NO_ERROR
from podo.server.admission_point import Attributes
from podo.server.customresources.ownership import versions_of
from podo.server.fields import built_in_versions
from podo.server.patch.typed.schema import Node
from podo.server.patch.values import copy
from podo.server.policies.activation import Activation, Decisions, Variables
from podo.server.policies.conditions import met
from podo.server.policies.evaluation import POLICY_BUDGET, Budget, OutOfBudget, evaluate
from podo.server.policies.matching import matched
from podo.server.policies.params import ParamsError
from podo.server.policies.patches import MutationError, applied, patched
from podo.server.policies.sources import Policies, Policy
from podo.server.policies.validating import Parts, binding_matches, shown_to
from podo.server.strategy import Object
from podo.server.webhooks.matching import Invocation

MEMORY = "MutatingAdmissionPolicy"


class MutatingEvaluator:
    """The compiled expressions of one policy."""

    def __init__(self, spec: MutatingAdmissionPolicySpec) -> None:
        scope = Scope(params=spec.param_kind is not None, patches=True)
        for variable in spec.variables:
            scope.declare(variable.name, variable.expression)
        self.variables = scope.variables
        self.conditions = [scope.condition(each.expression) for each in spec.match_conditions]
        self.mutations: list[tuple[bool, Compiled]] = []
        for mutation in spec.mutations:
            merges = mutation.patch_type == "ApplyConfiguration"
            body = mutation.apply_configuration if merges else mutation.json_patch
            source = body.expression if body is not None else ""
            self.mutations.append((merges, scope.patch(source, APPLIED if merges else PATCHES)))
        self.may_fail = spec.failure_policy == "Ignore"
        self.is_reinvoked = spec.reinvocation_policy == "IfNeeded"


@dataclass(frozen=True)
class _Invocation:
    """One policy by one binding with one set of parameters; `key` tells it from all others."""

    policy: Policy[MutatingEvaluator]
    binding: Any
    seen: Invocation
    params: Object | None

    @property
    def key(self) -> tuple[str, str, str, str]:
        metadata = (self.params or {}).get("metadata") or {}
        names = self.policy.definition.metadata.name, self.binding.metadata.name
        return (*names, metadata.get("namespace", ""), metadata.get("name", ""))


@dataclass
class _Rounds:
    """Which policies are to be applied once more in the second round of a request."""

    applied: set[Any] = field(default_factory=set)
    again: set[Any] = field(default_factory=set)
    output: Object | None = None

    def changed(self) -> None:
        """The object has changed: all that were applied before want to see it."""
        self.again |= self.applied
        self.applied = set()


class PolicyMutation:
    """Applies the mutating policies."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        kinds = MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding
        self._policies: Policies[MutatingEvaluator] = Policies(parts.lookup, *kinds, MutatingEvaluator)
        self._versions_of = versions_of(built_in_versions)

    async def mutate(self, attributes: Attributes) -> None:
        """Change the object as policies say. Raises the first failure of one that must not fail."""
        policies = await self._policies.current()
        if not policies or attributes.obj is None:
            return
        rounds = attributes.memory.setdefault(MEMORY, _Rounds())
        if attributes.round and rounds.output != attributes.obj:
            rounds.changed()
        decisions = Decisions(self._parts.authorizer, attributes.ctx.user)
        failures: list[tuple[str, str, str]] = []
        for policy in policies:
            for invocation in await self._invocations(policy, attributes, failures):
                await self._invoke(invocation, attributes, decisions, rounds, failures)
        rounds.output = copy(attributes.obj)
        if failures:
            raise refused(attributes, failures)

    async def _invocations(
        self, policy: Policy[MutatingEvaluator], attributes: Attributes, failures: list[tuple[str, str, str]]
    ) -> list[_Invocation]:
        spec, name, parts = policy.definition.spec, policy.definition.metadata.name, self._parts
        equivalents = parts.forms.equivalents(attributes.resource, attributes.subresource)
        must = not policy.evaluator.may_fail
        try:
            seen = await matched(spec.match_constraints, attributes, equivalents, parts.lookup)
        except NotFound as error:
            failures += [(name, "", f"failed to configure policy: {error}")] if must else []
            return []
        if seen is None:
            return []
        found: list[_Invocation] = []
        for binding in policy.bindings:
            try:
                if await binding_matches(binding, attributes, parts):
                    params = await parts.objects.params(spec.param_kind, binding.spec.param_ref, attributes.namespace)
                    found += [_Invocation(policy, binding, seen, each) for each in params]
            except (NotFound, ParamsError) as error:
                words = f"failed to configure binding: {error}"
                failures += [(name, binding.metadata.name, words)] if must else []
        return found

    async def _invoke(
        self, call: _Invocation, attributes: Attributes, decisions: Decisions, rounds: _Rounds,
        failures: list[tuple[str, str, str]],
    ) -> None:  # fmt: skip
        shown = await shown_to(attributes, call.seen, self._parts)
        if shown.obj is None:
            return
        evaluator = call.policy.evaluator
        activation = Activation(
            attributes, call.seen, shown.obj, shown.old, decisions, namespace=shown.namespace, params=call.params
        )
        activation["variables"] = Variables(evaluator.variables, activation, POLICY_BUDGET)
        began, names = time.perf_counter(), (call.policy.definition.metadata.name, call.binding.metadata.name)
        result = await met(evaluator.conditions, activation)
        try:
            if result.error:
                raise MutationError(result.error)
            if not result.met or (attributes.round and call.key not in rounds.again):
                return
            obj = await self._mutated(call, activation, decisions, attributes)
        except MutationError as error:
            self._parts.figures.mutating.add(began, *names, "invalid_error")
            if not evaluator.may_fail:
                failures.append((*names, str(error)))
            return
        self._parts.figures.mutating.add(began, *names, NO_ERROR)
        if obj != shown.obj:
            attributes.obj = await self._parts.forms.returned(obj, call.seen.resource, attributes.resource)
            rounds.changed()
            attributes.again = True
        if evaluator.is_reinvoked:
            rounds.applied.add(call.key)

    async def _mutated(
        self, call: _Invocation, activation: Activation, decisions: Decisions, attributes: Attributes
    ) -> Object:
        """The object after all mutations of the policy. Raises MutationError."""
        obj: Object = activation["object"]
        old, params, namespace = (activation[name] for name in ("oldObject", "params", "namespaceObject"))
        for merges, expression in call.policy.evaluator.mutations:
            one = Activation(attributes, call.seen, obj, old, decisions, namespace=namespace, params=params)
            one["variables"] = Variables(call.policy.evaluator.variables, one, POLICY_BUDGET)
            try:
                outcome = await evaluate(expression, one, Budget(POLICY_BUDGET))
            except OutOfBudget as error:
                raise MutationError(str(error)) from error
            if outcome.error:
                raise MutationError(outcome.error.removeprefix("compilation error: "))
            changed = applied(obj, outcome.value, self._node(call.seen)) if merges else patched(obj, outcome.value)
            obj = self._settled(changed, call.seen)
        return obj

    def _settled(self, obj: Object, seen: Invocation) -> Object:
        try:
            return self._parts.forms.settled(copy(obj), seen.resource, seen.kind)
        except APIError as error:
            raise MutationError(str(error)) from error

    def _node(self, seen: Invocation) -> Node:
        served = self._parts.forms.served(seen.resource)
        node = self._versions_of(served).node(seen.kind.api_version) if served is not None else None
        if node is None:
            raise MutationError(f"Resource kind {seen.kind.api_version}, Kind={seen.kind.kind} not found.")
        return node


def refused(attributes: Attributes, failures: list[tuple[str, str, str]]) -> APIError:
    """The Status of failed policies: the message of the first, all as causes."""
    messages = [failure_text(*failure) for failure in failures]
    resource = attributes.resource
    group = {"group": resource.group} if resource.group else {}
    causes = [{"message": message} for message in messages]
    error = APIError(messages[0], name=shown_name(attributes), **group, kind=resource.plural, causes=causes)
    error.reason, error.code = "Invalid", 403
    return error


def failure_text(policy: str, binding: str, message: str) -> str:
    """What is said of one failure."""
    if binding:
        return f"policy '{policy}' with binding '{binding}' denied request: {message}"
    return f'policy "{policy}" denied request: {message}'
