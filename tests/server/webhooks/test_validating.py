"""Validating webhooks, through the API: refusals, failures, and what is asked about at all."""

import pytest

from tests.server.webhooks.build import ADMISSION, ANY_RULE, config_map, configuration, rule

NAME = "kubernetes.io/metadata.name"
MAPS = "/api/v1/namespaces/default/configmaps"


async def test_a_refusal_has_the_words_of_the_webhook(call, hooks):
    status = {"message": "not so", "reason": "Because", "code": 418}
    hooks.answers["/no"] = lambda _: {"allowed": False, "status": status}
    await call.validating(hooks.hook("/no"))
    code, body = await call("POST", MAPS, config_map(k="v"))
    assert code == 418
    assert body["message"] == 'admission webhook "one.example.com" denied the request: not so'
    assert body["reason"] == "Because"


async def test_a_refusal_without_words_is_a_bad_request(call, hooks):
    await call.validating(hooks.hook("/deny"))
    code, body = await call("POST", MAPS, config_map(k="v"))
    assert (code, body["message"]) == (
        400,
        'admission webhook "one.example.com" denied the request without explanation',
    )


async def test_warnings_reach_the_client(call, hooks):
    hooks.answers["/warn"] = lambda _: {"allowed": True, "warnings": ["careful"]}
    await call.validating(hooks.hook("/warn"))
    assert (await call("POST", MAPS, config_map(k="v")))[0] == 201
    assert call.warnings == ['299 - "careful"']


async def test_updates_and_deletions_show_the_object_as_it_was(call, hooks):
    await call("POST", MAPS, config_map(k="v"))
    await call.validating(hooks.hook("/allow"))
    await call("PUT", f"{MAPS}/c", config_map(k="w"))
    await call("DELETE", f"{MAPS}/c", {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 3})
    update, delete = hooks.requests("/allow")
    assert (update["object"]["data"], update["oldObject"]["data"]) == ({"k": "w"}, {"k": "v"})
    assert (delete["object"], delete["oldObject"]["data"]) == (None, {"k": "w"})
    assert delete["options"] == {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1", "gracePeriodSeconds": 3}
    assert (delete["name"], delete["namespace"], delete["operation"]) == ("c", "default", "DELETE")


async def test_the_user_and_the_options_are_told(call, hooks):
    await call.validating(hooks.hook("/allow"))
    await call("POST", f"{MAPS}?fieldManager=me&dryRun=All", config_map(k="v"))
    (asked,) = hooks.requests("/allow")
    assert asked["userInfo"]["username"] == "admin"
    assert "system:masters" in asked["userInfo"]["groups"]
    assert asked["dryRun"] is True
    assert asked["options"] | {"fieldManager": "me", "dryRun": ["All"], "kind": "CreateOptions"} == asked["options"]


async def test_a_deletion_of_a_collection_asks_about_each(call, hooks):
    for name in ("a", "b"):
        await call("POST", MAPS, config_map(name, k="v"))
    await call.validating(hooks.hook("/deny", rules=[rule("DELETE")]))
    code, _ = await call("DELETE", MAPS)
    assert code == 400
    assert len((await call("GET", MAPS))[1]["items"]) == 2


async def test_a_webhook_that_cannot_be_asked_stops_the_request(call, hooks):
    url = "https://127.0.0.1:1/x"
    await call.validating(hooks.hook("/x") | {"clientConfig": {"url": url}})
    code, body = await call("POST", MAPS, config_map(k="v"))
    assert (code, body["reason"]) == (500, "InternalError")
    assert body["message"] == (
        'Internal error occurred: failed calling webhook "one.example.com": failed to call webhook: '
        f'Post "{url}?timeout=5s": dial tcp 127.0.0.1:1: connect: connection refused'
    )


async def test_a_webhook_that_may_fail_stops_nothing(call, hooks):
    await call.validating(hooks.hook("/broken", failurePolicy="Ignore"))
    await call.mutating(hooks.hook("/text", failurePolicy="Ignore"))
    assert (await call("POST", MAPS, config_map(k="v")))[0] == 201
    assert [path for path, _ in hooks.asked] == ["/text", "/broken"]


async def test_webhook_redirects_are_not_followed(call, hooks):
    await call.validating(hooks.hook("/redirect"))
    code, body = await call("POST", MAPS, config_map(k="v"))
    assert code == 500
    assert [path for path, _ in hooks.asked] == ["/redirect"]
    assert "status code 307" in body["message"]


async def test_a_dry_run_asks_a_webhook_that_heeds_it(call, hooks):
    await call.validating(hooks.hook("/allow", sideEffects="NoneOnDryRun"))
    assert (await call("POST", f"{MAPS}?dryRun=All", config_map(k="v")))[0] == 201
    assert len(hooks.asked) == 1


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        pytest.param({"namespaceSelector": {"matchLabels": {NAME: "default"}}}, 1, id="namespace"),
        pytest.param({"namespaceSelector": {"matchLabels": {"no": "such"}}}, 0, id="other namespace"),
        pytest.param({"objectSelector": {"matchLabels": {"app": "x"}}}, 1, id="object"),
        pytest.param({"objectSelector": {"matchLabels": {"app": "y"}}}, 0, id="other object"),
        pytest.param({"rules": [rule("CREATE", scope="Cluster")]}, 0, id="other scope"),
        pytest.param({"rules": [rule("UPDATE")]}, 0, id="other operation"),
        pytest.param({"rules": [ANY_RULE]}, 1, id="anything"),
    ],
)
async def test_who_is_asked(call, hooks, more, asked):
    await call.validating(hooks.hook("/allow", **more))
    made = config_map(k="v")
    made["metadata"]["labels"] = {"app": "x"}
    await call("POST", MAPS, made)
    assert len(hooks.requests("/allow")) == asked


async def test_no_webhook_keeps_the_configuration_of_webhooks_from_being_changed(call, hooks):
    await call.validating(hooks.hook("/deny", rules=[ANY_RULE]))
    await call.mutating(hooks.hook("/deny", rules=[ANY_RULE]))
    kind = "ValidatingWebhookConfiguration"
    code, _ = await call("POST", f"{ADMISSION}/validatingwebhookconfigurations", configuration(kind, name="other"))
    assert code == 201
    assert (await call("DELETE", f"{ADMISSION}/validatingwebhookconfigurations/hooks"))[0] == 200
    assert hooks.asked == []


async def test_a_connection_is_asked_about_with_its_options(call, hooks):
    await call.validating(hooks.hook("/deny", rules=[rule("CONNECT", resources=("pods/attach",))]))
    code, body = await call("GET", "/api/v1/namespaces/default/pods/p/attach?stdin=true&container=c")
    assert code == 400
    assert "denied the request" in body["message"]
    (asked,) = hooks.requests("/deny")
    assert asked["object"] == {"kind": "PodAttachOptions", "apiVersion": "v1", "stdin": True, "container": "c"}
    assert (asked["name"], asked["subResource"], asked["operation"]) == ("p", "attach", "CONNECT")
    assert asked["options"] is None


async def test_a_namespace_is_in_the_namespace_that_it_is(call, hooks):
    selector = {"matchLabels": {"team": "a"}}
    await call.validating(hooks.hook("/deny", rules=[rule("*", resources=("namespaces",))], namespaceSelector=selector))
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "labels": {"team": "a"}}}
    assert (await call("POST", "/api/v1/namespaces", made))[0] == 400
    made["metadata"]["labels"] = {}
    assert (await call("POST", "/api/v1/namespaces", made))[0] == 201
    assert [request["namespace"] for request in hooks.requests("/deny")] == ["n"]


async def test_a_review_is_answered_in_the_first_version_that_both_know(call, hooks):
    hooks.answers["/old"] = lambda _: {"allowed": True, "uid": "any"}
    await call.validating(hooks.hook("/old", admissionReviewVersions=["v7", "v1beta1", "v1"]))
    assert (await call("POST", MAPS, config_map(k="v")))[0] == 201


async def test_an_answer_to_another_question_is_a_failure(call, hooks):
    hooks.answers["/old"] = lambda _: {"allowed": True, "uid": "any"}
    await call.validating(hooks.hook("/old"))
    code, body = await call("POST", MAPS, config_map(k="v"))
    assert code == 500
    assert "received invalid webhook response: expected response.uid=" in body["message"]
