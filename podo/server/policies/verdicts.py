"""What one policy says of one request with one set of parameters. Decides by expressions, touches nothing else."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from podo.api.types.admissionregistration_v1 import ValidatingAdmissionPolicySpec, Validation
from podo.cel.policies import Compiled, Scope
from podo.cel.values import type_name
from podo.server.admission.figures import NO_ERROR
from podo.server.policies.activation import Activation, Variables
from podo.server.policies.conditions import met
from podo.server.policies.evaluation import (
    POLICY_BUDGET,
    SPENT,
    UNCOMPILED,
    Budget,
    Outcome,
    OutOfBudget,
    evaluate,
)

MESSAGE_MAX = 5 * 1024
"""Bytes of a message that an expression gives; a longer one is not used."""


class Denial(NamedTuple):
    """A validation that failed: which, and what is said of it."""

    place: int
    message: str
    reason: str = ""
    fault: str = NO_ERROR
    """What kept the expression from being evaluated, in the words of metrics."""


@dataclass
class Said:
    """All that a policy says: denials, faults of annotations, and what it tells the audit log."""

    denials: list[Denial] = field(default_factory=list)
    annotation_faults: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)


class ValidatingEvaluator:
    """The compiled expressions of one policy."""

    def __init__(self, spec: ValidatingAdmissionPolicySpec) -> None:
        scope = Scope(params=spec.param_kind is not None)
        for variable in spec.variables:
            scope.declare(variable.name, variable.expression)
        self._variables = scope.variables
        self._conditions = [scope.condition(each.expression) for each in spec.match_conditions]
        self._validations = [
            (each, scope.condition(each.expression), _message(each, scope)) for each in spec.validations
        ]
        self._annotations = [
            (each.key, each, scope.annotation(each.value_expression)) for each in spec.audit_annotations
        ]
        self.may_fail = spec.failure_policy == "Ignore"

    async def evaluate(self, activation: Activation) -> Said:
        """Match conditions first; then all validations and annotations."""
        activation["variables"] = Variables(self._variables, activation, POLICY_BUDGET)
        said = Said()
        if self._conditions:
            result = await met(self._conditions, activation)
            if result.error:
                self._fail(said, 0, result.error)
            if not result.met:
                return said
        try:
            await self._validate(activation, said)
            await self._annotate(activation, said)
        except OutOfBudget as error:
            said.denials.clear()
            self._fail(said, 0, str(error))
        return said

    def _fail(self, said: Said, index: int, message: str) -> None:
        if not self.may_fail:
            said.denials.append(Denial(index, message, fault=_fault(message)))

    async def _validate(self, activation: Activation, said: Said) -> None:
        budget = Budget(POLICY_BUDGET)
        outcomes = [await evaluate(expression, activation, budget) for _, expression, _ in self._validations]
        for index, (outcome, (validation, _, message)) in enumerate(zip(outcomes, self._validations, strict=True)):
            if outcome.error:
                self._fail(said, index, outcome.error)
            elif outcome.value is not True:
                text = await _denied(validation, message, activation, budget)
                said.denials.append(Denial(index, text, validation.reason or "Invalid"))

    async def _annotate(self, activation: Activation, said: Said) -> None:
        budget = Budget(POLICY_BUDGET)
        for key, annotation, expression in self._annotations:
            outcome = await evaluate(expression, activation, budget)
            if outcome.error:
                if not self.may_fail:
                    said.annotation_faults.append(outcome.error)
            elif isinstance(outcome.value, str):
                if text := outcome.value.strip():
                    said.annotations[key] = text
            elif outcome.value is not None:
                kind = type_name(outcome.value)
                words = f"resulted in unsupported return type: {kind}. Return type must be either string or null."
                said.annotation_faults.append(f"valueExpression '{annotation.value_expression}' {words}")


def _fault(message: str) -> str:
    if message.startswith(UNCOMPILED):
        return "compile_error"
    return "out_of_budget" if message == SPENT else "invalid_error"


def _message(validation: Validation, scope: Scope) -> Compiled | None:
    return scope.message(validation.message_expression) if validation.message_expression else None


async def _denied(validation: Validation, message: Compiled | None, activation: Activation, budget: Budget) -> str:
    """What a failed validation says: what its expression gives, its message, or itself."""
    outcome = Outcome(None)
    if message is not None:
        outcome = await evaluate(message, activation, budget)
    text: Any = outcome.value
    text = text.strip() if isinstance(text, str) else ""
    if len(text.encode()) > MESSAGE_MAX or "\n" in text:
        text = ""
    return text or validation.message.strip() or f"failed expression: {validation.expression.strip()}"
