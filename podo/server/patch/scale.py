"""Ownership of replicas, carried from an object to its scale subresource and back.

An apply or update of /scale owns `spec.replicas` of the Scale; stored it is the field of the object that says how many
replicas there are: `spec.replicas` of a Deployment, any path of a custom resource.
"""

from collections.abc import Mapping
from typing import Any

from .fieldset import difference, has, of_paths
from .managed_fields import Managed, Owned, decode, encode

SCALE_VERSION = "autoscaling/v1"
REPLICAS = ("f:spec", "f:replicas")
Paths = Mapping[str, tuple[str, ...] | None]
"""By apiVersion of the object: where its replicas are (as path elements), None if it has none in that version."""


def to_scale(entries: Any, replicas: Paths) -> list[dict[str, Any]]:
    """The managedFields of the Scale: those of the object's that own its replicas. Raises ManagedFieldsError."""
    fields = of_paths(REPLICAS)
    owners: Managed = {}
    for manager, owned in decode(entries, trusted=True).items():
        path = replicas.get(owned.api_version)
        if path is not None and has(owned.fields, path):
            renamed = manager._replace(api_version=SCALE_VERSION if manager.api_version else "")
            owners[renamed] = Owned(fields, SCALE_VERSION, owned.time)
    return encode(owners)


def to_object(entries: Any, scale_entries: Any, api_version: str, replicas: Paths) -> list[dict[str, Any]]:
    """The managedFields of the object after a write to its Scale. Raises ManagedFieldsError.

    `entries` are the object's before, `scale_entries` the Scale's after, `api_version` is the object's now.
    """
    before, scale = decode(entries, trusted=True), decode(scale_entries)
    result: Managed = {}
    for manager, owned in before.items():
        if owned.api_version not in replicas:
            continue  # speaks a version that is gone
        path = replicas[owned.api_version]
        in_scale = manager._replace(api_version=SCALE_VERSION if manager.api_version else "")
        if path is None or not has(owned.fields, path):
            result[manager] = owned
        elif in_scale in scale:
            del scale[in_scale]
            result[manager] = owned
        else:
            rest = owned.keeping(difference(owned.fields, of_paths(path)))
            if rest.fields:
                result[manager] = rest
    here = replicas.get(api_version)
    for manager, owned in scale.items():
        if has(owned.fields, REPLICAS) and here is not None:
            renamed = manager._replace(api_version=api_version if manager.api_version else "")
            result[renamed] = Owned(of_paths(here), api_version)  # without a time, as Kubernetes has it
    return encode(result)
