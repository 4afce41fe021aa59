"""Admission by ValidatingAdmissionPolicies."""

import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from podo.api.errors import APIError, NotFound
from podo.api.types.admissionregistration_v1 import ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding
from podo.server.admission.base import shown_name
from podo.server.admission.figures import NO_ERROR, AdmissionFigures
from podo.server.admission.lookup import Lookup
from podo.server.admission_point import Attributes
from podo.server.authorization.base import Authorizer
from podo.server.policies.activation import Activation, Decisions
from podo.server.policies.matching import matched
from podo.server.policies.params import Objects, ParamsError
from podo.server.policies.sources import Policies, Policy
from podo.server.policies.verdicts import Denial, Said, ValidatingEvaluator
from podo.server.strategy import Object
from podo.server.webhooks.forms import Forms
from podo.server.webhooks.matching import Invocation

FAILURE = "validation.policy.admission.k8s.io/validation_failure"
ANNOTATION_MAX = 10 * 1024
CODES = {"Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413, "Invalid": 422}


@dataclass
class Parts:
    """What policies are evaluated with."""

    lookup: Lookup
    objects: Objects
    forms: Forms
    authorizer: Authorizer
    figures: AdmissionFigures = field(default_factory=AdmissionFigures)


class Refusal(NamedTuple):
    """Why a request is denied: by which policy, and by which binding of it, if by one."""

    policy: str
    binding: str
    message: str
    reason: str = ""


class Shown(NamedTuple):
    """The objects of a request in the version that a policy wants."""

    obj: Object | None
    old: Object | None
    namespace: Object | None


@dataclass
class _Asked:
    """One request before the policies."""

    attributes: Attributes
    decisions: Decisions
    refusals: list[Refusal] = field(default_factory=list)


class PolicyValidation:
    """Asks the validating policies."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        kinds = ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding
        self._policies: Policies[ValidatingEvaluator] = Policies(parts.lookup, *kinds, ValidatingEvaluator)

    async def validate(self, attributes: Attributes) -> None:
        """Raises the first refusal."""
        policies = await self._policies.current()
        if not policies:
            return
        asked = _Asked(attributes, Decisions(self._parts.authorizer, attributes.ctx.user))
        for policy in policies:
            await self._ask(policy, asked)
        if asked.refusals:
            raise refused(attributes, asked.refusals[0])

    async def _ask(self, policy: Policy[ValidatingEvaluator], asked: _Asked) -> None:
        spec, attributes, parts = policy.definition.spec, asked.attributes, self._parts
        equivalents = parts.forms.equivalents(attributes.resource, attributes.subresource)
        try:
            seen = await matched(spec.match_constraints, attributes, equivalents, parts.lookup)
        except NotFound as error:
            self._misconfigured(policy, "", f"failed to configure policy: {error}", asked)
            return
        if seen is None:
            return
        annotations: dict[str, list[str]] = {}
        for binding in policy.bindings:
            await self._bound(policy, binding, seen, asked, annotations)
        for key, values in annotations.items():
            attributes.ctx.annotate(f"{policy.definition.metadata.name}/{key}", ", ".join(dict.fromkeys(values)))

    async def _bound(
        self, policy: Policy[ValidatingEvaluator], binding: Any, seen: Invocation, asked: _Asked,
        annotations: dict[str, list[str]],
    ) -> None:  # fmt: skip
        attributes, parts = asked.attributes, self._parts
        try:
            if not await binding_matches(binding, attributes, parts):
                return
            found = await parts.objects.params(
                policy.definition.spec.param_kind, binding.spec.param_ref, attributes.namespace
            )
        except (NotFound, ParamsError) as error:
            message = f"failed to configure binding: {error}"
            self._misconfigured(policy, binding.metadata.name, message, asked)
            return
        shown = await shown_to(attributes, seen, parts)
        for params in found:
            activation = Activation(
                attributes, seen, shown.obj, shown.old, asked.decisions, namespace=shown.namespace, params=params
            )
            began = time.perf_counter()
            said = await policy.evaluator.evaluate(activation)
            self._act(policy, binding, said, asked)
            self._count(policy, binding, said, began)
            for key, value in said.annotations.items():
                annotations.setdefault(key, []).append(value[:ANNOTATION_MAX])

    def _count(self, policy: Policy[ValidatingEvaluator], binding: Any, said: Said, began: float) -> None:
        """One check for each thing that was done about denials, or one that allowed the request."""
        names = policy.definition.metadata.name, binding.metadata.name
        if not said.denials:
            self._parts.figures.validating.add(began, *names, NO_ERROR, "allow")
        for denial in said.denials:
            for action in binding.spec.validation_actions:
                self._parts.figures.validating.add(began, *names, denial.fault, action.lower())

    def _misconfigured(self, policy: Policy[ValidatingEvaluator], binding: str, message: str, asked: _Asked) -> None:
        if not policy.evaluator.may_fail:
            asked.refusals.append(Refusal(policy.definition.metadata.name, binding, message))

    def _act(self, policy: Policy[ValidatingEvaluator], binding: Any, said: Said, asked: _Asked) -> None:
        """Do with denials what the binding wants: refuse, warn, tell the audit log."""
        name, bound, ctx = policy.definition.metadata.name, binding.metadata.name, asked.attributes.ctx
        for denial in said.denials:
            for action in binding.spec.validation_actions:
                if action == "Deny":
                    asked.refusals.append(Refusal(name, bound, denial.message, denial.reason))
                elif action == "Warn":
                    words = f"Validation failed for ValidatingAdmissionPolicy '{name}' with binding '{bound}'"
                    ctx.warn(f"{words}: {denial.message}")
                elif action == "Audit":
                    ctx.annotate(FAILURE, failure_value(binding, denial))
        for fault in said.annotation_faults:
            asked.refusals.append(Refusal(name, bound, fault))


async def binding_matches(binding: Any, attributes: Attributes, parts: Parts) -> bool:
    """Whether a binding is for the request. Raises NotFound."""
    resources = binding.spec.match_resources
    if resources is None:
        return True
    equivalents = parts.forms.equivalents(attributes.resource, attributes.subresource)
    return await matched(resources, attributes, equivalents, parts.lookup) is not None


async def shown_to(attributes: Attributes, seen: Invocation, parts: Parts) -> Shown:
    """The objects of the request in the version of `seen`, and its namespace. Raises NotFound without one."""
    own, namespace = attributes.resource, None
    is_namespace = own.plural == "namespaces" and not own.group
    if attributes.namespace and not is_namespace:
        namespace = await parts.objects.namespace(attributes.namespace)
        if namespace is None:
            text = f'namespaces "{attributes.namespace}" not found'
            raise NotFound(text, name=attributes.namespace, kind="namespaces")
    obj = await parts.forms.shown(attributes.obj, own, seen.resource, seen.kind)
    old = await parts.forms.shown(attributes.old, own, seen.resource, seen.kind)
    return Shown(obj, old, namespace)


def failure_value(binding: Any, denial: Denial) -> str:
    """What the audit log is told of a failed validation."""
    value = {
        "message": denial.message,
        "policy": binding.spec.policy_name,
        "binding": binding.metadata.name,
        "expressionIndex": denial.place,
        "validationActions": list(binding.spec.validation_actions),
    }
    return msgspec.json.encode([value]).decode()


def refused(attributes: Attributes, refusal: Refusal) -> APIError:
    """The Status of a refusal, under the reason that the validation gives."""
    by = f" with binding '{refusal.binding}'" if refusal.binding else ""
    message = f"ValidatingAdmissionPolicy '{refusal.policy}'{by} denied request: {refusal.message}"
    resource, name = attributes.resource, shown_name(attributes)
    group = {"group": resource.group} if resource.group else {}
    text = f'{resource.group_resource} "{name}" is forbidden: {message}'
    error = APIError(text, name=name, **group, kind=resource.plural, causes=[{"message": message}])
    error.reason = refusal.reason or "Invalid"
    error.code = CODES.get(error.reason, 422)
    return error
