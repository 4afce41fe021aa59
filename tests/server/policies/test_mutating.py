"""MutatingAdmissionPolicies: what they make of objects."""

import pytest


def applies(expression):
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}


def patches(expression):
    return {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}


@pytest.mark.parametrize(
    ("mutations", "data"),
    [
        ([applies("Object{data: {'new': object.metadata.name}}")], {"k": "v", "new": "c"}),
        ([applies("Object{data: {'a': 'b'}}"), applies("Object{data: {'b': object.data.a + '!'}}")],
         {"k": "v", "a": "b", "b": "b!"}),
        ([patches("[JSONPatch{op: 'add', path: '/data/x', value: 'y'}]")], {"k": "v", "x": "y"}),
        ([patches("[JSONPatch{op: 'test', path: '/data/k', value: 'no'}, JSONPatch{op: 'remove', path: '/data/k'}]")],
         {"k": "v"}),
        ([patches("has(object.data.k) ? [JSONPatch{op: 'remove', path: '/data/k'}] : []")], None),
        ([applies("Object{data: {?'maybe': optional.none()}}")], {"k": "v"}),
        ([applies("Object{data: {'op': variables.op}}")], {"k": "v", "op": "CREATE"}),
    ],
)  # fmt: skip
async def test_an_object_is_changed(mutations, data, cluster):
    variables = [{"name": "op", "expression": "request.operation"}]
    await cluster.policy("Mutating", {"variables": variables, "mutations": mutations})
    status, body = await cluster.configmap({"k": "v"})
    assert (status, body.get("data")) == (201, data)


@pytest.mark.parametrize(
    ("mutation", "words"),
    [
        (applies("Object{data: {'x': object.data.none}}"), "resulted in error: no such key: none"),
        (patches("[JSONPatch{op: 'remove', path: '/data/none'}]"), "JSON Patch: "),
        (applies("Object{metadata: Object.spec{}}"), 'unexpected type name "Object.spec", expected "Object.metadata"'),
        (applies("Object{none: 'x'}"), "error applying patch: failed to convert patch object to typed object"),
    ],
)
async def test_what_cannot_be_applied_refuses_the_request(mutation, words, cluster):
    await cluster.policy("Mutating", {"mutations": [mutation]})
    status, body = await cluster.configmap({"k": "v"})
    assert status == 403
    assert body["message"].startswith("policy 'p' with binding 'p' denied request: ")
    assert words in body["message"]


async def test_a_list_that_is_replaced_as_a_whole_may_not_be_applied(cluster):
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
    mutation = applies("Object{spec: Object.spec{tolerations: [Object.spec.tolerations{key: 'a'}]}}")
    await cluster.policy("Mutating", {"matchConstraints": {"resourceRules": rules}, "mutations": [mutation]})
    status, body = await cluster.pod()
    assert status == 403
    assert body["message"].endswith("may not mutate atomic arrays, maps or structs: .spec.tolerations")


async def test_containers_are_merged_by_name(cluster):
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
    sidecar = "Object.spec.containers{name: 'side', image: 'side:1'}"
    named = "Object.spec.containers{name: 'c', workingDir: '/w'}"
    mutation = applies(f"Object{{spec: Object.spec{{containers: [{named}, {sidecar}]}}}}")
    await cluster.policy("Mutating", {"matchConstraints": {"resourceRules": rules}, "mutations": [mutation]})
    status, body = await cluster.pod()
    assert status == 201
    assert [(each["name"], each["image"]) for each in body["spec"]["containers"]] == [("c", "i:1"), ("side", "side:1")]
    assert body["spec"]["containers"][0]["workingDir"] == "/w"
    assert body["spec"]["containers"][1]["terminationMessagePath"] == "/dev/termination-log"


async def test_a_policy_that_wants_to_sees_what_later_ones_do(cluster):
    first = {"reinvocationPolicy": "IfNeeded", "mutations": [applies(
        "Object{data: {'seen': has(object.data.late) ? 'yes' : 'no'}}"
    )]}  # fmt: skip
    await cluster.policy("Mutating", first, name="a")
    await cluster.policy("Mutating", {"mutations": [applies("Object{data: {'late': 'x'}}")]}, name="b")
    status, body = await cluster.configmap({"k": "v"})
    assert (status, body["data"]) == (201, {"k": "v", "seen": "yes", "late": "x"})


async def test_failures_may_be_ignored(cluster):
    spec = {"failurePolicy": "Ignore", "mutations": [applies("Object{data: {'x': object.data.none}}")]}
    await cluster.policy("Mutating", spec)
    assert (await cluster.configmap({"k": "v"}))[0] == 201
