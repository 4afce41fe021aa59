"""kr8s: a client in the manner of kubectl."""

import kr8s
import pytest
from kr8s.asyncio import objects as later
from kr8s.objects import ConfigMap, Deployment, Pod, Service

from tests.e2e.manifests import config_map, deployment, pod, service, web

pytestmark = pytest.mark.e2e


@pytest.fixture
def api(kubeconfig, kubectl):
    return kr8s.api(kubeconfig=str(kubeconfig), namespace=kubectl.namespace)


def made(kind, manifest, api):
    manifest["metadata"]["namespace"] = api.namespace
    found = kind(manifest, api=api)
    found.create()
    return found


def test_a_deployment_from_creation_to_deletion(api):
    web_ = made(Deployment, deployment("web"), api)
    web_.wait("condition=Available", timeout=40)
    web_.scale(2)
    assert web_.replicas == 2
    web_.wait("jsonpath='{.status.readyReplicas}'=2", timeout=40)
    assert len(list(web_.pods())) == 2
    web_.patch({"metadata": {"labels": {"tier": "front"}}})
    web_.label({"more": "yes"})
    assert [d.name for d in api.get("deployments", label_selector={"tier": "front"})] == ["web"]
    web_.delete()
    web_.wait("delete", timeout=40)
    assert not web_.exists()


def test_logs_and_commands(api):
    one = made(Pod, pod("a", "echo one; sleep 3600"), api)
    one.wait("condition=Ready", timeout=40)
    assert next(one.logs(follow=True)) == "one"
    done = one.exec(["sh", "-c", "echo out; exit 3"], check=False)
    assert (done.returncode, done.stdout) == (3, b"out\n")


async def test_a_service_leads_to_its_pods_and_ports_are_forwarded(kubeconfig, kubectl):
    api = await kr8s.asyncio.api(kubeconfig=str(kubeconfig), namespace=kubectl.namespace)
    kubectl.apply(web("web"), service("web"))
    kubectl.ready("pod/web")
    front = await later.Service.get("web", api=api)
    assert [p.name for p in await front.ready_pods()] == ["web"]
    async with front.portforward(8080, local_port="auto") as port:
        response = await fetch(port)
    assert "hello v1 from pod" in response


async def fetch(port: int) -> str:
    import aiohttp

    url = f"http://127.0.0.1:{port}/cgi-bin/index.cgi"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.text()


def test_objects_are_watched(api):
    made(ConfigMap, config_map("a", k="1"), api)
    events = api.watch("configmaps", field_selector={"metadata.name": "a"})
    assert next(events)[0] == "ADDED"
    ConfigMap.get("a", api=api).patch({"data": {"k": "2"}})
    event, seen = next(events)
    assert (event, seen.raw.data.k) == ("MODIFIED", "2")


def test_the_cluster_tells_its_version_and_kinds(api):
    assert api.version()["minor"] == "36"
    kinds = {r["kind"] for r in api.api_resources()}
    assert {"Pod", "Deployment", "Ingress"} <= kinds
    assert isinstance(made(Service, service("a"), api).spec.clusterIP, str)
