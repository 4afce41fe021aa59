"""An API server behind the API server, as a Pod, used by an unmodified kubectl."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e import processes
from tests.e2e.extending.conftest import NAME
from tests.e2e.manifests import config_map

pytestmark = pytest.mark.e2e
GROUP, VERSION = "wardle.example.com", "v1alpha1"
SERVICE = f"{VERSION}.{GROUP}"


@pytest.fixture
def wardle(kubectl, extension) -> Iterator[str]:
    """The group, served by the Pod."""
    where = {"namespace": extension.namespace, "name": NAME, "port": 443}
    spec = {"group": GROUP, "version": VERSION, "service": where, "caBundle": extension.bundle}
    spec |= {"groupPriorityMinimum": 2000, "versionPriority": 200}
    found = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": SERVICE}}
    kubectl.apply(found | {"spec": spec})
    kubectl.wait("condition=Available", f"apiservice/{SERVICE}")
    yield GROUP
    kubectl("delete", "apiservice", SERVICE, "--ignore-not-found")


def flunder(name):
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": "Flunder", "metadata": {"name": name}, "spec": {"x": 1}}


def test_its_objects_are_made_listed_watched_and_deleted(kubectl, wardle):
    made = kubectl("create", "-f", "-", "--validate=false", "-o", "json", stdin=json.dumps(flunder("a")))
    assert json.loads(made)["spec"]["madeBy"] == "kubernetes-admin"
    assert [item["metadata"]["name"] for item in kubectl.get("flunders")] == ["a"]
    with kubectl.start("get", "flunders", "--watch-only", "-o", "name") as watching:
        watching.expect("flunder.wardle.example.com/a")
    kubectl("delete", "flunder", "a")
    assert kubectl.get("flunders") == []


def test_its_objects_go_with_their_namespace(kubectl, wardle):
    other = f"{kubectl.namespace}-other"
    kubectl("create", "namespace", other)
    kubectl("create", "-n", other, "-f", "-", "--validate=false", stdin=json.dumps(flunder("a")))
    kubectl("delete", "namespace", other, "--timeout=20s")
    listed = json.loads(kubectl("get", "--raw", f"/apis/{GROUP}/{VERSION}/namespaces/{other}/flunders"))
    assert listed["items"] == []


def test_its_objects_go_with_their_owner(kubectl, wardle):
    kubectl.apply(config_map("owner"))
    uid = kubectl.get("configmap", "owner")["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}
    made = flunder("owned")
    made["metadata"]["ownerReferences"] = [owner]
    for each in (made, flunder("free")):
        kubectl("create", "-f", "-", "--validate=false", stdin=json.dumps(each))
    kubectl("delete", "configmap", "owner")

    def only_free():
        return [item["metadata"]["name"] for item in kubectl.get("flunders")] == ["free"]

    processes.until("the flunder goes that has lost its owner", only_free, seconds=30)


def test_it_is_in_discovery_like_any_other(kubectl, wardle):
    assert f"{GROUP}/{VERSION}" in kubectl("api-versions")
    assert "flunders" in kubectl("api-resources", f"--api-group={GROUP}")
    listed = kubectl("get", "apiservices", SERVICE, "--no-headers").split()
    assert listed[:3] == [SERVICE, f"{kubectl.namespace}/{NAME}", "True"]
    assert "Local" in kubectl("get", "apiservices", "v1.apps", "--no-headers")


def test_rights_are_checked_before_it_is_asked(kubectl, wardle):
    said = kubectl.refusal("get", "flunders", "--as=nobody")
    assert 'User "nobody" cannot list resource "flunders" in API group "wardle.example.com"' in said


def test_it_is_unavailable_when_its_pods_are_gone(kubectl, wardle):
    kubectl("scale", f"deployment/{NAME}", "--replicas=0")
    kubectl.wait("condition=Available=false", f"apiservice/{SERVICE}")
    condition = kubectl.get("apiservice", SERVICE)["status"]["conditions"][0]
    assert condition["reason"] == "MissingEndpoints"
    assert "unavailable" in kubectl.refusal("get", "--raw", f"/apis/{GROUP}/{VERSION}").lower()
    kubectl("scale", f"deployment/{NAME}", "--replicas=1")
    kubectl.wait("condition=Available", f"apiservice/{SERVICE}")
