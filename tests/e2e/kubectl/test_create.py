"""create, run, expose: objects from the command line."""

import pytest

pytestmark = pytest.mark.e2e


def test_a_deployment_is_created_and_runs(kubectl):
    said = kubectl("create", "deployment", "web", "--image=hello:v1", "--replicas=2", "--port=8080")
    assert said == "deployment.apps/web created\n"
    assert "successfully rolled out" in kubectl.rolled_out("deployment/web")
    nodes = {p["spec"]["nodeName"] for p in kubectl.get("pods", "-l", "app=web")}
    assert nodes == {"node-1", "node-2"}


def test_what_exists_is_not_created_again(kubectl):
    kubectl("create", "configmap", "a")
    said = kubectl.refusal("create", "configmap", "a")
    assert 'error: failed to create configmap: configmaps "a" already exists' in said


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("configmap a --from-literal=k=v", "configmap/a"),
        ("secret generic a --from-literal=k=v", "secret/a"),
        ("secret docker-registry a --docker-server=r --docker-username=u --docker-password=p", "secret/a"),
        ("serviceaccount a", "serviceaccount/a"),
        ("quota a --hard=pods=10", "resourcequota/a"),
        ("role a --verb=get --resource=pods", "role.rbac.authorization.k8s.io/a"),
        ("rolebinding a --clusterrole=view --user=jo", "rolebinding.rbac.authorization.k8s.io/a"),
        ("poddisruptionbudget a --selector=app=a --min-available=1", "poddisruptionbudget.policy/a"),
        ("ingress a --rule=host/path=web:80", "ingress.networking.k8s.io/a"),
        ("job a --image=hello:v1 -- true", "job.batch/a"),
        ("cronjob a --image=hello:v1 --schedule=@daily -- true", "cronjob.batch/a"),
        ("service clusterip a --tcp=80:8080", "service/a"),
        ("service nodeport a --tcp=80:8080", "service/a"),
        ("service loadbalancer a --tcp=80:8080", "service/a"),
        ("service externalname a --external-name=example.com", "service/a"),
    ],
)
def test_each_kind_that_create_knows_is_made(kubectl, given, kind):
    assert kubectl("create", *given.split()) == f"{kind} created\n"
    assert kubectl("get", kind, "-o", "name") == f"{kind}\n"


def test_objects_of_the_whole_cluster_are_made(kubectl):
    name = kubectl.namespace
    for given in (f"clusterrole {name} --verb=get --resource=pods", f"priorityclass {name} --value=7"):
        kind = given.split()[0]
        try:
            assert "created" in kubectl("create", *given.split())
        finally:
            assert "deleted" in kubectl("delete", kind, name)


def test_a_token_of_a_service_account_opens_the_api(kubectl):
    kubectl("create", "serviceaccount", "robot")
    token = kubectl("create", "token", "robot", "--duration=1h").strip()
    whoami = kubectl(
        "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}", f"--token={token}", env=bare(kubectl)
    )
    assert whoami == f"system:serviceaccount:{kubectl.namespace}:robot"


def bare(kubectl) -> dict[str, str]:
    """An environment whose kubeconfig has no client certificate, so that a token is all there is."""
    config = kubectl.home / "bare-kubeconfig"
    config.write_text(kubectl.kubeconfig.read_text())
    kubectl("config", "unset", "users", env={"KUBECONFIG": str(config)})
    return {"KUBECONFIG": str(config)}


def test_a_dry_run_of_the_server_keeps_nothing(kubectl):
    made = kubectl(
        "create", "deployment", "web", "--image=hello:v1", "--dry-run=server", "-o", "jsonpath={.spec.replicas}"
    )
    assert made == "1"
    assert "NotFound" in kubectl.refusal("get", "deployment", "web")


def test_run_makes_a_pod_and_expose_a_service_that_reaches_it(kubectl):
    kubectl("run", "web", "--image=hello:v1", "--port=8080", "--labels=app=web")
    assert kubectl("expose", "pod", "web", "--port=80", "--target-port=8080") == "service/web exposed\n"
    kubectl.ready("pod/web")
    script = "until wget -qO- http://web/cgi-bin/index.cgi; do sleep 0.1; done"
    said = kubectl(
        "run", "ask", "--rm", "-i", "--restart=Never", "--image=hello:v1", "--command", "--", "sh", "-c", script
    )
    assert "hello v1 from pod web" in said
    assert 'pod "ask" deleted' in said


def test_run_gives_back_the_exit_status_of_the_pod(kubectl):
    options = ["run", "once", "--rm", "-i", "--restart=Never", "--image=hello:v1", "--command", "--"]
    ended = kubectl.try_(*options, "sh", "-c", "cat; exit 3", stdin="typed\n")
    assert (ended.status, "typed" in ended.stdout) == (3, True)


def test_expose_a_deployment_takes_its_selector(kubectl):
    kubectl("create", "deployment", "web", "--image=hello:v1", "--port=8080")
    kubectl("expose", "deployment", "web", "--type=NodePort", "--name=front")
    made = kubectl.get("service", "front")["spec"]
    assert (made["type"], made["selector"]) == ("NodePort", {"app": "web"})
    assert made["ports"][0]["targetPort"] == 8080
    assert 30000 <= made["ports"][0]["nodePort"] <= 32767
