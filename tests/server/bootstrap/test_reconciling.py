"""Default roles and bindings of a cluster that is there already."""

from copy import deepcopy

import pytest

from podo.server.bootstrap.objects import bootstrap, context_of, served_of
from podo.server.bootstrap.reconciling import mended, reconcile
from podo.server.registry.deleting import DeleteOptions

from .test_objects import objects

RBAC = "rbac.authorization.k8s.io/v1"
AUTO = {"rbac.authorization.kubernetes.io/autoupdate": "true"}


def role(*rules, **metadata):
    return {"kind": "ClusterRole", "metadata": {"name": "r", "annotations": AUTO} | metadata, "rules": list(rules)}


def rule(*verbs, resources=("pods",)):
    return {"verbs": list(verbs), "apiGroups": [""], "resources": list(resources)}


def test_a_role_gets_the_rules_that_it_lacks_and_keeps_what_it_has_more():
    held, wanted = role(rule("get"), rule("delete", resources=["secrets"])), role(rule("get", "list"))
    assert mended(held, wanted)["rules"] == [*held["rules"], rule("list")]


def test_a_role_that_grants_all_that_is_wanted_stays_as_it_is():
    held = role(rule("*"))
    assert mended(held, role(rule("get", "list"))) == held


def test_labels_of_others_count_more_than_ours():
    held = role(rule("get"), labels={"a": "theirs"})
    found = mended(held, role(rule("get"), labels={"a": "ours", "b": "ours"}))
    assert found["metadata"]["labels"] == {"a": "theirs", "b": "ours"}


def test_a_binding_gets_the_subjects_that_it_lacks():
    ref = {"kind": "ClusterRole", "name": "r"}
    held = {"metadata": {"annotations": AUTO}, "roleRef": ref, "subjects": [{"kind": "User", "name": "mine"}]}
    wanted = held | {"subjects": [{"kind": "Group", "name": "system:nodes"}]}
    assert mended(held, wanted)["subjects"] == [*held["subjects"], *wanted["subjects"]]


@pytest.fixture
async def started(core):
    await bootstrap(core, service_cidr="10.0.0.0/24", port=6443)
    await core.cache.consistent()
    return core


async def restart(core):
    await core.cache.consistent()
    await reconcile(core, await bootstrap(core, service_cidr="10.0.0.0/24", port=6443))
    await core.cache.consistent()


async def change(core, kind, name, edit):
    served = served_of(core, {"apiVersion": RBAC, "kind": kind})

    async def changed(current, revision):
        new = deepcopy(current)
        edit(new)
        return new

    await core.registry.update(context_of(core, served, ""), served, name, changed)


async def test_a_start_gives_back_what_a_default_role_has_lost(started):
    before = (await objects(started, RBAC, "ClusterRole"))["system:kube-scheduler"]
    await change(started, "ClusterRole", "system:kube-scheduler", lambda obj: obj["rules"].pop())
    await restart(started)
    after = (await objects(started, RBAC, "ClusterRole"))["system:kube-scheduler"]
    assert sorted(map(str, after["rules"])) == sorted(map(str, before["rules"]))


async def test_a_role_that_is_not_to_be_touched_is_not(started):
    def edit(obj):
        obj["metadata"]["annotations"] = {"rbac.authorization.kubernetes.io/autoupdate": "false"}
        obj["rules"] = []

    await change(started, "ClusterRole", "system:kube-scheduler", edit)
    await restart(started)
    assert not (await objects(started, RBAC, "ClusterRole"))["system:kube-scheduler"].get("rules")


async def test_privilege_escalation_by_a_default_binding_to_another_role_is_undone(started):
    served = served_of(started, {"apiVersion": RBAC, "kind": "ClusterRoleBinding"})
    name = "system:public-info-viewer"
    bound = (await objects(started, RBAC, "ClusterRoleBinding"))[name]
    forged = bound | {
        "apiVersion": RBAC,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name, "annotations": AUTO},
        "roleRef": bound["roleRef"] | {"name": "cluster-admin"},
    }
    context = context_of(started, served, "")
    await started.registry.delete(context, served, name, DeleteOptions())
    await started.registry.create(context, served, forged)
    await restart(started)
    assert (await objects(started, RBAC, "ClusterRoleBinding"))[name]["roleRef"]["name"] == name


async def test_a_second_start_changes_nothing(started):
    before = started.cache.revision
    await restart(started)
    assert started.cache.revision == before
