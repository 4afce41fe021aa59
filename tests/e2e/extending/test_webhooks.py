"""Admission and conversion webhooks that run as Pods, used by an unmodified kubectl."""

from collections.abc import Iterator

import pytest

from tests.e2e.manifests import config_map, pod

pytestmark = pytest.mark.e2e
GROUP = "example.com"


def hook(extension, path, name, **more):
    rules = [
        {"operations": ["CREATE", "UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
    ]
    selector = {"matchLabels": {"kubernetes.io/metadata.name": extension.namespace}}
    found = {"name": f"{name}.example.com", "clientConfig": extension.client(path), "rules": rules}
    return found | {"sideEffects": "None", "admissionReviewVersions": ["v1"], "namespaceSelector": selector} | more


def configuration(kind, name, *hooks):
    api_version = "admissionregistration.k8s.io/v1"
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "webhooks": list(hooks)}


@pytest.fixture
def configure(kubectl, extension) -> Iterator:
    """Make webhook configurations, which go with the test."""
    made = []

    def make(kind, *hooks):
        name = f"{kubectl.namespace}-{len(made)}"
        made.append(f"{kind.lower()}/{name}")
        kubectl.apply(configuration(kind, name, *hooks))
        return name

    yield make
    for one in made:
        kubectl("delete", one, "--ignore-not-found")


def test_objects_are_changed_refused_and_warned_of(kubectl, extension, configure):
    configure("MutatingWebhookConfiguration", hook(extension, "/mutate", "mutate"))
    configure("ValidatingWebhookConfiguration", hook(extension, "/validate", "validate"))
    ended = kubectl.try_("create", "configmap", "good", "--from-literal=k=v")
    assert ended.status == 0, ended
    assert "Warning: looked at" in ended.stderr
    assert kubectl.get("configmap", "good")["metadata"]["labels"] == {"mutated": "yes"}
    said = kubectl.refusal("create", "configmap", "wrong", "--from-literal=bad=yes")
    assert 'admission webhook "validate.example.com" denied the request: this is bad' in said
    said = kubectl.refusal("patch", "configmap", "good", "-p", '{"data":{"bad":"yes"}}')
    assert "denied the request: this is bad" in said


def test_nobody_may_attach_to_a_pod(kubectl, extension, configure):
    rules = [{"operations": ["CONNECT"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods/attach"]}]
    configure("ValidatingWebhookConfiguration", hook(extension, "/validate", "attach", rules=rules))
    kubectl.apply(pod("quiet"))
    kubectl.ready("pod/quiet")
    assert "attaching to pod 'quiet' is not allowed" in kubectl.refusal("attach", "quiet", "--stdin")
    assert kubectl("exec", "quiet", "--", "echo", "hello") == "hello\n"


def test_a_webhook_that_is_too_slow_or_gone_fails_as_it_says(kubectl, extension, configure):
    slow = hook(extension, "/slow", "slow", timeoutSeconds=1)
    name = configure("ValidatingWebhookConfiguration", slow)
    said = kubectl.refusal("create", "configmap", "late", "--from-literal=k=v")
    assert "/slow?timeout=1s" in said
    assert "context deadline exceeded" in said
    kubectl.apply(configuration("ValidatingWebhookConfiguration", name, slow | {"failurePolicy": "Ignore"}))
    kubectl.apply(config_map("late", k="v"))
    kubectl("scale", "deployment/extension", "--replicas=0")
    kubectl.wait("delete", "pod", "-l", "app=extension")
    kubectl.apply(configuration("ValidatingWebhookConfiguration", name, slow))
    said = kubectl.refusal("create", "configmap", "gone", "--from-literal=k=v")
    assert 'failed calling webhook "slow.example.com"' in said
    assert 'no endpoints available for service "extension"' in said


def version(name, *, storage, **fields):
    spec = {"type": "object", "properties": {field: {"type": kind} for field, kind in fields.items()}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {"name": name, "served": True, "storage": storage, "schema": schema}


def definition(extension, plural, *versions):
    names = {"plural": plural, "singular": plural[:-1], "kind": plural[:-1].capitalize()}
    webhook = {"clientConfig": extension.client("/convert"), "conversionReviewVersions": ["v1"]}
    conversion = {"strategy": "Webhook", "webhook": webhook}
    found = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    found["metadata"] = {"name": f"{plural}.{GROUP}"}
    spec = {"group": GROUP, "scope": "Namespaced", "names": names, "versions": versions, "conversion": conversion}
    return found | {"spec": spec}


def test_custom_resources_are_converted(kubectl, extension):
    first = version("v1", storage=True, hostPort="string", bad="boolean")
    second = version("v2", storage=False, host="string", port="string")
    try:
        kubectl.apply(definition(extension, "lamps", first, second))
        kubectl.wait("condition=Established", f"crd/lamps.{GROUP}")
        lamp = {"apiVersion": f"{GROUP}/v1", "kind": "Lamp", "metadata": {"name": "a"}, "spec": {"hostPort": "h:1"}}
        kubectl.apply(lamp)
        other = {"apiVersion": f"{GROUP}/v2", "kind": "Lamp", "metadata": {"name": "b"}}
        kubectl.apply(other | {"spec": {"host": "i", "port": "2"}})
        shown = kubectl.get(f"lamps.v2.{GROUP}")
        assert [item["spec"] for item in shown] == [{"host": "h", "port": "1"}, {"host": "i", "port": "2"}]
        assert kubectl.get(f"lamps.v1.{GROUP}", "b")["spec"] == {"hostPort": "i:2"}
    finally:
        kubectl("delete", f"crd/lamps.{GROUP}", "--ignore-not-found")
