"""Defaults of admission webhooks and policies, and of the aggregation layer's APIService."""

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]
GROUP = "admissionregistration.k8s.io/v1"
HTTPS_PORT = 443


def webhooks(obj: Object) -> None:
    """A validating or mutating webhook configuration."""
    for webhook in obj.get("webhooks", ()):
        webhook.setdefault("failurePolicy", "Fail")
        webhook.setdefault("matchPolicy", "Equivalent")
        webhook.setdefault("namespaceSelector", {})
        webhook.setdefault("objectSelector", {})
        webhook.setdefault("timeoutSeconds", 10)
        if obj["kind"] == "MutatingWebhookConfiguration":
            webhook.setdefault("reinvocationPolicy", "Never")
        if service := webhook["clientConfig"].get("service"):
            service.setdefault("port", HTTPS_PORT)
        _scopes(webhook.get("rules"))


def _scopes(rules: Any) -> None:
    for rule in rules or ():
        rule.setdefault("scope", "*")


def policy(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("failurePolicy", "Fail")
    _match(spec.get("matchConstraints"))


def policy_binding(obj: Object) -> None:
    _match(obj["spec"].get("matchResources"))


def _match(match: Object | None) -> None:
    if match is not None:
        match.setdefault("matchPolicy", "Equivalent")
        match.setdefault("namespaceSelector", {})
        match.setdefault("objectSelector", {})
        _scopes(match.get("resourceRules"))
        _scopes(match.get("excludeResourceRules"))


def api_service(obj: Object) -> None:
    if (service := obj["spec"].get("service")) is not None:
        service.setdefault("port", HTTPS_PORT)


DEFAULTS: dict[tuple[str, str], Callable[[Object], None]] = {
    (GROUP, "ValidatingWebhookConfiguration"): webhooks,
    (GROUP, "MutatingWebhookConfiguration"): webhooks,
    (GROUP, "ValidatingAdmissionPolicy"): policy,
    (GROUP, "MutatingAdmissionPolicy"): policy,
    (GROUP, "ValidatingAdmissionPolicyBinding"): policy_binding,
    (GROUP, "MutatingAdmissionPolicyBinding"): policy_binding,
    ("apiregistration.k8s.io/v1", "APIService"): api_service,
}
