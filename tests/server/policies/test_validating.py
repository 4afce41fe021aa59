"""ValidatingAdmissionPolicies: what they refuse, and in which words."""

import msgspec
import pytest

from podo.api.types.admissionregistration_v1 import ValidatingAdmissionPolicy
from podo.api.types.core_v1 import ConfigMap
from podo.client.base import Key


async def test_a_request_is_refused_in_the_words_of_the_policy(cluster):
    await cluster.policy(
        "Validating", {"validations": [{"expression": "object.data.k == 'good'", "message": "be good"}]}
    )
    assert (await cluster.configmap({"k": "good"}))[0] == 201
    status, body = await cluster.configmap({"k": "bad"}, "d")
    message = "ValidatingAdmissionPolicy 'p' with binding 'p' denied request: be good"
    assert (status, body["reason"]) == (422, "Invalid")
    assert body["message"] == f'configmaps "d" is forbidden: {message}'
    assert body["details"]["causes"] == [{"message": message}]


@pytest.mark.parametrize(
    ("validation", "words"),
    [
        ({"expression": "1 == 2"}, "failed expression: 1 == 2"),
        ({"expression": "false", "message": "m", "messageExpression": "'not ' + object.data.k"}, "not v"),
        ({"expression": "false", "message": "m", "messageExpression": "object.data.none + ''"}, "m"),
        ({"expression": "false", "message": "m", "messageExpression": "'  '"}, "m"),
        ({"expression": "object.data.none == 'x'"}, "resulted in error: no such key: none"),
        ({"expression": "variables.upper == 'X'", "messageExpression": "variables.upper"}, "V"),
        ({"expression": "variables.broken == 'X'"}, 'variable "broken" fails to evaluate: no such key: nope'),
        ({"expression": "request.operation == 'UPDATE'", "message": "only updates"}, "only updates"),
        ({"expression": "request.userInfo.username != 'admin'", "message": "not you"}, "not you"),
        ({"expression": "namespaceObject.metadata.name != 'default'", "message": "not here"}, "not here"),
        ({"expression": "oldObject != null", "message": "new"}, "new"),
        (
            {"expression": "!authorizer.group('').resource('pods').check('get').allowed()", "message": "may"},
            "may",
        ),
        ({"expression": "!authorizer.requestResource.check('delete').allowed()", "message": "deletes"}, "deletes"),
    ],
)  # fmt: skip
async def test_what_a_failed_validation_says(validation, words, cluster):
    variables = [
        {"name": "upper", "expression": "object.data.k.upperAscii()"},
        {"name": "broken", "expression": "object.data.nope"},
    ]
    await cluster.policy("Validating", {"variables": variables, "validations": [validation]})
    status, body = await cluster.configmap({"k": "v"})
    assert status == 422
    assert body["message"].endswith(words)


async def test_a_reason_gives_its_status(cluster):
    await cluster.policy("Validating", {"validations": [{"expression": "false", "reason": "Forbidden"}]})
    status, body = await cluster.configmap({})
    assert (status, body["reason"]) == (403, "Forbidden")


@pytest.mark.parametrize(
    "spec",
    [
        {"failurePolicy": "Ignore", "validations": [{"expression": "object.data.none == 'x'"}]},
        {
            "matchConditions": [{"name": "m", "expression": "object.data.k != 'v'"}],
            "validations": [{"expression": "false"}],
        },
        {
            "matchConstraints": {
                "resourceRules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["configmaps"]}
                ]
            },
            "validations": [{"expression": "false"}],
        },
    ],
)  # fmt: skip
async def test_what_does_not_concern_a_request_lets_it_pass(spec, cluster):
    await cluster.policy("Validating", spec)
    assert (await cluster.configmap({"k": "v"}))[0] == 201


@pytest.mark.parametrize(
    "resources",
    [
        {"objectSelector": {"matchLabels": {"a": "b"}}},
        {"namespaceSelector": {"matchLabels": {"a": "b"}}},
        {
            "excludeResourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}
            ]
        },
    ],
)
async def test_a_binding_narrows_its_policy(resources, cluster):
    await cluster.policy("Validating", {"validations": [{"expression": "false"}]}, {"matchResources": resources})
    assert (await cluster.configmap({}))[0] == 201


async def test_a_warning_lets_the_request_pass(cluster):
    spec = {"validations": [{"expression": "false", "message": "careful"}]}
    await cluster.policy("Validating", spec, {"validationActions": ["Warn"]})
    assert (await cluster.configmap({}))[0] == 201
    warning = "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p': careful"
    assert cluster.warnings == [warning]


PARAMS = {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}


async def test_parameters_by_name_and_their_change(cluster):
    await cluster.configmap({"max": "1"}, "limits")
    spec = PARAMS | {"validations": [{"expression": "int(object.data.n) <= int(params.data.max)"}]}
    ref = {"name": "limits", "namespace": "default", "parameterNotFoundAction": "Deny"}
    await cluster.policy("Validating", spec, {"paramRef": ref})
    assert (await cluster.configmap({"n": "2"}))[0] == 422
    limits = await cluster.client.get(ConfigMap, Key("default", "limits"))
    await cluster.client.update(msgspec.structs.replace(limits, data={"max": "2", "n": "0"}))
    assert (await cluster.configmap({"n": "2"}))[0] == 201


async def test_parameters_by_selector_must_all_be_content(cluster):
    for name, word in (("one", "a"), ("two", "b")):
        await cluster.configmap({"word": word}, name, labels={"params": "yes"})
    spec = PARAMS | {"validations": [{"expression": "object.data.k != params.data.word"}]}
    ref = {"selector": {"matchLabels": {"params": "yes"}}, "parameterNotFoundAction": "Deny"}
    await cluster.policy("Validating", spec, {"paramRef": ref})
    assert [(await cluster.configmap({"k": word}, word))[0] for word in ("a", "b", "c")] == [422, 422, 201]


@pytest.mark.parametrize(("action", "wanted"), [("Deny", 422), ("Allow", 201)])
async def test_missing_parameters(action, wanted, cluster):
    spec = PARAMS | {"validations": [{"expression": "params.data.x == '1'"}]}
    await cluster.policy("Validating", spec, {"paramRef": {"name": "no", "parameterNotFoundAction": action}})
    assert (await cluster.configmap({}))[0] == wanted


async def test_a_costly_policy_is_stopped(cluster):
    spec = {"validations": [{"expression": "lists.range(5000).all(a, lists.range(5000).all(b, a + b >= 0))"}]}
    await cluster.policy("Validating", spec)
    status, body = await cluster.configmap({})
    assert status == 422
    assert "actual cost limit exceeded" in body["message"]


async def test_a_policy_is_not_asked_about_policies(cluster):
    rules = [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}]
    spec = {"matchConstraints": {"resourceRules": rules}, "validations": [{"expression": "false"}]}
    await cluster.policy("Validating", spec)
    await cluster.policy("Validating", spec, name="other")
    assert (await cluster.configmap({}))[0] == 422
    for name in ("p", "other"):
        await cluster.client.delete(ValidatingAdmissionPolicy, Key("", name))
    assert (await cluster.configmap({}))[0] == 201
