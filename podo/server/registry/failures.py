"""What the registry says when it fails: in the words of Kubernetes' registry and storage. Pure."""

from typing import Any

from podo.api.errors import AlreadyExists, APIError, NotFound
from podo.server.registry.kinds import Served

FOLDERS = {
    ("", "endpoints"): "services/endpoints",
    ("", "nodes"): "minions",
    ("", "replicationcontrollers"): "controllers",
    ("", "services"): "services/specs",
    ("networking.k8s.io", "ingresses"): "ingress",
}
"""Where Kubernetes keeps kinds whose names have changed: its messages say so."""


def wrong_uid(served: Served, key: str, wanted: str, found: str, *, pretended: bool = False) -> str:
    """Why an update of another object than the one that is meant fails, in the words of Kubernetes' storage."""
    folder = FOLDERS.get((served.stored.group, served.stored.plural), served.stored.plural)
    where = f"Key: {'' if pretended else '/registry'}/{folder}/{key}, ResourceVersion: 0"
    what = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
    return f"StorageError: invalid object, Code: 4, {where}, AdditionalErrorMsg: {what}"


def unclassified(message: str) -> APIError:
    """A 500 without a reason: how Kubernetes answers errors that are no Status."""
    error = APIError(message)
    error.reason = ""
    return error


def not_found(served: Served, name: str) -> NotFound:
    """The 404 of an object."""
    if served.resource.kind == "ComponentStatus":  # whose message has always been of one, not of many
        return NotFound(f'componentstatus "{name}" not found', name=name, kind="componentstatus")
    return NotFound(f'{served.resource.group_resource} "{name}" not found', **_details(served, name))


def already_exists(served: Served, name: str) -> AlreadyExists:
    """The 409 of a new object whose name is taken."""
    return AlreadyExists(f'{served.resource.group_resource} "{name}" already exists', **_details(served, name))


def _details(served: Served, name: str) -> dict[str, Any]:
    group = {"group": served.resource.group} if served.resource.group else {}
    return {"name": name} | group | {"kind": served.resource.plural}
