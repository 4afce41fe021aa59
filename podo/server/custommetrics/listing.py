"""What discovery says of the groups of metrics: a row for each metric that has been seen. Pure."""

from collections.abc import Iterable

from podo.api.resources import Resource, Subresource
from podo.server.custommetrics.readings import RATE

CUSTOM, CUSTOM_VERSIONS = "custom.metrics.k8s.io", ("v1beta2", "v1beta1")
EXTERNAL, EXTERNAL_VERSION = "external.metrics.k8s.io", "v1beta1"
OWNERS = {"pods": True, "services": True, "namespaces": False}
"""Whose metrics there are: resource, and whether it is in a namespace."""
GET = ("get",)


def offered(names: Iterable[str]) -> list[str]:
    """What may be asked for where samples of these names are there: they, and how fast counters grow."""
    found = set(names)
    rates = {f"{name.removesuffix('_total')}{RATE}" for name in found if name.endswith("_total")}
    return sorted(found | rates)


def custom_resources(names: Iterable[str]) -> tuple[Resource, ...]:
    """The rows of custom.metrics.k8s.io: `pods/METRIC` and so on; none for `pods` itself, which has no kind here."""
    metrics = offered(names)
    if not metrics:
        return ()
    return tuple(
        Resource(
            group=CUSTOM,
            version=version,
            kind="",
            plural=plural,
            namespaced=namespaced,
            subresources={
                name: Subresource(kind="MetricValueList", verbs=GET, namespaced=namespaced) for name in metrics
            },
        )
        for version in CUSTOM_VERSIONS
        for plural, namespaced in OWNERS.items()
    )


def external_resources(names: Iterable[str]) -> tuple[Resource, ...]:
    """The rows of external.metrics.k8s.io, each a metric."""
    return tuple(
        Resource(
            group=EXTERNAL,
            version=EXTERNAL_VERSION,
            kind="ExternalMetricValueList",
            plural=name,
            namespaced=True,
            verbs=GET,
        )
        for name in offered(names)
    )
