"""A chart that brings a definition and a webhook, installed by Helm; its custom resources, reconciled by kopf."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import processes
from tests.e2e.helm.conftest import Helm

pytestmark = pytest.mark.e2e
OPERATOR = Path(__file__).with_name("operator_of_lamps.py")
CHART = str(Path(__file__).with_name("chart"))
WAIT = {"wait": "watcher", "timeout": 60}


def lamp(name, **spec):
    head = {"apiVersion": "charts.example.com/v1", "kind": "Lamp", "metadata": {"name": name}}
    return head | {"spec": spec}


@pytest.fixture
def helm(kubectl, image) -> Helm:
    """Helm, where the image is that the chart uses."""
    return Helm(kubectl)


@pytest.fixture
def chart(kubectl, helm) -> Iterator[None]:
    """The chart, installed."""
    try:
        helm("install", CHART, "lamps", {}, **WAIT)
        yield
        helm("uninstall", "lamps", **WAIT)
    finally:
        kubectl("delete", "validatingwebhookconfiguration", f"lamps-{kubectl.namespace}", "--ignore-not-found")
        kubectl("delete", "crd", "lamps.charts.example.com", "--ignore-not-found")


def test_a_chart_brings_its_definition_and_its_webhook(kubectl, helm, chart):
    kubectl.apply(lamp("a", color="red"))
    assert kubectl.get("lamp", "a")["spec"] == {"color": "red", "watts": 5}
    said = kubectl.refusal("apply", "-f", "-", stdin=json.dumps(lamp("b", color="red", bad=True)))
    assert "this is bad" in said
    assert "Unsupported value" in kubectl.refusal("patch", "lamp", "a", "--type=merge", '-p={"spec":{"color":"blue"}}')
    helm("upgrade", CHART, "lamps", {"replicas": 2}, **WAIT)
    assert kubectl.get("deployment", "lamps")["status"]["readyReplicas"] == 2
    kubectl.apply(lamp("b", color="green"))
    assert helm("status", "lamps")["status"] == "deployed"
    assert "lamp.charts.example.com/a" in kubectl("get", "all", "-o", "name")


def test_an_operator_reconciles_custom_resources(kubectl, chart):
    kopf = str(Path(sys.executable).with_name("kopf"))
    command = [kopf, "run", "--verbose", "--standalone", f"--namespace={kubectl.namespace}", str(OPERATOR)]
    with processes.started(command, kubectl.environment) as operator:
        operator.expect("Starting the watch-stream for lamps.v1.charts.example.com")
        kubectl.apply(lamp("a", color="red"))
        kubectl.wait("jsonpath={.status.lit}=red", "lamp/a")
        assert kubectl.get("configmap", "lamp-a")["data"] == {"watts": "5"}
        kubectl.apply(lamp("a", color="green"))
        kubectl.wait("jsonpath={.status.lit}=green", "lamp/a")
        assert kubectl("get", "lamps", "--no-headers").split() == ["a", "green", "green"]
        kubectl("delete", "lamp", "a")
        kubectl.wait("delete", "configmap/lamp-a")
