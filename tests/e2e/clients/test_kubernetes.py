"""kubernetes: the official client."""

import json

import pytest
from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException
from kubernetes.stream import portforward, stream

from tests.e2e.manifests import config_map, deployment, pod, web

pytestmark = pytest.mark.e2e


@pytest.fixture
def api(kubeconfig):
    with config.new_client_from_config(str(kubeconfig)) as made:
        yield made


@pytest.fixture
def core(api):
    return client.CoreV1Api(api)


@pytest.fixture
def namespace(kubectl):
    return kubectl.namespace


def ready(core, namespace, *, count=1, **selector):
    """The names of `count` Pods, once a watch has shown them Ready."""
    found = set()
    for event in watch.Watch().stream(core.list_namespaced_pod, namespace, timeout_seconds=40, **selector):
        seen = event["object"]
        conditions = seen.status.conditions or ()
        if event["type"] != "DELETED" and any(c.type == "Ready" and c.status == "True" for c in conditions):
            found.add(seen.metadata.name)
        if len(found) >= count:
            return sorted(found)
    raise AssertionError(f"only these were Ready: {found}")


def test_a_deployment_from_creation_to_deletion(api, core, namespace):
    apps = client.AppsV1Api(api)
    made = apps.create_namespaced_deployment(namespace, deployment("web", replicas=2))
    assert (made.metadata.generation, made.spec.strategy.type) == (1, "RollingUpdate")
    ready(core, namespace, count=2, label_selector="app=web")
    apps.patch_namespaced_deployment("web", namespace, {"metadata": {"labels": {"tier": "front"}}})
    assert apps.list_namespaced_deployment(namespace, label_selector="tier=front").items[0].metadata.name == "web"
    apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 3}})
    assert apps.read_namespaced_deployment_scale("web", namespace).spec.replicas == 3
    ready(core, namespace, count=3, label_selector="app=web")
    apps.delete_namespaced_deployment("web", namespace, propagation_policy="Foreground")
    for event in watch.Watch().stream(apps.list_namespaced_deployment, namespace, timeout_seconds=40):
        if event["type"] == "DELETED":
            break
    assert core.list_namespaced_pod(namespace).items == []


def test_logs_are_read_and_followed(core, namespace):
    core.create_namespaced_pod(namespace, pod("a", "echo one; echo two; sleep 3600"))
    ready(core, namespace)
    lines = watch.Watch().stream(core.read_namespaced_pod_log, "a", namespace)
    assert [next(lines), next(lines)] == ["one", "two"]
    assert core.read_namespaced_pod_log("a", namespace, tail_lines=1) == "two\n"


def test_commands_run_in_a_container(core, namespace):
    core.create_namespaced_pod(namespace, pod("a"))
    ready(core, namespace)
    options = {"stderr": True, "stdin": True, "stdout": True, "tty": False, "_preload_content": False}
    session = stream(core.connect_get_namespaced_pod_exec, "a", namespace, command=["sh"], **options)
    session.write_stdin("echo out; echo err >&2; exit 3\n")
    session.run_forever(timeout=20)
    assert session.read_stdout() == "out\n"
    assert session.read_stderr() == "err\n"
    assert session.returncode == 3


def test_a_port_is_forwarded(core, namespace):
    core.create_namespaced_pod(namespace, web("a"))
    ready(core, namespace)
    forward = portforward(core.connect_get_namespaced_pod_portforward, "a", namespace, ports="8080")
    socket = forward.socket(8080)
    socket.settimeout(10)
    socket.sendall(b"GET /cgi-bin/index.cgi HTTP/1.0\r\n\r\n")
    answer = b""
    while part := socket.recv(4096):
        answer += part
    assert b"hello v1 from pod" in answer


def test_failures_are_told_by_status(core, namespace):
    core.create_namespaced_config_map(namespace, config_map("a"))
    with pytest.raises(ApiException) as taken:
        core.create_namespaced_config_map(namespace, config_map("a"))
    assert (taken.value.status, json.loads(taken.value.body)["reason"]) == (409, "AlreadyExists")
    with pytest.raises(ApiException) as missing:
        core.read_namespaced_pod("a", namespace)
    assert (missing.value.status, json.loads(missing.value.body)["details"]["name"]) == (404, "a")


def test_an_old_version_cannot_be_written(core, namespace):
    first = core.create_namespaced_config_map(namespace, config_map("a", k="1"))
    core.patch_namespaced_config_map("a", namespace, {"data": {"k": "2"}})
    first.data = {"k": "3"}
    with pytest.raises(ApiException) as conflict:
        core.replace_namespaced_config_map("a", namespace, first)
    assert (conflict.value.status, conflict.value.reason) == (409, "Conflict")


def test_long_lists_come_in_pieces_and_watches_go_on_from_them(core, namespace):
    for number in range(7):
        core.create_namespaced_config_map(namespace, config_map(f"c{number}"))
    page, names = core.list_namespaced_config_map(namespace, limit=3), []
    names += [c.metadata.name for c in page.items]
    while token := page.metadata._continue:
        page = core.list_namespaced_config_map(namespace, limit=3, _continue=token)
        names += [c.metadata.name for c in page.items]
    assert [n for n in names if n.startswith("c")] == [f"c{n}" for n in range(7)]
    core.delete_namespaced_config_map("c0", namespace)
    since = page.metadata.resource_version
    events = watch.Watch().stream(
        core.list_namespaced_config_map, namespace, resource_version=since, timeout_seconds=20
    )
    event = next(events)
    assert (event["type"], event["object"].metadata.name) == ("DELETED", "c0")


def test_the_dynamic_client_finds_kinds_and_applies(api, namespace):
    resources = dynamic.DynamicClient(api)
    maps = resources.resources.get(api_version="v1", kind="ConfigMap")
    maps.server_side_apply(body=config_map("a", k="v"), name="a", namespace=namespace, field_manager="test")
    assert maps.get(name="a", namespace=namespace).data.k == "v"
    maps.patch(body={"data": {"l": "w"}}, name="a", namespace=namespace, content_type="application/merge-patch+json")
    assert maps.get(name="a", namespace=namespace).data.to_dict() == {"k": "v", "l": "w"}
    deployments = resources.resources.get(api_version="apps/v1", kind="Deployment")
    deployments.create(body=deployment("web"), namespace=namespace)
    assert deployments.get(namespace=namespace).items[0].metadata.name == "web"
    assert deployments.scale.get(name="web", namespace=namespace).spec.replicas == 1
