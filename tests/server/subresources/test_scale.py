"""The scale of what has replicas."""

import pytest

from podo.api.errors import Conflict, Invalid
from podo.server.subresources.scale import scale_of, selector_text

TEMPLATE = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
SPEC = {"replicas": 2, "selector": {"matchLabels": {"app": "a"}}, "template": TEMPLATE}


@pytest.fixture
async def deployments(lab):
    served = lab.kind("apps", "deployments")
    await lab.create(served, spec=SPEC)
    return served


async def replace(lab, served, replicas, **meta):
    obj = {"metadata": {"name": "x", **meta}, "spec": {"replicas": replicas}}
    return await lab.scales.replace(lab.ctx("scale"), lab.target(served), obj)


async def test_a_scale_shows_wanted_and_counted_replicas(lab, deployments):
    await lab.status(deployments, "x", {"replicas": 1})
    entry = await lab.core.registry.get(deployments, "ns", "x")
    shown = await lab.scales.show(lab.ctx("scale"), lab.target(deployments), entry)
    assert (shown["kind"], shown["spec"]) == ("Scale", {"replicas": 2})
    assert shown["status"] == {"replicas": 1, "selector": "app=a"}
    assert "labels" not in shown["metadata"]


async def test_a_scale_changes_nothing_but_replicas(lab, deployments):
    assert (await replace(lab, deployments, 5))["spec"] == {"replicas": 5}
    owner = await lab.get(deployments)
    assert (owner["spec"]["replicas"], owner["metadata"]["generation"]) == (5, 2)
    entries = {entry.get("subresource", ""): entry for entry in owner["metadata"]["managedFields"]}
    assert entries["scale"]["fieldsV1"] == {"f:spec": {"f:replicas": {}}}
    assert "time" not in entries["scale"]


async def test_a_scale_can_be_patched(lab, deployments):
    shown = await lab.scales.patch(
        lab.ctx("scale"), lab.target(deployments), "application/merge-patch+json", b'{"spec":{"replicas":7}}', None
    )
    assert shown["spec"] == {"replicas": 7}


async def test_a_negative_scale_is_invalid(lab, deployments):
    with pytest.raises(Invalid, match=r'Scale\.autoscaling "x" is invalid: spec\.replicas'):
        await replace(lab, deployments, -1)


async def test_a_stale_scale_conflicts(lab, deployments):
    with pytest.raises(Conflict, match="the object has been modified"):
        await replace(lab, deployments, 3, resourceVersion="1")
    with pytest.raises(Conflict, match="UID in precondition: other"):
        await replace(lab, deployments, 3, uid="other")


def test_no_replicas_is_an_empty_spec():
    assert scale_of({"metadata": {}, "spec": {"replicas": 0}})["spec"] == {}


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        (None, ""),
        ({"matchLabels": {"b": "c", "a": "b"}}, "a=b,b=c"),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, "a"),
        ({"plain": "labels"}, "plain=labels"),
    ],
)
def test_selectors_are_shown_as_text(selector, text):
    assert ",".join(sorted(selector_text(selector).split(","))) == text
