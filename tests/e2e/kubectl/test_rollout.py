"""scale, autoscale, rollout: how many, and of which version."""

import pytest

from tests.e2e.manifests import deployment

pytestmark = pytest.mark.e2e


@pytest.fixture
def web(kubectl):
    """kubectl, where deployment/web is complete with two replicas of v1."""
    kubectl.apply(deployment("web", replicas=2))
    kubectl.rolled_out("deployment/web")
    return kubectl


def images(kubectl) -> set[str]:
    """What the Pods run that are not on their way out."""
    return {p["spec"]["containers"][0]["image"] for p in kubectl.pods("-l", "app=web")}


def test_scale_up_down_and_to_none(web):
    for count in (4, 1, 0):
        assert web("scale", "deployment/web", f"--replicas={count}") == "deployment.apps/web scaled\n"
        web.rolled_out("deployment/web")
        web.wait(f"jsonpath={{.spec.replicas}}={count}", "deployment/web")
        assert web.get("deployment", "web")["status"].get("readyReplicas", 0) == count


def test_scale_heeds_what_the_user_thinks_there_is(web):
    refused = web.refusal("scale", "deployment/web", "--current-replicas=7", "--replicas=1")
    assert "expected replicas to be 7, was 2" in refused.lower()


def test_autoscale_makes_the_object(web):
    assert "autoscaled" in web("autoscale", "deployment", "web", "--min=2", "--max=5", "--cpu=80%")
    made = web.get("hpa", "web")["spec"]
    assert (made["minReplicas"], made["maxReplicas"]) == (2, 5)
    assert made["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    assert web("get", "hpa").splitlines()[1].split()[:2] == ["web", "Deployment/web"]


def test_rollout_status_follows_an_update_to_its_end(web):
    web("set", "image", "deployment/web", "main=hello:v2")
    with web.start("rollout", "status", "deployment/web") as status:
        status.expect('deployment "web" successfully rolled out')
    assert images(web) == {"hello:v2"}


def test_history_lists_revisions_and_undo_goes_back(web):
    web("set", "image", "deployment/web", "main=hello:v2")
    web("annotate", "deployment/web", "kubernetes.io/change-cause=the second")
    web.rolled_out("deployment/web")
    history = web("rollout", "history", "deployment/web")
    assert [line.split()[0] for line in history.splitlines()[2:] if line] == ["1", "2"]
    assert "the second" in history
    assert "hello:v1" in web("rollout", "history", "deployment/web", "--revision=1")
    assert web("rollout", "undo", "deployment/web") == "deployment.apps/web rolled back\n"
    web.rolled_out("deployment/web")
    assert images(web) == {"hello:v1"}
    web("rollout", "undo", "deployment/web", "--to-revision=2")
    web.rolled_out("deployment/web")
    assert images(web) == {"hello:v2"}
    assert "unable to find specified revision 9 in history" in web.refusal(
        "rollout", "undo", "deployment/web", "--to-revision=9"
    )


def test_restart_replaces_every_pod(web):
    before = {p["metadata"]["uid"] for p in web.pods()}
    assert web("rollout", "restart", "deployment/web") == "deployment.apps/web restarted\n"
    web.rolled_out("deployment/web")
    after = {p["metadata"]["uid"] for p in web.pods()}
    assert len(after) == 2
    assert not before & after


def test_a_paused_rollout_waits_until_it_is_resumed(web):
    web("rollout", "pause", "deployment/web")
    web("set", "image", "deployment/web", "main=hello:v2")
    web.wait('jsonpath={.status.conditions[?(@.type=="Progressing")].reason}=DeploymentPaused', "deployment/web")
    assert images(web) == {"hello:v1"}
    web("rollout", "resume", "deployment/web")
    web.rolled_out("deployment/web")
    assert images(web) == {"hello:v2"}
    web("rollout", "pause", "deployment/web")
    assert "cannot rollback a paused deployment" in web.refusal("rollout", "undo", "deployment/web")


def test_a_broken_version_does_not_take_over_and_is_undone(web):
    web("patch", "deployment", "web", "-p", '{"spec":{"progressDeadlineSeconds":2}}')
    web("set", "image", "deployment/web", "main=hello:v3")
    refused = web.refusal("rollout", "status", "deployment/web")
    assert 'deployment "web" exceeded its progress deadline' in refused
    assert web.get("deployment", "web")["status"]["availableReplicas"] == 2
    web("rollout", "undo", "deployment/web")
    web.rolled_out("deployment/web")
    assert images(web) == {"hello:v1"}


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_sets_of_other_kinds_roll_out_too(kubectl, kind):
    made = deployment("web") | {"kind": kind}
    if kind == "DaemonSet":
        del made["spec"]["replicas"]
    kubectl.apply(made)
    assert kubectl.rolled_out(f"{kind.lower()}/web")
    kubectl("set", "image", f"{kind.lower()}/web", "main=hello:v2")
    kubectl.rolled_out(f"{kind.lower()}/web")
    assert images(kubectl) == {"hello:v2"}
    assert "2" in kubectl("rollout", "history", f"{kind.lower()}/web")
    kubectl("rollout", "undo", f"{kind.lower()}/web")
    kubectl.rolled_out(f"{kind.lower()}/web")
    assert images(kubectl) == {"hello:v1"}
