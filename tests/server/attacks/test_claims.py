"""A driver or user with the right to the status of claims that says more there than is theirs to say."""

import pytest

from .conftest import RBAC

CLAIMS = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims"
STATUS = {"apiGroups": ["resource.k8s.io"], "resources": ["resourceclaims/status"], "verbs": ["update", "patch"]}
RESULT = {"request": "r", "driver": "gpu.example.com", "pool": "p", "device": "d"}
ON_NODE = {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}]}
ALLOCATION = {"devices": {"results": [RESULT]}, "nodeSelector": ON_NODE}
DEVICES = [{"driver": "gpu.example.com", "pool": "p", "device": "d", "data": {"a": "b"}}]


@pytest.fixture
async def claim(api):
    """A claim; Bob may write its status."""
    exactly = {"deviceClassName": "c", "allocationMode": "ExactCount", "count": 1}
    spec = {"devices": {"requests": [{"name": "r", "exactly": exactly}]}}
    head = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": {"name": "c"}}
    await api.made(CLAIMS, head | {"spec": spec})
    await api.allow("status", STATUS)
    return api


async def say(api, token="bob", **status):
    """(status code, message) of an update of the claim's status."""
    _, current = await api.send("GET", f"{CLAIMS}/c")
    current["status"] = current.get("status", {}) | status
    code, found = await api.send("PUT", f"{CLAIMS}/c/status", current, token)
    return code, found.get("message", "")


async def test_privilege_escalation_by_the_status_of_a_claim_nobody_allocates_devices(claim):
    code, message = await say(claim, allocation=ALLOCATION)
    assert code == 422
    assert message == (
        'ResourceClaim.resource.k8s.io "c" is invalid: status.allocation: Forbidden: changing status.allocation or '
        'status.reservedFor requires resource="resourceclaims/binding", verb="update" permission: '
        'resourceclaims.resource.k8s.io is forbidden: User "bob" cannot update resource "resourceclaims/binding" in '
        'API group "resource.k8s.io" at the cluster scope'
    )
    binding = {"apiGroups": ["resource.k8s.io"], "resources": ["resourceclaims/binding"], "verbs": ["update"]}
    await claim.allow("binds", binding)
    assert (await say(claim, allocation=ALLOCATION))[0] == 200


async def test_privilege_escalation_by_the_status_of_a_claim_nobody_speaks_for_a_driver(claim):
    assert (await say(claim, "admin", allocation=ALLOCATION))[0] == 200
    assert (await say(claim))[0] == 200  # nothing has changed
    code, message = await say(claim, devices=DEVICES)
    assert code == 422
    assert 'requires resource="resourceclaims/driver", verb="[arbitrary-node:update]" permission' in message
    driver = {"apiGroups": ["resource.k8s.io"], "resources": ["resourceclaims/driver"]}
    await claim.allow("other", driver | {"verbs": ["arbitrary-node:update"], "resourceNames": ["nic.example.com"]})
    assert (await say(claim, devices=DEVICES))[0] == 422
    await claim.allow("own", driver | {"verbs": ["arbitrary-node:update"], "resourceNames": ["gpu.example.com"]})
    assert (await say(claim, devices=DEVICES))[0] == 200


@pytest.mark.parametrize(("node", "code"), [("n1", 200), ("n2", 422)])
async def test_a_node_that_touches_the_devices_of_another_by_its_driver(claim, node, code):
    assert (await say(claim, "admin", allocation=ALLOCATION))[0] == 200
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "driver"}}
    await claim.made("/api/v1/namespaces/default/serviceaccounts", account)
    spec = {"serviceAccountName": "driver", "nodeName": node, "containers": [{"name": "c", "image": "i"}]}
    await claim.made("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}})
    pod = await claim.made(
        "/api/v1/namespaces/default/pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "d"}, "spec": spec}
    )
    bound = {"apiVersion": "v1", "kind": "Pod", "name": "d", "uid": pod["metadata"]["uid"]}
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"boundObjectRef": bound}}
    made = await claim.made("/api/v1/namespaces/default/serviceaccounts/driver/token", request)
    driver = {"apiGroups": ["resource.k8s.io"], "resources": ["resourceclaims/driver"]}
    rules = [STATUS, driver | {"verbs": ["associated-node:update"]}]
    head = {"apiVersion": f"{RBAC}/v1", "metadata": {"name": "driver"}}
    await claim.made(f"/apis/{RBAC}/v1/clusterroles", head | {"kind": "ClusterRole", "rules": rules})
    subject = {"kind": "ServiceAccount", "name": "driver", "namespace": "default"}
    role = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "driver"}
    body = head | {"kind": "ClusterRoleBinding", "roleRef": role, "subjects": [subject]}
    await claim.made(f"/apis/{RBAC}/v1/clusterrolebindings", body)
    assert (await say(claim, made["status"]["token"], devices=DEVICES))[0] == code
