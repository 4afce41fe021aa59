"""Rules and selectors of webhooks."""

from datetime import UTC, datetime

import pytest

from podo.api import resources
from podo.api.types.admissionregistration_v1 import RuleWithOperations
from podo.api.types.meta_v1 import LabelSelector
from podo.server.admission_point import Attributes, Operation
from podo.server.context import Context, User
from podo.server.webhooks.matching import (
    invocation,
    is_exempt,
    kind_of_request,
    namespace_of,
    rule_matches,
    selects_object,
)

HPA = tuple(resources.by_path("autoscaling", v, "horizontalpodautoscalers") for v in ("v1", "v2"))


def attributes(group="", plural="pods", *, version="v1", subresource="", namespace="n", name="x", **more):
    resource = resources.by_path(group, version, plural)
    assert resource is not None
    ctx = Context(User("u"), datetime(2026, 1, 1, tzinfo=UTC), subresource=subresource, namespace=namespace)
    operation = more.pop("operation", Operation.CREATE)
    return Attributes(ctx, operation, resource, namespace, name, more.pop("obj", {"metadata": {}}), **more)


def rule(*what, operations=("*",), groups=("*",), versions=("*",), scope=""):
    return RuleWithOperations(
        api_groups=groups, api_versions=versions, operations=operations, resources=what, scope=scope
    )


@pytest.mark.parametrize(
    ("pattern", "subresource", "fits"),
    [
        ("pods", "", True),
        ("pods", "status", False),
        ("pods/*", "status", True),
        ("pods/*", "", True),
        ("*", "", True),
        ("*", "status", False),
        ("*/status", "status", True),
        ("*/*", "status", True),
        ("services", "", False),
    ],
)
def test_resources_and_subresources(pattern, subresource, fits):
    found = attributes(subresource=subresource)
    assert rule_matches(rule(pattern), found, found.resource) is fits


@pytest.mark.parametrize(
    ("plural", "namespace", "scope", "fits"),
    [
        ("pods", "n", "Namespaced", True),
        ("pods", "n", "Cluster", False),
        ("nodes", "", "Cluster", True),
        ("nodes", "", "Namespaced", False),
        ("namespaces", "", "Cluster", True),
        ("namespaces", "", "Namespaced", False),
        ("nodes", "", "*", True),
    ],
)
def test_scopes(plural, namespace, scope, fits):
    found = attributes(plural=plural, namespace=namespace)
    assert rule_matches(rule("*", scope=scope), found, found.resource) is fits


def test_an_exact_rule_counts_before_an_equivalent_one():
    found = attributes("autoscaling", "horizontalpodautoscalers", version="v2")
    rules = [rule("*", versions=("v1",)), rule("*", versions=("v2",))]
    assert invocation(rules, "Equivalent", found, HPA[:1]).resource.version == "v2"
    assert invocation(rules[:1], "Equivalent", found, HPA[:1]).resource.version == "v1"
    assert invocation(rules[:1], "Exact", found, HPA[:1]) is None


@pytest.mark.parametrize(
    ("plural", "subresource", "kind"),
    [
        ("pods", "", ("", "v1", "Pod")),
        ("pods", "status", ("", "v1", "Pod")),
        ("pods", "eviction", ("policy", "v1", "Eviction")),
        ("pods", "exec", ("", "v1", "PodExecOptions")),
        ("replicationcontrollers", "scale", ("autoscaling", "v1", "Scale")),
    ],
)
def test_the_kind_of_a_request(plural, subresource, kind):
    found = kind_of_request(resources.by_path("", "v1", plural), subresource)
    assert (found.group, found.version, found.kind) == kind


def test_the_configuration_of_admission_is_exempt():
    group = "admissionregistration.k8s.io"
    for plural in ("validatingwebhookconfigurations", "mutatingwebhookconfigurations", "validatingadmissionpolicies"):
        assert is_exempt(attributes(group, plural))
    assert not is_exempt(attributes())


def test_objects_are_selected_as_they_are_or_as_they_were():
    selector = LabelSelector(match_labels={"a": "b"})
    labelled = {"metadata": {"labels": {"a": "b"}}}
    assert selects_object(selector, {"metadata": {}}, labelled)
    assert selects_object(selector, labelled, None)
    assert not selects_object(selector, {"metadata": {}}, None)
    assert not selects_object(selector, {"kind": "PodExecOptions"})
    assert selects_object(LabelSelector(), None, None)


def test_a_new_namespace_is_in_itself():
    assert namespace_of(attributes(plural="namespaces", namespace="", name="")) == ""
    obj = {"metadata": {"name": "new"}}
    assert namespace_of(attributes(plural="namespaces", namespace="", name="", obj=obj)) == "new"
    assert namespace_of(attributes(plural="pods")) == "n"
