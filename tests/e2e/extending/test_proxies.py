"""The proxies of Pods, Services and nodes, and what a right to read does not give."""

import pytest

from tests.e2e.manifests import pod, service, web

pytestmark = pytest.mark.e2e


def test_pods_services_and_nodes_are_reached_through_the_server(kubectl):
    kubectl.apply(web("shop"), service("shop"))
    kubectl.ready("pod/shop")
    base = f"/api/v1/namespaces/{kubectl.namespace}"
    by_pod = kubectl("get", "--raw", f"{base}/pods/shop:8080/proxy/cgi-bin/index.cgi")
    kubectl.wait(
        "jsonpath={.endpoints[0].conditions.ready}=true", "endpointslice", "-l", "kubernetes.io/service-name=shop"
    )
    assert kubectl("get", "--raw", f"{base}/services/shop:80/proxy/cgi-bin/index.cgi") == by_pod
    node = kubectl.get("pod", "shop")["spec"]["nodeName"]
    assert kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/healthz").strip() == "ok"


def test_websocket_upgrade_of_a_get_without_the_right_to_create(kubectl):
    kubectl.apply(pod("quiet"))
    kubectl.ready("pod/quiet")
    rules = [{"apiGroups": [""], "resources": ["pods", "pods/exec"], "verbs": ["get"]}]
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "reads"}}
    subject = {"kind": "User", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}
    reference = {"kind": "Role", "name": "reads", "apiGroup": "rbac.authorization.k8s.io"}
    binding = head | {"kind": "RoleBinding", "roleRef": reference, "subjects": [subject]}
    kubectl.apply(head | {"kind": "Role", "rules": rules}, binding)
    assert "quiet" in kubectl("get", "pod", "quiet", "--as=reader")
    said = kubectl.refusal("exec", "quiet", "--as=reader", "--", "echo", "hello")
    assert 'cannot create resource "pods/exec"' in said
    assert kubectl("exec", "quiet", "--", "echo", "hello") == "hello\n"
