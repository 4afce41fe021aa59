import pytest

from podo.api.types.core_v1 import Toleration
from podo.node.eviction.ranking import is_critical
from podo.node.static.manifest import InvalidManifest, is_mirror, is_static, parse

PLAIN = """\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {a: b}, annotations: {mine: kept}}
spec:
  containers:
  - {name: app, image: "hello:v1", resources: {limits: {memory: 1Mi}}}
"""


def read(text: str = PLAIN, file: str = "/m/web.yaml", node: str = "Node-1"):
    return parse(text.encode(), file=file, node=node, seen="2026-01-01T00:00:00Z")


def test_a_file_becomes_a_pod_of_its_node():
    pod = read()
    meta, spec = pod.metadata, pod.spec
    assert (meta.name, meta.namespace, meta.labels) == ("web-node-1", "default", {"a": "b"})
    assert meta.annotations == {
        "mine": "kept",
        "kubernetes.io/config.source": "file",
        "kubernetes.io/config.hash": meta.uid,
        "kubernetes.io/config.seen": "2026-01-01T00:00:00Z",
    }
    assert (spec.node_name, spec.restart_policy, spec.termination_grace_period_seconds) == ("Node-1", "Always", 30)
    assert spec.tolerations == (Toleration(operator="Exists", effect="NoExecute"),)
    assert spec.containers[0].resources.requests == {"memory": "1Mi"}
    assert is_static(pod)
    assert is_critical(pod)
    assert not is_mirror(pod)


def test_the_uid_is_the_content_and_the_place():
    mine = read().metadata.uid
    assert len(mine) == 32
    assert read(PLAIN + "# a comment").metadata.uid == mine
    assert read(file="/m/other.yaml").metadata.uid != mine
    assert read(node="n2").metadata.uid != mine
    assert read(PLAIN.replace("hello:v1", "hello:v2")).metadata.uid != mine
    assert read(PLAIN.replace("name: web", "name: web, uid: given")).metadata.uid == "given"


def test_json_is_yaml():
    spec = '{"containers": [{"name": "a", "image": "i"}]}'
    text = f'{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "j"}}, "spec": {spec}}}'
    assert read(text).metadata.name == "j-node-1"


def with_spec(text: str) -> str:
    return PLAIN + text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "it holds no Pod of v1"),
        ("a: [", "it is neither YAML nor JSON"),
        ("- 1", "it holds no Pod of v1"),
        (PLAIN.replace("kind: Pod", "kind: Deployment"), "it holds no Pod of v1"),
        (PLAIN.replace("name: web", "name: Web_1"), "is no name for a Pod"),
        (PLAIN.replace("{name: app, ", "{name: 5, "), "Expected `str`, got `int`"),
        (PLAIN.replace(', image: "hello:v1"', ""), "container app has no image"),
        (with_spec("  - {name: app, image: x}\n"), "a name of its own"),
        (with_spec("  serviceAccountName: sa\n"), "static pods may not reference serviceaccounts"),
        (with_spec("  imagePullSecrets: [{name: s}]\n"), "static pods may not reference secrets"),
        (with_spec("  volumes: [{name: v, secret: {secretName: s}}]\n"), "static pods may not reference secrets"),
        (with_spec("  volumes: [{name: v, configMap: {name: s}}]\n"), "static pods may not reference configmaps"),
        (
            with_spec("  volumes: [{name: v, persistentVolumeClaim: {claimName: s}}]\n"),
            "static pods may not reference persistentvolumeclaims",
        ),
        (
            with_spec("  - {name: b, image: x, env: [{name: A, valueFrom: {configMapKeyRef: {name: c, key: k}}}]}\n"),
            "static pods may not reference configmaps",
        ),
        (
            with_spec("  - {name: b, image: x, envFrom: [{secretRef: {name: c}}]}\n"),
            "static pods may not reference secrets",
        ),
    ],
)
def test_what_is_no_static_pod(text, complaint):
    with pytest.raises(InvalidManifest, match=complaint):
        read(text)


def test_volumes_of_the_node_are_allowed():
    projected = "{name: d, projected: {sources: [{downwardAPI: {}}]}}"
    volumes = f"[{{name: h, hostPath: {{path: /}}}}, {{name: e, emptyDir: {{}}}}, {projected}]"
    assert len(read(with_spec(f"  volumes: {volumes}\n")).spec.volumes) == 3
