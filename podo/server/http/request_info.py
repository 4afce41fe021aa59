"""What a request's path and method mean: the verb, and the resource or other path that it is about."""

from typing import NamedTuple

from podo.api.remembering import remembering

VERBS = {"POST": "create", "GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})


class RequestInfo(NamedTuple):
    """One request. Where `resource` is "", it is about a plain path, and `verb` is the method in lower case."""

    verb: str
    path: str
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    rest: str = ""
    """What follows the subresource, as in `proxy/a/b`."""
    deprecated_watch: bool = False

    @property
    def is_resource(self) -> bool:
        return bool(self.resource)


@remembering(4096)
def request_info(method: str, path: str) -> RequestInfo:
    """What `method` of `path` (decoded, without the query) asks for; list and watch are still `get`."""
    plain = RequestInfo(method.lower(), path)
    parts = path.strip("/").split("/")
    if parts[0] == "api":
        group, parts = "", parts[1:]
    elif parts[0] == "apis" and len(parts) > 1:
        group, parts = parts[1], parts[2:]
    else:
        return plain
    if len(parts) < 2:  # a group, or a version
        return plain
    version, parts = parts[0], parts[1:]
    watch = parts[0] == "watch" and len(parts) > 1
    if watch:
        parts = parts[1:]
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        if len(parts) > 2 and parts[2] not in NAMESPACE_SUBRESOURCES:
            parts = parts[2:]
    resource, name, subresource, *rest = [*parts, "", "", ""][: max(3, len(parts))]
    return RequestInfo(
        VERBS.get(method, method.lower()),
        path,
        group,
        version,
        namespace,
        resource,
        subresource,
        name,
        "/".join(rest),
        deprecated_watch=watch,
    )
