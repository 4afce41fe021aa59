"""Mutating webhooks, through the API."""

from tests.server.webhooks.build import add, config_map, patched, rule

MAPS = "/api/v1/namespaces/default/configmaps"


async def test_a_webhook_changes_what_is_stored(call, hooks):
    hooks.answers["/mutate"] = lambda _: patched(add("/data/added", "yes"))
    await call.mutating(hooks.hook("/mutate"))
    status, body = await call("POST", MAPS, config_map(k="v"))
    assert status == 201
    assert body["data"] == {"k": "v", "added": "yes"}


async def test_webhooks_are_asked_by_the_name_of_their_configuration_and_see_what_those_before_made(call, hooks):
    hooks.answers["/second"] = lambda request: patched(add("/data/order", request["object"]["data"]["order"] + "2"))
    hooks.answers["/first"] = lambda _: patched(add("/data/order", "1"))
    await call.mutating(hooks.hook("/second"), name="b")
    await call.mutating(hooks.hook("/first"), name="a")
    _, body = await call("POST", MAPS, config_map(k="v"))
    assert body["data"]["order"] == "12"


async def test_a_webhook_is_asked_again_if_it_wants_to_and_another_has_changed_the_object(call, hooks):
    hooks.answers["/last"] = lambda _: patched(add("/data/last", "x"))
    await call.mutating(
        hooks.hook("/again", "a.example.com", reinvocationPolicy="IfNeeded"),
        hooks.hook("/once", "b.example.com"),
        hooks.hook("/last", "c.example.com", reinvocationPolicy="IfNeeded"),
    )
    await call("POST", MAPS, config_map(k="v"))
    paths = [path for path, _ in hooks.asked]
    assert paths == ["/again", "/once", "/last", "/again"]
    assert hooks.asked[-1][1]["object"]["data"] == {"k": "v", "last": "x"}


async def test_nobody_is_asked_again_where_nothing_changed(call, hooks):
    await call.mutating(hooks.hook("/again", reinvocationPolicy="IfNeeded"))
    await call("POST", MAPS, config_map(k="v"))
    assert len(hooks.asked) == 1


async def test_unknown_fields_of_a_patch_are_dropped_and_defaults_filled_in(call, hooks):
    container = {"name": "more", "image": "i:1", "nonsense": 1}
    hooks.answers["/mutate"] = lambda _: patched(add("/spec/containers/-", container))
    await call.mutating(hooks.hook("/mutate", rules=[rule("CREATE", resources=("pods",))]))
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": []}}
    pod["spec"]["containers"] = [{"name": "c", "image": "i:1"}]
    status, body = await call("POST", "/api/v1/namespaces/default/pods", pod)
    assert status == 201, body
    more = body["spec"]["containers"][1]
    assert more["imagePullPolicy"] == "IfNotPresent"
    assert "nonsense" not in more


async def test_a_patch_that_does_not_fit_is_an_internal_error(call, hooks):
    hooks.answers["/mutate"] = lambda _: patched({"op": "remove", "path": "/data/nothing"})
    await call.mutating(hooks.hook("/mutate", failurePolicy="Ignore"))
    status, body = await call("POST", MAPS, config_map(k="v"))
    assert (status, body["reason"]) == (500, "InternalError")


async def test_a_deletion_cannot_be_changed(call, hooks):
    await call("POST", MAPS, config_map(k="v"))
    hooks.answers["/mutate"] = lambda _: patched(add("/data/x", "y"))
    await call.mutating(hooks.hook("/mutate"))
    status, body = await call("DELETE", f"{MAPS}/c")
    assert status == 500
    assert body["message"].endswith("which is not supported for this operation")


async def test_a_changed_scale_changes_the_object(call, hooks):
    spec = {"selector": {"matchLabels": {"a": "b"}}, "replicas": 1}
    spec["template"] = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    path = "/apis/apps/v1/namespaces/default/deployments"
    await call("POST", path, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec})
    hooks.answers["/mutate"] = lambda _: patched(add("/spec/replicas", 7))
    await call.mutating(
        hooks.hook("/mutate", rules=[rule("UPDATE", resources=("deployments/scale",), groups=("apps",))])
    )
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"}, "spec": {"replicas": 3}}
    scale["metadata"]["namespace"] = "default"
    status, body = await call("PUT", f"{path}/d/scale", scale)
    assert status == 200, body
    (asked,) = hooks.requests("/mutate")
    assert asked["kind"] == {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    assert (asked["object"]["spec"], asked["oldObject"]["spec"]) == ({"replicas": 3}, {"replicas": 1})
    assert body["spec"]["replicas"] == 7
    assert (await call("GET", f"{path}/d"))[1]["spec"]["replicas"] == 7


async def test_a_webhook_that_sees_another_version_changes_the_object_all_the_same(call, hooks):
    hooks.answers["/mutate"] = lambda _: patched(add("/spec/targetCPUUtilizationPercentage", 33))
    rules = [rule("CREATE", resources=("horizontalpodautoscalers",), groups=("autoscaling",))]
    await call.mutating(hooks.hook("/mutate", rules=rules))
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}}
    scaler["spec"] = {"scaleTargetRef": target, "maxReplicas": 3}
    status, body = await call("POST", "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", scaler)
    assert status == 201, body
    (asked,) = hooks.requests("/mutate")
    assert asked["object"]["apiVersion"] == "autoscaling/v1"
    assert (asked["resource"]["version"], asked["requestResource"]["version"]) == ("v1", "v2")
    assert body["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 33
