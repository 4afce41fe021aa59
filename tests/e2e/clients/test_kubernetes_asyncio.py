"""kubernetes-asyncio: the official client's twin for asyncio."""

import asyncio

import pytest
from kubernetes_asyncio import client, config, watch
from kubernetes_asyncio.client.rest import ApiException
from kubernetes_asyncio.stream import WsApiClient

from tests.e2e.manifests import config_map, deployment, pod

pytestmark = pytest.mark.e2e


@pytest.fixture
async def settings(kubeconfig):
    made = client.Configuration()
    await config.load_kube_config(str(kubeconfig), client_configuration=made)
    return made


@pytest.fixture
async def api(settings):
    async with client.ApiClient(settings) as made:
        yield made


async def ready(core, namespace, count=1):
    """The names of `count` Pods, once a watch has shown them Ready."""
    found = set()
    async with watch.Watch() as watching, asyncio.timeout(40):
        async for event in watching.stream(core.list_namespaced_pod, namespace):
            seen = event["object"]
            if any(c.type == "Ready" and c.status == "True" for c in seen.status.conditions or ()):
                found.add(seen.metadata.name)
            if len(found) >= count:
                return sorted(found)
    raise AssertionError(f"only these were Ready: {found}")


async def test_a_deployment_from_creation_to_deletion(api, kubectl):
    apps, core, namespace = client.AppsV1Api(api), client.CoreV1Api(api), kubectl.namespace
    await apps.create_namespaced_deployment(namespace, deployment("web"))
    await ready(core, namespace)
    await apps.patch_namespaced_deployment("web", namespace, {"spec": {"replicas": 2}})
    await ready(core, namespace, 2)
    await apps.patch_namespaced_deployment_scale(
        "web", namespace, [{"op": "replace", "path": "/spec/replicas", "value": 0}]
    )
    assert (await apps.read_namespaced_deployment("web", namespace)).spec.replicas == 0
    await apps.delete_namespaced_deployment("web", namespace)
    with pytest.raises(ApiException, match="NotFound"):
        await apps.read_namespaced_deployment("web", namespace)


async def test_logs_and_commands(api, settings, kubectl):
    core, namespace = client.CoreV1Api(api), kubectl.namespace
    await core.create_namespaced_pod(namespace, pod("a", "echo one; sleep 3600"))
    await ready(core, namespace)
    assert await core.read_namespaced_pod_log("a", namespace) == "one\n"
    async with WsApiClient(settings) as sockets:
        command = ["sh", "-c", "echo $((6*7))"]
        options = {"stderr": True, "stdin": False, "stdout": True, "tty": False}
        said = await client.CoreV1Api(sockets).connect_get_namespaced_pod_exec(
            "a", namespace, command=command, **options
        )
    assert said.strip() == "42"


async def test_many_writes_at_once_are_all_seen_by_a_watch(api, kubectl):
    core, namespace = client.CoreV1Api(api), kubectl.namespace
    since = (await core.list_namespaced_config_map(namespace)).metadata.resource_version
    names = {f"c{n}" for n in range(30)}
    async with asyncio.TaskGroup() as tasks:
        for name in names:
            tasks.create_task(core.create_namespaced_config_map(namespace, config_map(name)))
    seen = set()
    async with watch.Watch() as watching, asyncio.timeout(20):
        async for event in watching.stream(core.list_namespaced_config_map, namespace, resource_version=since):
            seen.add(event["object"].metadata.name)
            if names <= seen:
                return
