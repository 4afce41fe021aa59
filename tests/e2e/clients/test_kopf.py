"""kopf: an operator on ConfigMaps, run as its users run it."""

import sys
from pathlib import Path

import pytest

from tests.e2e import processes
from tests.e2e.manifests import config_map

pytestmark = pytest.mark.e2e
OPERATOR = Path(__file__).with_name("operator_of_sites.py")


@pytest.fixture
def operator(kubectl):
    """The running operator; what it prints can be read."""
    kopf = str(Path(sys.executable).with_name("kopf"))
    command = [kopf, "run", "--verbose", "--standalone", f"--namespace={kubectl.namespace}"]
    with processes.started([*command, str(OPERATOR)], kubectl.environment) as running:
        running.expect("Starting the watch-stream for configmaps.v1")
        yield running


def site(version: str) -> dict:
    return config_map("shop", version=version) | {"metadata": {"name": "shop", "labels": {"site": "yes"}}}


def test_an_operator_makes_changes_and_cleans_up(kubectl, operator):
    kubectl.apply(site("v1"))
    kubectl.wait("create", "deployment/shop")
    kubectl.rolled_out("deployment/shop")
    operator.expect("Creation is processed: 1 succeeded; 0 failed")
    operator.expect(r"pod shop-\S+ is Running")
    found = kubectl.get("configmap", "shop")
    assert found["metadata"]["finalizers"] == ["kopf.zalando.org/KopfFinalizerMarker"]
    owner = kubectl.get("deployment", "shop")["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["uid"]) == ("ConfigMap", found["metadata"]["uid"])
    kubectl.wait("create", "events", "--field-selector=reason=SiteMade")
    kubectl.apply(site("v2"))
    kubectl.wait("jsonpath={.spec.template.spec.containers[0].image}=hello:v2", "deployment/shop")
    kubectl.rolled_out("deployment/shop")
    kubectl("delete", "configmap", "shop")
    assert kubectl.get("configmap", "shop-was-here")
    kubectl.wait("delete", "deployment/shop", "service/shop")


def test_an_operator_that_comes_back_goes_on_where_it_was(kubectl, operator):
    kubectl.apply(site("v1"))
    operator.expect("Creation is processed: 1 succeeded; 0 failed")
    operator.process.terminate()
    operator.end()
    kubectl("delete", "configmap", "shop", "--wait=false")
    with processes.started(operator.process.args, kubectl.environment) as again:
        again.expect("Deletion is processed: 1 succeeded; 0 failed")
        kubectl.wait("delete", "configmap/shop")
