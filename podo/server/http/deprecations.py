"""Kinds that are on their way out: whoever asks for them is warned."""

from podo.api.resources import Resource

WARNINGS = {
    ("", "v1", "ComponentStatus"): "v1 ComponentStatus is deprecated in v1.19+",
    ("", "v1", "Endpoints"): "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
}


def deprecation(resource: Resource) -> str:
    """The warning about a resource, "" for nearly all."""
    return WARNINGS.get((resource.group, resource.version, resource.kind), "")
