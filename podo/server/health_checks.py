"""What `/healthz`, `/livez` and `/readyz` look at.

A server listens only once all that it does to begin is done; the names under which Kubernetes reports those steps,
which monitors and tests ask for, are thus good whenever its cache is.
"""

from podo.server.http.handler import PathHandler
from podo.server.http.paths import Check, health, slis

STEPS = (
    "start-apiserver-admission-initializer",
    "generic-apiserver-start-informers",
    "start-apiextensions-informers",
    "start-apiextensions-controllers",
    "crd-informer-synced",
    "bootstrap-controller",
    "start-system-namespaces-controller",
    "start-service-ip-repair-controllers",
    "rbac/bootstrap-roles",
    "scheduling/bootstrap-system-priority-classes",
    "priority-and-fairness-config-producer",
    "start-cluster-authentication-info-controller",
    "start-kube-aggregator-informers",
    "apiservice-registration-controller",
    "apiservice-status-local-available-controller",
    "apiservice-status-remote-available-controller",
    "apiservice-discovery-controller",
    "kube-apiserver-autoregistration",
    "apiservice-openapi-controller",
    "apiservice-openapiv3-controller",
    "storage-readiness",
)


def checks_of(has_cache: Check) -> dict[str, list[tuple[str, Check]]]:
    """The checks by where they are asked for; `has_cache` says whether the watch cache follows the store."""
    answers: list[tuple[str, Check]] = [("ping", lambda: True), ("log", lambda: True)]
    begun = [(f"poststarthook/{step}", has_cache) for step in STEPS] + [("autoregister-completion", has_cache)]
    alive = [*answers, ("etcd", has_cache), *begun]
    return {"healthz": alive, "livez": alive, "readyz": [*answers, ("informer-sync", has_cache), *begun]}


def health_paths(has_cache: Check) -> dict[str, PathHandler]:
    """The handlers of the checks."""
    found: dict[str, PathHandler] = {}
    for name, checks in checks_of(has_cache).items():
        found |= health(name, checks)
    return found


def sli_paths(has_cache: Check) -> dict[str, PathHandler]:
    """The same checks as metrics."""
    return {"/metrics/slis": slis(checks_of(has_cache))}
