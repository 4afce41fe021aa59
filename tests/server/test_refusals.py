"""What nobody gets by going round: each test is named after the class of attack."""

import base64

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from podo.clock import SystemClock
from podo.server.app import ServerConfig, serving

from .authentication.test_service_account import pem

RBAC = "rbac.authorization.k8s.io"
ROLES = f"/apis/{RBAC}/v1"
USERS = """admin,admin,1,"system:masters"
bob,bob,2,"dev"
node-1,system:node:n1,3,"system:nodes"
node-2,system:node:n2,4,"system:nodes"
no-node,system:node:n1,5
"""
MANY = {"apiGroups": [RBAC], "resources": ["roles", "clusterroles", "rolebindings", "clusterrolebindings"]}


@pytest.fixture
async def api(tmp_path):
    (tmp_path / "tokens.csv").write_text(USERS)
    (tmp_path / "sa.key").write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    files = {"token_file": tmp_path / "tokens.csv", "service_account_key": tmp_path / "sa.key"}
    async with (
        serving(ServerConfig(port=0, service_cidr="10.0.0.0/24", **files), SystemClock()) as server,
        aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session,
    ):
        yield session


async def send(api, method, path, body=None, token="admin", **headers):
    given = {name.replace("_", "-"): value for name, value in headers.items()} | {"Authorization": f"Bearer {token}"}
    async with api.request(method, path, json=body, headers=given) as response:
        return response.status, await response.json()


def role(name, *rules, **more):
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": list(rules)} | more


def binding(name, to, user="bob"):
    subject = {"kind": "User", "name": user, "apiGroup": RBAC}
    ref = {"apiGroup": RBAC, "kind": "ClusterRole", "name": to}
    body = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name}}
    return body | {"roleRef": ref, "subjects": [subject]}


@pytest.fixture
async def bob(api):
    """Bob may write roles and bindings, and read Pods."""
    await send(api, "POST", f"{ROLES}/clusterroles", role("bob", MANY | {"verbs": ["*"]}, reading("pods")))
    rights = role("bob", MANY | {"verbs": ["create", "update", "patch", "get", "list"]}, reading("pods"))
    await send(api, "PUT", f"{ROLES}/clusterroles/bob", rights)
    assert (await send(api, "POST", f"{ROLES}/clusterrolebindings", binding("bob", "bob")))[0] == 201
    return api


def reading(resource):
    return {"apiGroups": [""], "resources": [resource], "verbs": ["get", "list"]}


async def test_privilege_escalation_by_role(bob):
    assert (await send(bob, "POST", f"{ROLES}/clusterroles", role("a", reading("pods")), "bob"))[0] == 201
    status, body = await send(bob, "POST", f"{ROLES}/clusterroles", role("b", reading("secrets")), "bob")
    assert status == 403
    assert 'is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""]' in body["message"]
    assert (await send(bob, "PUT", f"{ROLES}/clusterroles/a", role("a", reading("secrets")), "bob"))[0] == 403


async def test_privilege_escalation_by_binding(bob):
    assert (await send(bob, "POST", f"{ROLES}/clusterrolebindings", binding("b", "cluster-admin"), "bob"))[0] == 403
    ref = binding("b", "cluster-admin") | {"kind": "RoleBinding"}
    assert (await send(bob, "POST", f"{ROLES}/namespaces/default/rolebindings", ref, "bob"))[0] == 403


async def test_privilege_escalation_by_aggregation(bob):
    gathering = {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"any": "thing"}}]}}
    status, body = await send(bob, "POST", f"{ROLES}/clusterroles", role("c", **gathering), "bob")
    assert status == 403
    assert '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}' in body["message"]
    await send(bob, "POST", f"{ROLES}/clusterroles", role("mine", reading("pods")), "bob")
    assert (await send(bob, "PUT", f"{ROLES}/clusterroles/mine", role("mine", **gathering), "bob"))[0] == 403


async def test_privilege_escalation_by_a_label_that_has_a_role_gathered(bob):
    await send(bob, "POST", f"{ROLES}/clusterroles", role("strong", reading("secrets")))
    label = {"metadata": {"name": "strong", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}}}
    changed = role("strong", reading("secrets")) | label
    assert (await send(bob, "PUT", f"{ROLES}/clusterroles/strong", changed, "bob"))[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Impersonate_User": "admin"},
        {"Impersonate_User": "bob", "Impersonate_Group": "system:masters"},
        {"Impersonate_User": "system:node:n1", "Impersonate_Group": "system:nodes"},
        {"Impersonate_User": "bob", "Impersonate_Uid": "1"},
        {"Impersonate_User": "bob", "Impersonate_Extra_scopes": "all"},
    ],
)
async def test_privilege_escalation_by_impersonation(bob, headers):
    status, body = await send(bob, "GET", "/api/v1/namespaces", token="bob", **headers)
    assert (status, body["reason"]) == (403, "Forbidden")


async def test_privilege_escalation_by_impersonation_of_more_than_is_allowed(bob):
    rule = {"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"], "resourceNames": ["jane"]}
    await send(bob, "POST", f"{ROLES}/clusterroles", role("as-jane", rule))
    await send(bob, "POST", f"{ROLES}/clusterrolebindings", binding("as-jane", "as-jane"))
    status, body = await send(bob, "GET", "/api/v1/pods", token="bob", Impersonate_User="jane")
    assert 'User "jane" cannot list' in body["message"]
    status, body = await send(
        bob, "GET", "/api/v1/pods", token="bob", Impersonate_User="jane", Impersonate_Group="system:masters"
    )
    assert status == 403


async def test_header_smuggling_of_identities_without_a_front_proxy(api):
    says = {"X_Remote_User": "admin", "X_Remote_Group": "system:masters"}
    assert (await send(api, "GET", "/api/v1/namespaces", token="bob", **says))[0] == 403
    async with api.get("/api/v1/namespaces", headers={"X-Remote-User": "admin"}) as response:
        assert response.status == 403


def pod(name, node="", **spec):
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}}
    place = {"nodeName": node} if node else {}
    return body | {"spec": {"containers": [{"name": "c", "image": "i"}]} | place | spec}


@pytest.fixture
async def nodes(api):
    """Two nodes; each has a Pod, that of the second one with a Secret."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    await send(api, "POST", "/api/v1/namespaces/default/serviceaccounts", account)
    value = base64.b64encode(b"v").decode()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": value}}
    await send(api, "POST", "/api/v1/namespaces/default/secrets", secret)
    for number in ("1", "2"):
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"n{number}"}}
        assert (await send(api, "POST", "/api/v1/nodes", node, f"node-{number}"))[0] == 201
    volume = {"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}
    assert (await send(api, "POST", "/api/v1/namespaces/default/pods", pod("p1", "n1")))[0] == 201
    assert (await send(api, "POST", "/api/v1/namespaces/default/pods", pod("p2", "n2", **volume)))[0] == 201
    return api


async def test_a_node_sees_the_secrets_of_its_own_pods_alone(nodes):
    secret = "/api/v1/namespaces/default/secrets/s"
    assert (await send(nodes, "GET", secret, token="node-2"))[0] == 200
    assert (await send(nodes, "GET", secret, token="node-1"))[0] == 403
    assert (await send(nodes, "GET", "/api/v1/secrets", token="node-2"))[0] == 403
    assert (await send(nodes, "DELETE", secret, token="node-2"))[0] == 403


async def test_a_node_reports_the_status_of_its_own_pods_alone(nodes):
    for name, allowed in (("p2", True), ("p1", False)):
        path = f"/api/v1/namespaces/default/pods/{name}"
        _, current = await send(nodes, "GET", path)
        current["status"] |= {"phase": "Running"}
        status, _ = await send(nodes, "PUT", f"{path}/status", current, "node-2")
        assert (status == 200) is allowed
    assert (await send(nodes, "DELETE", "/api/v1/namespaces/default/pods/p1", token="node-2"))[0] == 403
    assert (await send(nodes, "GET", "/api/v1/pods", token="node-2"))[0] == 403
    assert (await send(nodes, "GET", "/api/v1/pods?fieldSelector=spec.nodeName=n1", token="node-2"))[0] == 403
    assert (await send(nodes, "GET", "/api/v1/pods?fieldSelector=spec.nodeName=n2", token="node-2"))[0] == 200


async def test_a_node_makes_no_pods_of_its_own_that_reach_secrets(nodes):
    mirror = {"kubernetes.io/config.mirror": "x"}
    wanted = pod("m", "n2", volumes=[{"name": "v", "secret": {"secretName": "s"}}])
    wanted["metadata"]["annotations"] = mirror
    assert (await send(nodes, "POST", "/api/v1/namespaces/default/pods", wanted, "node-2"))[0] == 403
    assert (await send(nodes, "POST", "/api/v1/namespaces/default/pods", pod("x", "n2"), "node-2"))[0] == 403


async def test_a_node_changes_itself_alone(nodes):
    _, other = await send(nodes, "GET", "/api/v1/nodes/n1")
    assert (await send(nodes, "PUT", "/api/v1/nodes/n1/status", other, "node-2"))[0] == 403
    assert (await send(nodes, "PUT", "/api/v1/nodes/n1", other, "node-2"))[0] == 403
    assert (await send(nodes, "DELETE", "/api/v1/nodes/n1", token="node-2"))[0] == 403
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "n1"}, "spec": {}}
    path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
    assert (await send(nodes, "POST", path, lease, "node-2"))[0] == 403


async def test_a_node_gets_tokens_for_the_pods_that_it_runs_alone(nodes):
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    _, other = await send(nodes, "GET", "/api/v1/namespaces/default/pods/p1")
    bound = {"kind": "Pod", "apiVersion": "v1", "name": "p1", "uid": other["metadata"]["uid"]}
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": ["a"]}}
    assert (await send(nodes, "POST", path, request, "node-2"))[0] == 403
    request["spec"]["boundObjectRef"] = bound
    assert (await send(nodes, "POST", path, request, "node-2"))[0] == 403
    _, own = await send(nodes, "GET", "/api/v1/namespaces/default/pods/p2")
    request["spec"] = {"boundObjectRef": bound | {"name": "p2", "uid": own["metadata"]["uid"]}}
    assert (await send(nodes, "POST", path, request, "node-2"))[0] == 201


async def test_a_users_name_makes_no_node(nodes):
    assert (await send(nodes, "GET", "/api/v1/nodes/n1", token="no-node"))[0] == 403
