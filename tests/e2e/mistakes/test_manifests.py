"""Manifests that are not what they should be, and images that are not there."""

import json

import pytest

from tests.e2e.manifests import config_map, deployment, pod, web
from tests.node.images.test_pull import registry

pytestmark = pytest.mark.e2e


def test_a_manifest_that_is_no_yaml_is_refused_with_its_line(kubectl):
    refused = kubectl.refusal("apply", "-f", "-", stdin="kind: Pod\nmetadata: [\n")
    assert "error converting YAML to JSON: yaml: line" in refused


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ({"metadata": {"name": "a"}}, "[apiVersion not set, kind not set]"),
        (
            {"apiVersion": "v1", "kind": "Grape", "metadata": {"name": "a"}},
            'no matches for kind "Grape" in version "v1"',
        ),
        ({"apiVersion": "v9", "kind": "Pod", "metadata": {"name": "a"}}, 'no matches for kind "Pod" in version "v9"'),
        (pod("a") | {"metadata": {}}, "metadata.name: Required value: name or generateName is required"),
        (pod("a") | {"spec": {"containers": []}}, "spec.containers: Required value"),
        (pod("Not_A_Name"), "a lowercase RFC 1123 subdomain must consist of"),
        (
            pod("a", container={"imagePullPolicy": "Sometimes"}),
            'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes"',
        ),
        (pod("a", container={"ports": [{"containerPort": 99999}]}), "must be between 1 and 65535, inclusive"),
        (
            pod("a", container={"resources": {"limits": {"memory": "lots"}}}),
            "quantities must match the regular expression",
        ),
        (deployment("a", selector={"matchLabels": {"app": "b"}}), "`selector` does not match template `labels`"),
    ],
    ids=lambda value: value.split(":")[0][:40] if isinstance(value, str) else "",
)
def test_a_manifest_that_makes_no_sense_is_refused_in_the_words_of_kubernetes(kubectl, manifest, words):
    refused = kubectl.refusal("create", "-f", "-", stdin=json.dumps(manifest))
    assert words in refused
    assert kubectl("get", "pods,deployments", "-o", "name") == ""


def test_an_unknown_field_is_refused_and_named(kubectl):
    wrong = deployment("web")
    wrong["spec"]["template"]["spec"]["containers"][0]["imagee"] = "x"
    wrong["spec"]["replica"] = 3
    refused = kubectl.refusal("apply", "-f", "-", stdin=json.dumps(wrong))
    assert 'unknown field "spec.template.spec.containers[0].imagee"' in refused
    assert 'unknown field "spec.replica"' in refused
    assert "NotFound" in kubectl.refusal("get", "deployment", "web")
    warned = kubectl.try_("apply", "--validate=warn", "-f", "-", stdin=json.dumps(wrong))
    assert (warned.status, 'Warning: unknown field "spec.replica"' in warned.stderr) == (0, True)


def test_a_wrong_type_is_refused_and_named(kubectl):
    refused = kubectl.refusal("apply", "-f", "-", stdin=json.dumps(deployment("web", replicas="three")))
    assert "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32" in refused


def test_one_wrong_manifest_does_not_keep_the_others_away(kubectl):
    given = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [config_map("a"), pod("b", container={"image": ""}), config_map("c")],
    }
    ended = kubectl.try_("apply", "-f", "-", stdin=json.dumps(given))
    assert ended.status == 1
    assert "spec.containers[0].image: Required value" in ended.stderr
    assert ended.stdout == "configmap/a created\nconfigmap/c created\n"


def test_an_object_may_be_too_large(kubectl):
    refused = kubectl.refusal("create", "-f", "-", stdin=json.dumps(config_map("a", k="x" * 1_100_000)))
    assert "Too long: may not be more than 1048576 bytes" in refused


def test_an_image_that_does_not_exist_is_told_and_the_pod_runs_once_it_does(kubectl, podo, hello, tmp_path):
    with registry(tmp_path / "registry") as domain, kubectl.start("get", "pods", "-w") as watch:
        image = f"{domain}/no-such:v1"
        kubectl.apply(pod("a", container={"image": image, "imagePullPolicy": "IfNotPresent"}))
        watch.expect(r"a +0/1 +ErrImagePull")
        watch.expect(r"a +0/1 +ImagePullBackOff")
        said = kubectl("describe", "pod", "a")
    assert f'Failed to pull image "{image}"' in said
    assert "not found" in said
    assert f'Back-off pulling image "{image}"' in said
    podo("build", "-t", image, str(hello))
    kubectl.ready("pod/a")
    kubectl("delete", "pod", "a")
    podo("image", "rm", image)


def test_a_registry_that_does_not_answer_is_told(kubectl):
    kubectl.apply(pod("a", container={"image": "localhost:1/no-such:v1"}))
    with kubectl.start("events", "--for", "pod/a", "--watch") as events:
        events.expect(r'Failed to pull image "localhost:1/no-such:v1": .*connection refused')
        events.expect("Error: ImagePullBackOff")


def test_a_pull_policy_of_never_says_that_the_image_is_not_there(kubectl):
    kubectl.apply(pod("a", container={"image": "no-such:v1", "imagePullPolicy": "Never"}))
    kubectl.wait("jsonpath={.status.containerStatuses[0].state.waiting.reason}=ErrImageNeverPull", "pod/a")


def test_a_reference_that_is_none_says_so(kubectl):
    kubectl.apply(pod("a", container={"image": "Not An Image"}))
    kubectl.wait("jsonpath={.status.containerStatuses[0].state.waiting.reason}=InvalidImageName", "pod/a")


def test_a_command_that_is_not_there_is_told(kubectl):
    kubectl.apply(pod("a", container={"command": ["/no/such"]}, restartPolicy="Never"))
    kubectl.wait("jsonpath={.status.phase}=Failed", "pod/a")
    ended = kubectl.get("pod", "a")["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("StartError", 128)
    assert "/no/such" in ended["message"]


def test_a_config_map_that_is_missing_holds_the_pod_until_it_comes(kubectl):
    kubectl.apply(pod("a", container={"envFrom": [{"configMapRef": {"name": "later"}}]}))
    kubectl.wait("jsonpath={.status.containerStatuses[0].state.waiting.reason}=CreateContainerConfigError", "pod/a")
    assert 'configmap "later" not found' in kubectl("describe", "pod", "a")
    kubectl.apply(config_map("later", k="v"))
    kubectl.ready("pod/a")


def test_a_pod_that_fits_nowhere_says_why(kubectl):
    kubectl.apply(pod("a", container={"resources": {"requests": {"cpu": "1000"}}}))
    kubectl.wait("jsonpath={.status.conditions[?(@.type=='PodScheduled')].reason}=Unschedulable", "pod/a")
    assert "0/2 nodes are available: 2 Insufficient cpu." in kubectl("describe", "pod", "a")


def test_a_probe_that_fails_is_told_by_events(kubectl):
    wrong = web("a")
    wrong["spec"]["containers"][0]["readinessProbe"]["httpGet"]["path"] = "/no-such"
    kubectl.apply(wrong)
    with kubectl.start("events", "--for", "pod/a", "--watch") as events:
        events.expect("Readiness probe failed: HTTP probe failed with statuscode: 404")
    assert "0/1" in kubectl("get", "pod", "a")
