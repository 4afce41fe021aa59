"""Whether a path and a verb, or a path and an object, go together. Pure."""

from podo.api.errors import BadRequest, MethodNotAllowed, NotFound
from podo.server.http.request_info import RequestInfo
from podo.server.registry.kinds import Served
from podo.server.strategy import Object

OF_OBJECTS = frozenset({"get", "update", "patch", "delete"})
"""Verbs on paths that name an object; the others are on those of collections."""


def in_scope(served: Served, info: RequestInfo) -> bool:
    """Whether the path has a namespace just where the kind has."""
    if served.stored.namespaced:
        return bool(info.namespace) or info.verb in ("list", "watch")
    return not info.namespace


def check_place(served: Served, info: RequestInfo) -> None:
    """Refuse what a path without a namespace does not offer: of all namespaces at once there are only lists.

    Raises NotFound for a single object, MethodNotAllowed for what would make or delete.
    """
    if not served.stored.namespaced or info.namespace or info.verb in ("list", "watch"):
        return
    if info.name:
        raise NotFound("the server could not find the requested resource")
    raise MethodNotAllowed("the server does not allow this method on the requested resource")


def check_name(obj: Object, name: str, namespace: str) -> None:
    """Refuse an object of another name than the path's; one without a name takes it. Raises BadRequest."""
    given = obj.setdefault("metadata", {}).get("name", "")
    if not given:
        text = f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        raise BadRequest(text)
    if given != name:
        raise BadRequest(f"the name of the object ({given}) does not match the name on the URL ({name})")
