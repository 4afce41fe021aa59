"""Patches as clients see them: who owns what below an object and in its other versions, and no failure of ours."""

import json
from random import Random

import pytest

APPLY = {"Content-Type": "application/apply-patch+yaml"}
MEDIA_TYPES = ("application/merge-patch+json", "application/strategic-merge-patch+json", APPLY["Content-Type"])
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SCALERS = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"


def deployment(replicas=1):
    container = {"name": "c", "image": "i", "ports": [{"containerPort": 80}], "env": [{"name": "a", "value": "b"}]}
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "x"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": spec}


def scale(replicas):
    return {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "x"}, "spec": {"replicas": replicas}}


async def apply(api, path, config, manager, **query):
    async with api.patch(path, json=config, headers=APPLY, params={"fieldManager": manager} | query) as response:
        return response.status, await response.json()


def owners(obj):
    return {
        (e["manager"], e["operation"], e.get("subresource", "")): e["fieldsV1"]
        for e in obj["metadata"]["managedFields"]
    }


async def test_replicas_change_hands_by_way_of_scale(api):
    assert (await apply(api, f"{DEPLOYMENTS}/x", deployment(), "user"))[0] == 201
    status, conflict = await apply(api, f"{DEPLOYMENTS}/x/scale", scale(5), "scaler")
    assert (status, conflict["details"]["causes"]) == (
        409,
        [
            {
                "reason": "FieldManagerConflict",
                "message": 'conflict with "user"',
                "field": ".spec.replicas",
            }
        ],
    )
    status, scaled = await apply(api, f"{DEPLOYMENTS}/x/scale", scale(5), "scaler", force="true")
    assert (status, scaled["spec"]["replicas"]) == (200, 5)
    async with api.get(f"{DEPLOYMENTS}/x") as response:
        found = owners(await response.json())
    assert found["scaler", "Apply", "scale"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in found["user", "Apply", ""]["f:spec"]
    status, conflict = await apply(api, f"{DEPLOYMENTS}/x", deployment(2), "user")
    assert (status, conflict["details"]["causes"][0]["message"]) == (
        409,
        'conflict with "scaler" with subresource "scale"',
    )


async def test_owners_in_one_version_are_heard_in_the_other(api):
    first, second = SCALERS.format("v2"), SCALERS.format("v1")
    spec = {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "x", "apiVersion": "apps/v1"}}
    config = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "x"},
        "spec": spec,
    }
    assert (await apply(api, f"{first}/x", config, "a"))[0] == 201
    other = config | {"apiVersion": "autoscaling/v1", "spec": spec | {"maxReplicas": 4}}
    status, conflict = await apply(api, f"{second}/x", other, "b")
    assert (status, conflict["details"]["causes"][0]["message"]) == (409, 'conflict with "a"')
    status, found = await apply(api, f"{second}/x", other, "b", force="true")
    assert (status, found["spec"]["maxReplicas"]) == (200, 4)
    assert "f:maxReplicas" not in owners(found)["a", "Apply", ""]["f:spec"]


@pytest.mark.parametrize("member", ["labels", "annotations", "finalizers", "ownerReferences"])
async def test_null_is_nothing(api, member):
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", member: None}, "data": None}
    status, made = await apply(api, "/api/v1/namespaces/default/configmaps/c", config, "m")
    assert (status, member in made["metadata"], "data" in made) == (201, False, False)


JUNK = [
    None,
    0,
    -1,
    1.5,
    "",
    "x",
    [],
    {},
    True,
    [None],
    [{}],
    {"a": None},
    {"": ""},
    1 << 40,
    "\0",
    "$patch",
    {"a": {}},
]
JUNK += ["1Ki", [""], ["x"], [[]], "2020-01-01T00:00:00Z", {"$patch": "delete"}, {"$retainKeys": [1]}]


def broken(random, value):
    """The value with something in it replaced, repeated or left out."""
    copy = json.loads(json.dumps(value))
    places = list(members(copy))
    for container, key in random.sample(places, random.choice((1, 1, 2))):
        try:
            if random.random() < 0.2:
                del container[key]
            elif random.random() < 0.2 and isinstance(container, list):
                container.append(container[key])
            else:
                container[key] = random.choice(JUNK)
        except (KeyError, IndexError):  # gone with what was around it
            continue
    return copy


def members(value):
    for key, member in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(member, dict | list):
            yield from members(member)


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_that_is_sent_makes_us_fail(api, seed):
    random = Random(seed)
    await apply(api, f"{DEPLOYMENTS}/x", deployment(), "user")
    for _ in range(100):
        body, media_type = broken(random, deployment()), random.choice(MEDIA_TYPES)
        query = {"fieldManager": "m", "force": random.choice(("true", "false")), "dryRun": "All"}
        if media_type != APPLY["Content-Type"]:
            del query["force"]
        path = f"{DEPLOYMENTS}/x{random.choice(('', '/status'))}"
        async with api.patch(path, json=body, headers={"Content-Type": media_type}, params=query) as response:
            answer = await response.json()
        assert "an error on the server" not in answer.get("message", ""), (body, media_type)
        async with api.post(DEPLOYMENTS, json=body, params={"dryRun": "All"}) as response:
            assert response.status < 500, body
