"""Two hundred requests a second through a Service, while everything behind it changes: none is lost."""

import pytest

from tests.e2e.load import load
from tests.e2e.manifests import deployment, service
from tests.e2e.processes import until

pytestmark = pytest.mark.e2e


@pytest.fixture
def web(kubectl):
    """kubectl, with four replicas of v1 on both nodes behind a Service, which answers."""
    strategy = {"rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}}
    made = deployment("web", replicas=4, strategy=strategy)
    spread = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    made["spec"]["template"]["spec"] |= {
        "topologySpreadConstraints": [spread | {"labelSelector": {"matchLabels": {"app": "web"}}}],
        "terminationGracePeriodSeconds": 5,
    }
    kubectl.apply(made, service("web"))
    kubectl.rolled_out("deployment/web")
    return kubectl


@pytest.fixture
def busy(web):
    """The load: entered before the change, looked at when the change has come to rest."""
    address = web.get("service", "web")["spec"]["clusterIP"]
    with load(address) as found:
        until_answered(found)
        yield found
        more = found.answered + 200
        until_answered(found, more)
    assert found.failures == []


def until_answered(found, number=50):
    """Wait until so many requests have been answered, or one was not."""
    until(f"{number} answers", lambda: found.answered >= number or found.failures, 30)


def test_a_rolling_update_and_its_rollback(web, busy):
    for verb in (("set", "image", "deployment/web", "main=hello:v2"), ("rollout", "undo", "deployment/web")):
        web(*verb)
        web.rolled_out("deployment/web")


def test_a_scale_down(web, busy):
    for count in (8, 1, 4):
        web("scale", "deployment/web", f"--replicas={count}")
        web.rolled_out("deployment/web")


def test_a_drain(web, busy):
    kept = [p for p in web.pods() if p["spec"]["nodeName"] == "node-2"]
    assert kept, "there is something to drain"
    try:
        web("drain", "node-2", "--pod-selector=app=web", "--ignore-daemonsets", seconds=90)
        web.rolled_out("deployment/web")
        assert {p["spec"]["nodeName"] for p in web.pods()} == {"node-1"}
    finally:
        web("uncordon", "node-2")
