"""Webhook configurations, admission policies, their bindings."""

import pytest

from .build import built, complaints
from .cases import bad_paths, bad_update_paths, changed

V1 = "admissionregistration.k8s.io/v1"
RULE = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}


def cluster(kind, **rest):
    obj = built(V1, kind, **rest)
    obj["metadata"].pop("namespace", None)
    return obj


HOOK = {
    "name": "a.b.c",
    "clientConfig": {"url": "https://h/p"},
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
    "rules": [RULE],
    "matchConditions": [{"name": "m", "expression": "request.name != ''"}],
}
VALIDATING_HOOK = cluster("ValidatingWebhookConfiguration", webhooks=[HOOK])
MUTATING_HOOK = cluster("MutatingWebhookConfiguration", webhooks=[HOOK])
POLICY = cluster(
    "ValidatingAdmissionPolicy",
    spec={
        "matchConstraints": {"resourceRules": [RULE]},
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "variables": [{"name": "v", "expression": "object.spec"}],
        "validations": [{"expression": "variables.v.x == 1", "message": "no", "messageExpression": "'no'"}],
        "auditAnnotations": [{"key": "k", "valueExpression": "'v'"}],
        "matchConditions": [{"name": "m", "expression": "params.on == true"}],
    },
)
MUTATION = {"patchType": "JSONPatch", "jsonPatch": {"expression": "[JSONPatch{op: 'remove', path: '/x'}]"}}
MUTATING = cluster(
    "MutatingAdmissionPolicy",
    spec={"matchConstraints": {"resourceRules": [RULE]}, "mutations": [MUTATION], "reinvocationPolicy": "Never"},
)
BINDING = cluster(
    "ValidatingAdmissionPolicyBinding",
    spec={
        "policyName": "p",
        "validationActions": ["Deny"],
        "paramRef": {"name": "n", "parameterNotFoundAction": "Deny"},
        "matchResources": {"resourceRules": [RULE]},
    },
)
MUTATING_BINDING = cluster("MutatingAdmissionPolicyBinding", spec={"policyName": "p"})
GOOD = [VALIDATING_HOOK, MUTATING_HOOK, POLICY, MUTATING, BINDING, MUTATING_BINDING]


@pytest.mark.parametrize("obj", GOOD, ids=lambda o: o["kind"])
def test_plain_ones_are_good(obj):
    assert complaints(obj) == []
    assert bad_update_paths(obj, "metadata.labels", {"a": "b"}) == []


W = "webhooks.0"


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        (f"{W}.name", "a.b", "name"),
        (f"{W}.failurePolicy", "X", "failurePolicy"),
        (f"{W}.matchPolicy", "X", "matchPolicy"),
        (f"{W}.sideEffects", None, "sideEffects"),
        (f"{W}.sideEffects", "Some", "sideEffects"),
        (f"{W}.timeoutSeconds", 31, "timeoutSeconds"),
        (f"{W}.reinvocationPolicy", "X", "reinvocationPolicy"),
        (f"{W}.namespaceSelector", {"matchLabels": {"a": "-"}}, "namespaceSelector.matchLabels"),
        (f"{W}.admissionReviewVersions", [], "admissionReviewVersions"),
        (f"{W}.admissionReviewVersions", ["v2"], "admissionReviewVersions"),
        (f"{W}.admissionReviewVersions", ["v1", "v1"], "admissionReviewVersions[1]"),
        (f"{W}.admissionReviewVersions", ["v1", "-"], "admissionReviewVersions[1]"),
        (f"{W}.clientConfig", {}, "clientConfig"),
        (f"{W}.clientConfig", {"url": "http://h"}, "clientConfig.url"),
        (f"{W}.clientConfig", {"url": "https://"}, "clientConfig.url"),
        (f"{W}.clientConfig", {"url": "https://u@h"}, "clientConfig.url"),
        (f"{W}.clientConfig", {"url": "https://h?q"}, "clientConfig.url"),
        (f"{W}.clientConfig", {"url": "https://h#f"}, "clientConfig.url"),
        (f"{W}.clientConfig", {"url": "https://[h"}, "clientConfig.url"),
        (f"{W}.clientConfig", {"service": {"namespace": "n", "port": 0, "name": ""}}, "clientConfig.service"),
        (f"{W}.clientConfig", {"service": {"namespace": "n", "name": "s", "port": 1, "path": "x"}}, "clientConfig.ser"),
        (f"{W}.clientConfig", {"service": {"namespace": "n", "name": "s", "port": 1, "path": "//"}}, "clientConfig.s"),
        (f"{W}.clientConfig", {"service": {"namespace": "n", "name": "s", "port": 1, "path": "/a//b"}}, "clientConf"),
        (f"{W}.clientConfig", {"service": {"namespace": "n", "name": "s", "port": 1, "path": "/A"}}, "clientConfig"),
        (f"{W}.rules.0.operations", [], "rules[0].operations"),
        (f"{W}.rules.0.operations", ["*", "CREATE"], "rules[0].operations"),
        (f"{W}.rules.0.operations", ["X"], "rules[0].operations[0]"),
        (f"{W}.rules.0.apiGroups", [], "rules[0].apiGroups"),
        (f"{W}.rules.0.apiVersions", [""], "rules[0].apiVersions[0]"),
        (f"{W}.rules.0.apiVersions", ["*", "v1"], "rules[0].apiVersions"),
        (f"{W}.rules.0.resources", [], "rules[0].resources"),
        (f"{W}.rules.0.resources", [""], "rules[0].resources[0]"),
        (f"{W}.rules.0.resources", ["*", "pods"], "rules[0].resources"),
        (f"{W}.rules.0.resources", ["*/*", "pods"], "rules[0].resources"),
        (f"{W}.rules.0.resources", ["pods/*", "pods/log"], "rules[0].resources[1]"),
        (f"{W}.rules.0.resources", ["*/log", "pods/log"], "rules[0].resources[1]"),
        (f"{W}.rules.0.scope", "X", "rules[0].scope"),
        (f"{W}.matchConditions", [{"name": "m", "expression": ""}], "matchConditions[0].expression"),
        (f"{W}.matchConditions", [{"name": "", "expression": "true"}], "matchConditions[0].name"),
        (f"{W}.matchConditions", [{"name": "m", "expression": "nobody"}], "matchConditions[0].expression"),
        (f"{W}.matchConditions", [{"name": "m", "expression": "object!"}], "matchConditions[0].expression"),
        (f"{W}.matchConditions", [{"name": "m", "expression": "true"}] * 2, "matchConditions[1].name"),
        (f"{W}.matchConditions", [{"name": f"m{i}", "expression": "true"} for i in range(65)], "matchConditions"),
    ],
)
def test_bad_webhooks(path, value, bad):
    found = bad_paths(changed(MUTATING_HOOK, path, value))
    assert any(one.startswith(f"webhooks[0].{bad}") for one in found)


def test_webhooks_have_different_names():
    assert bad_paths(changed(VALIDATING_HOOK, "webhooks", [HOOK, HOOK])) == ["webhooks[1].name"]


def test_what_a_stored_webhook_has_it_may_keep():
    old = changed(VALIDATING_HOOK, "webhooks.0.sideEffects", "Some")
    old = changed(old, "webhooks.0.matchConditions", [{"name": "m", "expression": "nobody"}])
    assert bad_update_paths(old, "webhooks.0.timeoutSeconds", 5) == []


S = "spec"


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        ("failurePolicy", None, ["failurePolicy"]),
        ("failurePolicy", "X", ["failurePolicy"]),
        ("paramKind", {"apiVersion": "", "kind": ""}, ["paramKind.apiVersion", "paramKind.kind"]),
        ("paramKind", {"apiVersion": "a/b/c", "kind": "-"}, ["paramKind.apiVersion", "paramKind.kind"]),
        ("paramKind", {"apiVersion": "A/-", "kind": "K"}, ["paramKind.apiVersion", "paramKind.apiVersion"]),
        ("matchConstraints", None, ["matchConstraints"]),
        ("matchConstraints.resourceRules", [], ["matchConstraints.resourceRules"]),
        ("matchConstraints.matchPolicy", "X", ["matchConstraints.matchPolicy"]),
        ("matchConstraints.resourceRules.0.resourceNames", ["a", "a"], None),
        ("variables.0.name", "", None),
        ("variables.0.name", "if", None),
        ("variables.0.expression", "", ["variables[0].expression", "validations[0].expression"]),
        ("validations.0.expression", "", ["validations[0].expression"]),
        ("validations.0.expression", "variables.other", ["validations[0].expression"]),
        ("validations.0.message", " ", ["validations[0].message"]),
        ("validations.0.message", "a\nb", ["validations[0].message"]),
        ("validations.0.messageExpression", " ", ["validations[0].messageExpression"]),
        ("validations.0.reason", "X", ["validations[0].reason"]),
        ("auditAnnotations.0.key", "-", ["auditAnnotations[0].key"]),
        ("auditAnnotations.0.valueExpression", "", ["auditAnnotations[0].valueExpression"]),
        ("auditAnnotations.0.valueExpression", "x" * 6000, ["auditAnnotations[0].valueExpression"]),
        ("auditAnnotations", [{"key": "k", "valueExpression": "'v'"}] * 2, ["auditAnnotations[1].key"]),
        ("auditAnnotations", [{"key": f"k{i}", "valueExpression": "'v'"} for i in range(21)], ["auditAnnotations"]),
    ],
)
def test_bad_policies(path, value, bad):
    found = bad_paths(changed(POLICY, f"spec.{path}", value))
    assert found == [f"spec.{one}" for one in bad] if bad else found


def test_a_policy_says_something():
    empty = changed(changed(POLICY, "spec.validations", None), "spec.auditAnnotations", None)
    assert bad_paths(empty) == ["spec.validations", "spec.auditAnnotations"]


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        ("mutations", [], ["mutations"]),
        ("mutations.0.patchType", "", ["mutations[0].patchType"]),
        ("mutations.0.patchType", "X", ["mutations[0].patchType"]),
        ("mutations.0.jsonPatch", {"expression": ""}, ["mutations[0].jsonPatch.expression"]),
        ("mutations.0.patchType", "ApplyConfiguration", ["mutations[0].applyConfiguration", "mutations[0].jsonPatch"]),
        ("reinvocationPolicy", "", ["reinvocationPolicy"]),
        ("reinvocationPolicy", "X", ["reinvocationPolicy"]),
        ("matchConstraints.resourceRules.0.operations", ["DELETE"], ["matchConstraints.resourceRules.operations"]),
    ],
)
def test_bad_mutating_policies(path, value, bad):
    assert bad_paths(changed(MUTATING, f"spec.{path}", value)) == [f"spec.{one}" for one in bad]


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        ("policyName", "", ["policyName"]),
        ("policyName", "A", ["policyName"]),
        ("validationActions", [], ["validationActions"]),
        ("validationActions", ["X"], ["validationActions[0]"]),
        ("validationActions", ["Deny", "Deny"], ["validationActions[1]"]),
        ("validationActions", ["Deny", "Warn"], ["validationActions"]),
        ("paramRef", {"parameterNotFoundAction": "Deny"}, ["paramRef"]),
        ("paramRef.parameterNotFoundAction", "X", ["paramRef.parameterNotFoundAction"]),
        ("paramRef.parameterNotFoundAction", None, ["paramRef.parameterNotFoundAction"]),
        ("paramRef.selector", {}, ["paramRef.name", "paramRef.selector"]),
        ("matchResources.matchPolicy", "X", ["matchResources.matchPolicy"]),
    ],
)
def test_bad_bindings(path, value, bad):
    assert bad_paths(changed(BINDING, f"spec.{path}", value)) == [f"spec.{one}" for one in bad]


def test_nothing_is_mutated_when_it_is_deleted():
    obj = changed(MUTATING_BINDING, "spec.matchResources", BINDING["spec"]["matchResources"])
    obj = changed(obj, "spec.matchResources.resourceRules.0.operations", ["DELETE"])
    assert bad_paths(obj) == ["spec.matchResources.resourceRules.operations"]


def test_the_status_of_a_policy_is_looked_at():
    warnings = {"expressionWarnings": [{"warning": "", "fieldRef": ""}]}
    assert bad_update_paths(POLICY, "status.typeChecking", warnings, "status") == [
        "status.typeChecking.expressionWarnings[0].warning",
        "status.typeChecking.expressionWarnings[0].fieldRef",
    ]


def test_a_mistake_in_an_expression_is_pointed_at():
    (text,) = complaints(changed(POLICY, "spec.validations.0.expression", "nobody"))
    shown = (
        "compilation failed: ERROR: <input>:1:1: undeclared reference to 'nobody' (in container '')\n | nobody\n | ^"
    )
    assert text == f'spec.validations[0].expression: Invalid value: "nobody": {shown}'
