"""Warnings about expressions that do not fit the types of what their policy is for."""

import msgspec
import pytest

from podo.api.types.admissionregistration_v1 import (
    MatchResources,
    NamedRuleWithOperations,
    ParamKind,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicySpec,
    Validation,
    Variable,
)
from podo.api.types.meta_v1 import ObjectMeta
from podo.controllers.policy_types import PolicyTypes

NAME = "p"
MISFIT = "found no matching overload for '_>_' applied to '(int, string)'"


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(lambda client, clock, events: PolicyTypes(client))


def policy(*validations, group="apps", resource="deployments", **more):
    rule = NamedRuleWithOperations(
        api_groups=(group,), api_versions=("v1",), operations=("CREATE",), resources=(resource,)
    )
    spec = ValidatingAdmissionPolicySpec(
        match_constraints=MatchResources(resource_rules=(rule,)),
        validations=tuple(Validation(**validation) for validation in validations),
        failure_policy="Fail",
        **more,
    )
    return ValidatingAdmissionPolicy(metadata=ObjectMeta(name=NAME, namespace=""), spec=spec)


async def warned(lab, made):
    await lab.user.create(made)
    await lab.settle()
    found = await lab.get(ValidatingAdmissionPolicy, NAME, "")
    assert found.status.observed_generation == found.metadata.generation == 1
    return {each.field_ref: each.warning for each in found.status.type_checking.expression_warnings}


async def test_a_sound_policy_gets_no_warning(lab):
    made = policy(
        {
            "expression": "object.spec.replicas > 1 && variables.first == 'a' && has(object.metadata.labels)",
            "message_expression": "'got ' + string(object.spec.replicas)",
        },
        {"expression": "object.spec.template.spec.containers.all(c, c.?securityContext.?privileged.orValue(false))"},
        {"expression": "authorizer.group('').resource('pods').check('get').allowed() && request.name != ''"},
        variables=(Variable(name="first", expression="object.spec.template.spec.containers[0].name"),),
    )
    assert await warned(lab, made) == {}


@pytest.mark.parametrize(
    ("validation", "field", "words"),
    [
        ({"expression": "object.spec.replicas > '1'"}, "expression",
         f"apps/v1, Kind=Deployment: ERROR: <input>:1:22: {MISFIT}"),
        ({"expression": "object.spec.nope == 1"}, "expression", "undefined field 'nope'"),
        ({"expression": "variables.first == 1"}, "expression", "applied to '(string, int)'"),
        ({"expression": "true", "message_expression": "string(object.spec.none)"}, "messageExpression",
         "undefined field 'none'"),
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_warned_of(lab, validation, field, words):
    variables = (Variable(name="first", expression="object.spec.template.spec.containers[0].name"),)
    found = await warned(lab, policy(validation, variables=variables))
    assert list(found) == [f"spec.validations[0].{field}"]
    assert words in found[f"spec.validations[0].{field}"]


async def test_parameters_have_their_type(lab):
    kind = ParamKind(api_version="v1", kind="ConfigMap")
    good = {"expression": "object.spec.replicas <= int(params.data.max)"}
    bad = {"expression": "params.spec.max == 1"}
    found = await warned(lab, policy(good, bad, param_kind=kind))
    assert list(found) == ["spec.validations[1].expression"]
    assert "undefined field 'spec'" in found["spec.validations[1].expression"]


async def test_kinds_that_are_not_known_are_passed_over(lab):
    assert await warned(lab, policy({"expression": "object.any.thing == 1"}, group="x.y", resource="things")) == {}


async def test_a_changed_policy_is_checked_again(lab):
    assert await warned(lab, policy({"expression": "object.spec.replicas == 1"})) == {}
    found = await lab.get(ValidatingAdmissionPolicy, NAME, "")
    spec = msgspec.structs.replace(found.spec, validations=(Validation(expression="object.nope == 1"),))
    await lab.user.update(msgspec.structs.replace(found, spec=spec))
    await lab.settle()
    found = await lab.get(ValidatingAdmissionPolicy, NAME, "")
    assert found.status.observed_generation == 2
    assert len(found.status.type_checking.expression_warnings) == 1


async def test_the_fields_of_custom_resources_are_known(lab):
    await lab.serve("backups", "Backup")
    found = await warned(
        lab, policy({"expression": "object.metadata.name > 1"}, group="example.com", resource="backups")
    )
    assert "found no matching overload for '_>_' applied to '(string, int)'" in found["spec.validations[0].expression"]
    assert "example.com/v1, Kind=Backup" in found["spec.validations[0].expression"]
