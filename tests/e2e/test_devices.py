"""Devices of a driver on a node: allocated by the scheduler, prepared by the driver, seen in the container."""

import sys
from typing import Any

import pytest

from tests.e2e import processes
from tests.e2e.cluster import environment
from tests.e2e.manifests import pod

pytestmark = pytest.mark.e2e
NAME, API = "gpu.example.com", "resource.k8s.io/v1"


@pytest.fixture
def driver(podo, kubectl, tmp_path):
    """The driver at work on node-1; the answer is its log."""
    log, kubelet = tmp_path / "log", podo.state / "nodes/node-1/kubelet"
    log.touch()
    command = [sys.executable, "-m", "tests.node.claims.driver", NAME, str(kubelet), str(log)]
    kubectl.apply(device_class(), offer("d1", "d2"))
    with processes.started(command, environment(tmp_path)):
        yield log
    kubectl("delete", "resourceslice,deviceclass", "--all", "--wait=false")
    (kubelet / "plugins_registry" / f"{NAME}-reg.sock").unlink(missing_ok=True)
    for left in (kubelet / "cdi").glob("*.json"):
        left.unlink()


def device_class() -> dict[str, Any]:
    spec = {"selectors": [{"cel": {"expression": f"device.driver == '{NAME}'"}}], "extendedResourceName": "ex.com/gpu"}
    return {"apiVersion": API, "kind": "DeviceClass", "metadata": {"name": "gpu"}, "spec": spec}


def offer(*devices: str) -> dict[str, Any]:
    pool = {"name": "node-1", "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": NAME, "nodeName": "node-1", "pool": pool, "devices": [{"name": name} for name in devices]}
    return {"apiVersion": API, "kind": "ResourceSlice", "metadata": {"name": "node-1-gpu"}, "spec": spec}


def wishes() -> dict[str, Any]:
    return {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "gpu"}}]}}


def user(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    claims = [{"name": "gpu", **entry}]
    return pod(name, resourceClaims=claims, container={"resources": {"claims": [{"name": "gpu"}]}})


def seen(kubectl, name: str) -> str:
    """The device that a container was given."""
    return kubectl("exec", name, "--", "sh", "-c", "echo $DEVICE").strip()


def told(log) -> list[str]:
    return log.read_text().splitlines()


def test_a_pod_has_its_device_from_its_start_to_its_end(kubectl, driver):
    template = {
        "apiVersion": API,
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": "t"},
        "spec": {"spec": wishes()},
    }
    kubectl.apply(template, user("p", {"resourceClaimTemplateName": "t"}))
    kubectl.ready("pod/p")
    (claim,) = kubectl.get("resourceclaims")
    (result,) = claim["status"]["allocation"]["devices"]["results"]
    assert (result["driver"], result["pool"], result["device"]) == (NAME, "node-1", "d1")
    name = claim["metadata"]["name"]
    assert seen(kubectl, "p") == name
    status = kubectl.get("pod", "p")["status"]
    assert status["resourceClaimStatuses"] == [{"name": "gpu", "resourceClaimName": name}]
    (told_of,) = status["containerStatuses"][0]["allocatedResourcesStatus"]
    assert told_of["resources"] == [{"resourceID": f"{NAME}/gpu={name}", "health": "Unknown"}]
    kubectl("delete", "pod", "p")
    kubectl.wait("delete", f"resourceclaim/{name}")
    assert told(driver) == [f"NodePrepareResources {name}", f"NodeUnprepareResources {name}"]


def test_pods_share_a_claim_that_outlives_them(kubectl, driver):
    kubectl.apply({"apiVersion": API, "kind": "ResourceClaim", "metadata": {"name": "c"}, "spec": wishes()})
    kubectl.apply(*(user(name, {"resourceClaimName": "c"}) for name in "pq"))
    kubectl.ready("pod/p", "pod/q")
    assert [seen(kubectl, name) for name in "pq"] == ["c", "c"]
    kubectl("delete", "pod", "p", "q")
    kubectl("delete", "resourceclaim", "c")  # not before its devices are given back
    assert told(driver) == ["NodePrepareResources c", "NodeUnprepareResources c"]


def test_an_extended_resource_may_be_a_device(kubectl, driver):
    amounts = {"ex.com/gpu": "1"}
    kubectl.apply(pod("p", container={"resources": {"requests": amounts, "limits": amounts}}))
    kubectl.ready("pod/p")
    status = kubectl.get("pod", "p")["status"]["extendedResourceClaimStatus"]
    assert seen(kubectl, "p") == status["resourceClaimName"]
    kubectl("delete", "pod", "p")
    kubectl.wait("delete", "resourceclaims", "--all")
