"""explain, api-resources, api-versions, cluster-info, version, auth: what the server is and allows."""

import json

import pytest

pytestmark = pytest.mark.e2e


def test_api_resources_lists_names_and_short_names(kubectl):
    lines = kubectl("api-resources", "--no-headers", "-o", "wide").splitlines()
    rows = {line.split()[0]: line.split() for line in lines if "metrics.k8s.io" not in line}
    assert rows["pods"][1:5] == ["po", "v1", "true", "Pod"]
    assert rows["deployments"][1:5] == ["deploy", "apps/v1", "true", "Deployment"]
    assert rows["nodes"][1:5] == ["no", "v1", "false", "Node"]
    assert "create,delete,deletecollection,get,list,patch,update,watch" in rows["pods"]
    names = kubectl("api-resources", "--api-group=batch", "-o", "name").split()
    assert names == ["cronjobs.batch", "jobs.batch"]


def test_api_versions_lists_every_group(kubectl):
    found = kubectl("api-versions").split()
    assert {"v1", "apps/v1", "batch/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1"} <= set(found)
    assert found == sorted(found)


def test_cluster_info_says_where_the_server_is(kubectl):
    assert "Kubernetes control plane is running at https://127.0.0.1:" in kubectl("cluster-info")
    dump = kubectl("cluster-info", "dump", "--namespaces", kubectl.namespace)
    assert '"kind": "NodeList"' in dump


def test_version_names_both_sides(kubectl):
    found = json.loads(kubectl("version", "-o", "json"))
    assert found["clientVersion"]["minor"] == "37"
    assert found["serverVersion"]["gitVersion"].startswith("v1.36.")


def test_explain_describes_fields_and_their_types(kubectl):
    said = kubectl("explain", "pod.spec.containers")
    assert "KIND:       Pod" in said
    assert "FIELD: containers <[]Container>" in said
    assert "image\t<string>" in said
    assert "replicas\t<integer>" in kubectl("explain", "deployment.spec", "--recursive")
    assert 'field "grapes" does not exist' in kubectl.refusal("explain", "pod.spec.grapes")


def test_explain_says_what_types_and_fields_mean(kubectl):
    said = " ".join(kubectl("explain", "pods.spec.containers.resources").split())
    assert "DESCRIPTION: CPU, memory and other resources that it asks for and may use at most." in said
    assert "limits <map[string]Quantity> Most it may use: above it CPU is throttled" in said
    strategy = " ".join(kubectl("explain", "deployment.spec.strategy").split())
    assert "type <string> enum: Recreate, RollingUpdate RollingUpdate (some at a time, default)" in strategy
    assert "<empty>" not in kubectl("explain", "deployment")
    older = " ".join(kubectl("explain", "pods.spec.containers", "--output=plaintext-openapiv2").split())
    assert "livenessProbe <Object> Checks whether the container still works; it is restarted if not." in older
    assert "rollingUpdate" in kubectl("explain", "deployment.spec.strategy", "--recursive")


def test_auth_answers_what_a_user_may_do(kubectl):
    assert kubectl("auth", "can-i", "create", "pods") == "yes\n"
    assert "*.*" in kubectl("auth", "can-i", "--list")
    assert kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.groups}").startswith('["system:masters"')


def test_auth_answers_for_others_by_their_roles(kubectl):
    kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods")
    kubectl("create", "rolebinding", "jo-reads", "--role=reader", "--user=jo")
    assert kubectl("auth", "can-i", "list", "pods", "--as=jo") == "yes\n"
    assert kubectl.try_("auth", "can-i", "delete", "pods", "--as=jo").stdout == "no\n"
    refused = kubectl.refusal("delete", "pod", "a", "--as=jo")
    assert 'pods "a" is forbidden: User "jo" cannot delete resource "pods" in API group "" in the namespace' in refused
    assert kubectl("get", "pods", "--as=jo") == ""
