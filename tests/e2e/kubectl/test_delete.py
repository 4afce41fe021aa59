"""delete: one, many, with or without what depends on it."""

import json

import pytest

from tests.e2e.manifests import config_map, deployment, pod
from tests.e2e.processes import until

pytestmark = pytest.mark.e2e


def test_delete_waits_until_the_object_is_gone(kubectl):
    kubectl.apply(pod("a"))
    kubectl.ready("pod/a")
    assert kubectl("delete", "pod", "a") == f'pod "a" deleted from {kubectl.namespace} namespace\n'
    assert "NotFound" in kubectl.refusal("get", "pod", "a")
    assert "NotFound" in kubectl.refusal("delete", "pod", "a")
    assert kubectl("delete", "pod", "a", "--ignore-not-found") == ""


def test_delete_gives_a_pod_its_grace(kubectl):
    script = 'trap "echo asked to go; exit" TERM; while true; do sleep 3600 & wait; done'
    kubectl.apply(pod("a", script, terminationGracePeriodSeconds=30))
    kubectl.ready("pod/a")
    with kubectl.start("logs", "-f", "a") as logs:
        kubectl("delete", "pod", "a")
        logs.expect("asked to go")


def test_delete_kills_after_the_grace(kubectl):
    kubectl.apply(pod("a", 'trap "" TERM; while true; do sleep 1; done', terminationGracePeriodSeconds=30))
    kubectl.ready("pod/a")
    kubectl("delete", "pod", "a", "--grace-period=1", seconds=15)


def test_delete_by_force_is_at_once(kubectl):
    kubectl.apply(pod("a", 'trap "" TERM; while true; do sleep 1; done', terminationGracePeriodSeconds=600))
    kubectl.ready("pod/a")
    ended = kubectl.try_("delete", "pod", "a", "--force", "--grace-period=0", seconds=15)
    assert "Immediate deletion does not wait for confirmation" in ended.stderr
    assert "force deleted" in ended.stdout


def test_delete_by_label_file_and_all(kubectl):
    named = [config_map(n) | {"metadata": {"name": n, "labels": {"n": n}}} for n in ("a", "b", "c")]
    kubectl.apply(*named)
    assert 'configmap "a" deleted' in kubectl("delete", "cm", "-l", "n=a")
    assert 'configmap "b" deleted' in kubectl("delete", "-f", "-", stdin=json.dumps(named[1]))
    assert 'configmap "c" deleted' in kubectl("delete", "cm", "--all")


def test_delete_takes_dependents_along_in_the_background(kubectl):
    kubectl.apply(deployment("web"))
    kubectl.rolled_out("deployment/web")
    kubectl("delete", "deployment", "web")
    kubectl.wait("delete", "replicaset", "-l", "app=web")
    kubectl.wait("delete", "pod", "-l", "app=web")


def test_delete_in_the_foreground_is_done_when_all_are_gone(kubectl):
    kubectl.apply(deployment("web"))
    kubectl.rolled_out("deployment/web")
    kubectl("delete", "deployment", "web", "--cascade=foreground")
    assert kubectl.get("replicasets,pods") == []


def test_delete_can_leave_orphans_that_a_new_owner_adopts(kubectl):
    kubectl.apply(deployment("web"))
    kubectl.rolled_out("deployment/web")
    before = kubectl("get", "replicasets,pods", "-o", "name")
    kubectl("delete", "deployment", "web", "--cascade=orphan")
    assert kubectl("get", "replicasets,pods", "-o", "name") == before
    assert "ownerReferences" not in kubectl.get("replicasets")[0]["metadata"]
    kubectl.apply(deployment("web"))
    kubectl.rolled_out("deployment/web")
    assert kubectl("get", "replicasets,pods", "-o", "name") == before


def test_a_finalizer_holds_an_object_until_it_is_taken_off(kubectl):
    kubectl.apply(config_map("a") | {"metadata": {"name": "a", "finalizers": ["example.com/wait"]}})
    kubectl("delete", "cm", "a", "--wait=false")
    assert kubectl.get("cm", "a")["metadata"]["deletionTimestamp"]
    kubectl("patch", "cm", "a", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    assert "NotFound" in kubectl.refusal("get", "cm", "a")


def test_a_namespace_takes_all_along(kubectl):
    inner = kubectl.within(f"{kubectl.namespace}-in")
    inner("create", "namespace", inner.namespace)
    inner.apply(deployment("web"), config_map("a"))
    inner.rolled_out("deployment/web")
    kubectl("delete", "namespace", inner.namespace)
    assert "NotFound" in kubectl.refusal("get", "namespace", inner.namespace)
    until("nothing is left in it", lambda: kubectl.get("pods", f"--namespace={inner.namespace}") == [])
