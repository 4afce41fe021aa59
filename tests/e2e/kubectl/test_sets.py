"""Sets of objects that belong together: ApplySets, kustomizations, and what prints many things at once."""

import json
from pathlib import Path

import pytest

from tests.e2e.manifests import config_map, deployment

pytestmark = pytest.mark.e2e
APPLYSET = {"KUBECTL_APPLYSET": "true"}


def manifest(*names: str) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [config_map(name) for name in names]})


def apply_set(kubectl, *names):
    given = "apply", "--prune", "--applyset=mine", "-f", "-"
    return kubectl(*given, stdin=manifest(*names), env=APPLYSET)


def test_an_applyset_remembers_its_members_and_prunes_them(kubectl):
    assert apply_set(kubectl, "a", "b") == "configmap/a created\nconfigmap/b created\n"
    parent = kubectl.get("secret", "mine")["metadata"]
    assert parent["annotations"]["applyset.kubernetes.io/contains-group-kinds"] == "ConfigMap"
    mark = parent["labels"]["applyset.kubernetes.io/id"]
    assert kubectl.get("configmap", "a")["metadata"]["labels"] == {"applyset.kubernetes.io/part-of": mark}
    assert "configmap/b pruned" in apply_set(kubectl, "a")
    kubectl("create", "configmap", "other")
    assert "pruned" not in apply_set(kubectl, "a")


def test_prune_with_a_list_of_kinds_spares_the_others(kubectl):
    labels = {"labels": {"set": "s"}}
    objects = [config_map("a"), config_map("b") | {"kind": "Secret"}]
    del objects[1]["data"]
    for each in objects:
        each["metadata"] |= labels
    kubectl.apply(*objects)
    said = kubectl(
        *("apply", "--prune", "-l", "set=s", "--prune-allowlist=core/v1/Secret", "-f", "-"),
        stdin=json.dumps(objects[0]),
    )
    assert "secret/b pruned" in said
    assert kubectl("get", "configmap,secret", "-l", "set=s", "-o", "name") == "configmap/a\n"


@pytest.fixture
def kustomization(tmp_path: Path) -> str:
    (tmp_path / "web.json").write_text(json.dumps(deployment("web")))
    (tmp_path / "kustomization.yaml").write_text(
        "resources: [web.json]\nnamePrefix: my-\nreplicas: [{name: web, count: 2}]\n"
        "configMapGenerator: [{name: settings, literals: [k=v]}]\n"
    )
    return str(tmp_path)


def test_a_kustomization_is_rendered_compared_applied_and_deleted(kubectl, kustomization):
    assert "name: my-web" in kubectl("kustomize", kustomization)
    assert kubectl.try_("diff", "-k", kustomization).status == 1
    assert "deployment.apps/my-web created" in kubectl("apply", "-k", kustomization)
    assert kubectl.try_("diff", "-k", kustomization).status == 0
    kubectl.rolled_out("deployment/my-web")
    assert len(kubectl.pods("-l", "app=web")) == 2
    assert 'deployment.apps "my-web" deleted' in kubectl("delete", "-k", kustomization)


def test_a_dump_has_what_there_is_and_its_logs(kubectl, tmp_path):
    kubectl.apply(deployment("web"))
    kubectl.rolled_out("deployment/web")
    kubectl("cluster-info", "dump", f"--output-directory={tmp_path}", f"--namespaces={kubectl.namespace}")
    folder = tmp_path / kubectl.namespace
    assert json.loads((folder / "deployments.json").read_text())["items"][0]["metadata"]["name"] == "web"
    (pod,) = kubectl.pods()
    assert "listens on port" in (folder / pod["metadata"]["name"] / "logs.txt").read_text()


def test_a_watch_says_what_happened_to_each(kubectl):
    kubectl("create", "configmap", "a")
    given = "get", "configmap", "a", "--watch", "--output-watch-events", "--no-headers"
    with kubectl.start(*given) as watch:
        watch.expect(r"^ADDED +a +0 ")
        kubectl("patch", "configmap", "a", "-p", '{"data":{"k":"v"}}')
        watch.expect(r"^MODIFIED +a +1 ")
        kubectl("delete", "configmap", "a")
        watch.expect(r"^DELETED +a +1 ")


def test_only_new_objects_are_watched_if_asked(kubectl):
    kubectl("create", "configmap", "old")
    with kubectl.start("get", "configmaps", "--watch-only", "-o", "name") as watch:
        watch.process.poll()
        for number in range(3):
            kubectl("create", "configmap", f"new-{number}")
        watch.expect("^configmap/new-2$")
        assert "old" not in watch.text
