"""Policies and custom resources with rules in CEL, as kubectl sees them."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.cluster import Kubectl
from tests.e2e.manifests import config_map, deployment
from tests.e2e.processes import until

pytestmark = pytest.mark.e2e
V1 = "admissionregistration.k8s.io/v1"
GROUP = "e2e.podo.example.com"


def policy(kind: str, name: str, resource: tuple[str, str], **spec: Any) -> dict[str, Any]:
    group, plural = resource
    rule = {"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": [plural]}
    spec = {"matchConstraints": {"resourceRules": [rule]}, "failurePolicy": "Fail"} | spec
    return {"apiVersion": V1, "kind": kind, "metadata": {"name": name}, "spec": spec}


def binding(kind: str, name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    spec = {"policyName": name, "matchResources": here} | spec
    return {"apiVersion": V1, "kind": f"{kind}Binding", "metadata": {"name": name}, "spec": spec}


@contextlib.contextmanager
def applied(kubectl: Kubectl, *objects: dict[str, Any]) -> Iterator[None]:
    """Objects of the whole cluster, which do not outlive the test."""
    kubectl.apply(*objects)
    try:
        yield
    finally:
        for one in objects:
            kubectl("delete", one["kind"], one["metadata"]["name"], "--wait=false")


def test_a_policy_limits_replicas_by_its_parameters(kubectl):
    kind, name = "ValidatingAdmissionPolicy", kubectl.namespace
    ruled = policy(
        kind,
        name,
        ("apps", "deployments"),
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        variables=[{"name": "most", "expression": "int(params.data.most)"}],
        validations=[
            {
                "expression": "object.spec.replicas <= variables.most",
                "messageExpression": "'at most ' + string(variables.most) + ' replicas'",
            }
        ],
    )
    bound = binding(
        kind,
        name,
        name,
        validationActions=["Deny"],
        paramRef={"name": "limits", "namespace": name, "parameterNotFoundAction": "Deny"},
    )
    kubectl.apply(config_map("limits", most="2"))
    with applied(kubectl, ruled, bound):
        until(
            "it is in force",
            lambda: kubectl.try_("create", "deployment", "a", "--image=hello:v1", "-r=3", "--dry-run=server").status,
        )
        kubectl.apply(deployment("web", replicas=2))
        refused = kubectl.refusal("patch", "deployment/web", "-p", '{"spec": {"replicas": 3}}')
        assert f"ValidatingAdmissionPolicy '{name}' with binding '{name}' denied request: at most 2 replicas" in refused
        kubectl("scale", "deployment/web", "--replicas=3")  # which is another resource, deployments/scale


def test_types_that_do_not_fit_are_told(kubectl):
    kind, name = "ValidatingAdmissionPolicy", kubectl.namespace
    wrong = policy(kind, name, ("apps", "deployments"), validations=[{"expression": "object.spec.replicas > '1'"}])
    with applied(kubectl, wrong):
        until("it was checked", lambda: kubectl.get(kind, name).get("status", {}).get("typeChecking"))
        (warning,) = kubectl.get(kind, name)["status"]["typeChecking"]["expressionWarnings"]
        assert warning["fieldRef"] == "spec.validations[0].expression"
        assert "found no matching overload for '_>_' applied to '(int, string)'" in warning["warning"]


def test_a_policy_adds_a_label(kubectl):
    kind, name = "MutatingAdmissionPolicy", kubectl.namespace
    labels = 'Object{metadata: Object.metadata{labels: {"by": "policy"}}}'
    mutations = [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": labels}}]
    ruled = policy(kind, name, ("", "configmaps"), mutations=mutations, reinvocationPolicy="Never")
    with applied(kubectl, ruled, binding(kind, name, name)):
        until("it is in force", lambda: "policy" in kubectl("create", "cm", "a", "--dry-run=server", "-o", "yaml"))
        kubectl.apply(config_map("b", key="value"))
        assert kubectl.get("configmap/b")["metadata"]["labels"] == {"by": "policy"}


def test_the_rules_of_a_custom_resource(kubectl):
    rules = [
        {"rule": "self.low <= self.high", "message": "low must not be above high"},
        {"rule": "self.high >= oldSelf.high", "message": "must not shrink", "fieldPath": ".high"},
    ]
    spec = {
        "type": "object",
        "properties": {"low": {"type": "integer"}, "high": {"type": "integer"}},
        "required": ["low", "high"],
        "x-kubernetes-validations": rules,
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
    }
    names = {"plural": "ranges", "singular": "range", "kind": "Range"}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"ranges.{GROUP}"},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }
    with applied(kubectl, definition):
        kubectl.wait("condition=Established", f"crd/ranges.{GROUP}")
        kubectl.apply(made(1, 5))
        assert "spec: Invalid value: low must not be above high" in refusal(kubectl, 6, 5)
        assert "spec.high: Invalid value: must not shrink" in refusal(kubectl, 1, 4)
        kubectl.apply(made(2, 6))
        until("it is explained", lambda: "high\t<integer>" in kubectl("explain", "range.spec"))


def made(low: int, high: int) -> dict[str, Any]:
    spec = {"low": low, "high": high}
    return {"apiVersion": f"{GROUP}/v1", "kind": "Range", "metadata": {"name": "r"}, "spec": spec}


def refusal(kubectl: Kubectl, low: int, high: int) -> str:
    change = f'{{"spec": {{"low": {low}, "high": {high}}}}}'
    return kubectl.refusal("patch", "range/r", "--type=merge", "-p", change)
