"""Match conditions of webhooks, through the API."""

import pytest

from tests.server.webhooks.build import config_map

MAPS = "/api/v1/namespaces/default/configmaps"


def condition(expression):
    return {"matchConditions": [{"name": "c", "expression": expression}]}


@pytest.mark.parametrize(
    ("expression", "asked"),
    [
        ("object.data.k == 'v'", 1),
        ("object.data.k == 'w'", 0),
        ("request.operation == 'CREATE' && request.resource.resource == 'configmaps'", 1),
        ("!('system:masters' in request.userInfo.groups)", 0),
    ],
)
async def test_a_webhook_is_asked_only_where_its_conditions_are_true(call, hooks, expression, asked):
    await call.validating(hooks.hook("/allow", **condition(expression)))
    await call.mutating(hooks.hook("/allow", **condition(expression)))
    assert (await call("POST", MAPS, config_map(k="v")))[0] == 201
    assert len(hooks.asked) == 2 * asked


async def test_a_condition_that_fails_refuses_the_request(call, hooks):
    await call.validating(hooks.hook("/allow", **condition("object.data.missing == 'v'")))
    code, body = await call("POST", MAPS, config_map(k="v"))
    assert (code, body["reason"]) == (403, "Forbidden")
    assert hooks.asked == []


async def test_a_condition_that_fails_where_the_webhook_may_fail_skips_it(call, hooks):
    await call.validating(hooks.hook("/deny", failurePolicy="Ignore", **condition("object.data.missing == 'v'")))
    assert (await call("POST", MAPS, config_map(k="v")))[0] == 201
    assert hooks.asked == []
