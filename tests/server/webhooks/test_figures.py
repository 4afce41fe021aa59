"""What is counted of admission, through the API: webhooks, policies and plug-ins, by the names of Kubernetes."""

import asyncio
import re

import pytest

from tests.server.webhooks.build import config_map

MAPS = "/api/v1/namespaces/default/configmaps"
GROUP = "/apis/admissionregistration.k8s.io/v1"
RULES = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}]


async def metrics(call, name):
    """The lines of one metric, as (labels, number)."""
    async with call.session.get("/metrics") as answer:
        shown = await answer.text()
    found = re.findall(rf"^{name}\{{(.*)\}} (\S+)$", shown, re.MULTILINE)
    return {frozenset(labels.split(",")): float(number) for labels, number in found}


def labels(**values):
    return frozenset(f'{name}="{value}"' for name, value in values.items())


async def test_webhooks_are_counted_by_what_they_say(call, hooks):
    await call.validating(hooks.hook("/allow", "yes.example.com"), hooks.hook("/deny", "no.example.com"))
    await call.mutating(hooks.hook("/broken", "broken.example.com", failurePolicy="Ignore"))
    assert (await call("POST", MAPS, config_map(k="v")))[0] == 400
    kind = {"type": "validate", "operation": "CREATE"}
    assert await metrics(call, "apiserver_admission_webhook_request_total") == {
        labels(name="yes.example.com", code="200", rejected="false", **kind): 1,
        labels(name="no.example.com", code="400", rejected="true", **kind): 1,
        labels(name="broken.example.com", type="admit", operation="CREATE", code="0", rejected="true"): 1,
    }
    rejected = await metrics(call, "apiserver_admission_webhook_rejection_count")
    assert rejected[labels(name="no.example.com", error_type="no_error", rejection_code="400", **kind)] == 1
    assert any('error_type="calling_webhook_error"' in each for each in rejected)
    open_ = await metrics(call, "apiserver_admission_webhook_fail_open_count")
    assert open_ == {labels(name="broken.example.com", type="admit"): 1}
    timed = await metrics(call, "apiserver_admission_webhook_admission_duration_seconds_count")
    assert len(timed) == 3


async def test_plugins_and_steps_are_timed(call):
    assert (await call("POST", MAPS, config_map(k="v")))[0] == 201
    timed = await metrics(call, "apiserver_admission_controller_admission_duration_seconds_count")
    assert any({'name="NamespaceLifecycle"', 'type="admit"', 'operation="CREATE"'} <= each for each in timed)
    steps = await metrics(call, "apiserver_admission_step_admission_duration_seconds_count")
    assert steps[labels(type="validate", operation="CREATE", rejected="false")] >= 1
    assert (await call("POST", "/api/v1/namespaces/none/configmaps", config_map(k="v")))[0] == 404
    timed = await metrics(call, "apiserver_admission_controller_admission_duration_seconds_count")
    assert any({'name="NamespaceLifecycle"', 'rejected="true"'} <= each for each in timed)


@pytest.mark.parametrize(
    ("expression", "actions", "status", "counted"),
    [
        ("true", ["Deny"], 201, [("no_error", "allow")]),
        ("false", ["Deny"], 422, [("no_error", "deny")]),
        ("false", ["Warn", "Audit"], 201, [("no_error", "warn"), ("no_error", "audit")]),
        ("object.data.none == 'x'", ["Deny"], 422, [("invalid_error", "deny")]),
    ],
)
async def test_policies_are_counted_by_what_comes_of_them(call, expression, actions, status, counted):
    spec = {"matchConstraints": {"resourceRules": RULES}, "validations": [{"expression": expression}]}
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "p"}}
    path = f"{GROUP}/validatingadmissionpolic"
    await call("POST", f"{path}ies", head | {"kind": "ValidatingAdmissionPolicy", "spec": spec})
    bound = {"policyName": "p", "validationActions": actions}
    await call("POST", f"{path}ybindings", head | {"kind": "ValidatingAdmissionPolicyBinding", "spec": bound})
    assert (await call("POST", MAPS, config_map(k="v")))[0] == status
    found = await metrics(call, "apiserver_validating_admission_policy_check_total")
    assert found == {
        labels(policy="p", policy_binding="p", error_type=error, enforcement_action=action): 1
        for error, action in counted
    }
    evaluated = await metrics(call, "apiserver_cel_evaluation_duration_seconds_bucket")
    assert evaluated[labels(le="+Inf")] >= 1


async def test_a_webhook_that_takes_long_is_not_the_servers_own_time(call, hooks):
    await call.validating(hooks.hook("/slow", timeoutSeconds=1, failurePolicy="Ignore"))
    async with asyncio.timeout(10):
        assert (await call("POST", MAPS, config_map(k="v")))[0] == 201
    own = await metrics(call, "apiserver_request_sli_duration_seconds_bucket")
    fast = [number for each, number in own.items() if {'resource="configmaps"', 'le="0.6"'} <= each]
    assert fast == [1]


async def test_plugins_that_have_nothing_to_say_are_not_asked(call):
    assert (await call("POST", MAPS, config_map(k="v")))[0] == 201
    timed = await metrics(call, "apiserver_admission_controller_admission_duration_seconds_count")
    names = {(kind, name) for each in timed for kind in each for name in each}
    assert ('type="validate"', 'name="MutatingAdmissionWebhook"') not in names
    assert ('type="validate"', 'name="ValidatingAdmissionWebhook"') in names
    assert ('type="admit"', 'name="ResourceQuota"') not in names
