"""A node that touches another node's Pods, Secrets, status or claims, or what steers Pods to it.

podo's agents are network proxies too and read all Pods and nodes; `tests/server/test_refusals.py` has nodes that are
none.
"""

import pytest

from .conftest import DEFAULT

POD = {"apiVersion": "v1", "kind": "Pod"}
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"


@pytest.fixture
async def nodes(api):
    """Two nodes, each with a Pod; the Pods are named like their nodes."""
    for name in ("n1", "n2"):
        head = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
        assert (await api.send("POST", "/api/v1/nodes", head, f"node-{name[1]}"))[0] == 201
        spec = {"nodeName": name, "containers": [{"name": "c", "image": "i"}]}
        await api.made(f"{DEFAULT}/pods", POD | {"metadata": {"name": name}, "spec": spec})
    return api


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{DEFAULT}/pods/n2", None),
        ("DELETE", f"{DEFAULT}/pods/n2", None),
        ("POST", f"{DEFAULT}/pods/n2/eviction", {"metadata": {"name": "n2"}}),
        ("POST", f"{DEFAULT}/pods/n2/binding", {"target": {"kind": "Node", "name": "n1"}}),
        ("PATCH", f"{DEFAULT}/pods/n2/ephemeralcontainers", {}),
        ("PATCH", f"{DEFAULT}/pods/n1", {"metadata": {"labels": {"app": "web"}}}),
        ("GET", f"{DEFAULT}/pods/n1/exec?command=id&stdout=1", None),
        ("GET", "/api/v1/nodes/n2/proxy/pods", None),
        ("PATCH", "/api/v1/nodes/n2", {"metadata": {"labels": {"a": "b"}}}),
        ("PATCH", "/api/v1/nodes/n2/status", {"status": {}}),
        ("DELETE", "/api/v1/nodes/n1", None),
        ("PATCH", "/api/v1/nodes/n1", {"spec": {"taints": []}, "metadata": {"ownerReferences": []}}),
        ("PATCH", "/api/v1/nodes/n1", {"metadata": {"labels": {"node-restriction.kubernetes.io/tier": "trusted"}}}),
        ("PATCH", "/api/v1/nodes/n1", {"metadata": {"labels": {"kubernetes.io/made-up": "x"}}}),
        ("GET", f"{LEASES}/n2", None),
        ("GET", "/api/v1/secrets", None),
        ("GET", "/api/v1/namespaces/kube-system/secrets?watch=1", None),
        ("GET", "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication", None),
        ("GET", "/apis/resource.k8s.io/v1/resourceslices", None),
        ("GET", "/apis/storage.k8s.io/v1/volumeattachments", None),
    ],
)
async def test_a_node_that_touches_what_is_not_its_own(nodes, method, path, body):
    kind = {"Content_Type": "application/merge-patch+json"} if method == "PATCH" else {}
    if path == "/api/v1/nodes/n1" and body and "taints" in str(body):  # it has some that it would be rid of
        await nodes.send("PATCH", path, {"spec": {"taints": [{"key": "a", "effect": "NoExecute"}]}}, **kind)
    status, found = await nodes.send(method, path, body, "node-1", **kind)
    assert status == 403, found


async def test_a_node_that_claims_the_status_of_a_pod_of_another(nodes):
    _, pod = await nodes.send("GET", f"{DEFAULT}/pods/n2")
    pod["status"] |= {"podIP": "10.1.1.1", "podIPs": [{"ip": "10.1.1.1"}]}
    status, found = await nodes.send("PUT", f"{DEFAULT}/pods/n2/status", pod, "node-1")
    assert status == 403
    assert "can only update pod status for pods with spec.nodeName set to itself" in found["message"]
    pod["spec"]["nodeName"] = "n1"  # what it says of itself does not count
    assert (await nodes.send("PUT", f"{DEFAULT}/pods/n2/status", pod, "node-1"))[0] == 403


@pytest.mark.parametrize("sources", [["serviceAccountToken"], ["secret"], ["configMap"]])
async def test_a_node_that_makes_itself_a_mirror_pod_with_rights(nodes, sources):
    source = {"serviceAccountToken": {"path": "t"}, "secret": {"name": "s"}, "configMap": {"name": "c"}}
    projected = {"name": "v", "projected": {"sources": [{name: source[name]} for name in sources]}}
    spec = {"nodeName": "n1", "containers": [{"name": "c", "image": "i"}], "volumes": [projected]}
    metadata = {"name": "mirror", "annotations": {"kubernetes.io/config.mirror": "x"}}
    status, found = await nodes.send("POST", f"{DEFAULT}/pods", POD | {"metadata": metadata, "spec": spec}, "node-1")
    assert status == 403, found
