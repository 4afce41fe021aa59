"""explain, api-resources, api-versions, cluster-info, version, auth: what the server is and allows."""

import json

import pytest

from tests.e2e.processes import until

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


def test_explain_shows_what_a_definition_says_of_each_of_its_versions(kubectl):
    group = f"{kubectl.namespace}.example.com"
    cloth = {"type": "object", "properties": {"color": {"type": "string", "description": "the color of it"}}}
    parts = {"type": "array", "description": "what it is made of", "items": cloth}
    schemas = {
        "v1": {"type": "object", "description": "A shirt to wear", "properties": {"parts": parts}},
        "v1beta1": {"type": "object", "description": "A shirt of before", "properties": {"cut": {"type": "integer"}}},
    }
    versions = [
        {"name": name, "served": True, "storage": name == "v1", "schema": {"openAPIV3Schema": schema}}
        for name, schema in schemas.items()
    ]
    names = {"plural": "shirts", "singular": "shirt", "kind": "Shirt"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": versions}
    kind = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    kubectl.apply(kind | {"metadata": {"name": f"shirts.{group}"}, "spec": spec})
    try:
        kubectl("wait", "--for=condition=Established", f"crd/shirts.{group}")
        resource = f"shirts.{group}"
        said = until("it is described", lambda: kubectl.try_("explain", resource).stdout)
        assert "A shirt to wear" in said
        assert "APIVersion defines" in said
        assert "the color of it" in kubectl("explain", f"{resource}.parts")
        assert "the color of it" in kubectl("explain", f"{resource}.parts", "--output=plaintext-openapiv2")
        older = kubectl("explain", "shirts", f"--api-version={group}/v1beta1")
        assert "A shirt of before" in older
        assert "cut\t<integer>" in older
        assert "parts" not in older
    finally:
        kubectl("delete", "crd", f"shirts.{group}")


def test_explain_knows_the_kinds_that_podo_defines(kubectl):
    assert "Ports it listens at, each with host and protocol." in kubectl("explain", "gateways.spec")
    assert "Whether volumes can be made from it." in kubectl("explain", "volumesnapshots.status")
    metrics = kubectl("explain", "pods", "--api-version=metrics.k8s.io/v1beta1")
    assert "KIND:       PodMetrics" in metrics
    assert "What each container uses." in metrics
