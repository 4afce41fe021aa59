"""The operations on resources, from the resource table: paths, parameters, bodies and answers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from podo.api import resources, schema
from podo.api.resources import Resource, Subresource
from podo.server.openapi import parameters
from podo.server.openapi.parameters import NAME, NAMESPACE, PATH, PRETTY, Parameter
from podo.server.openapi.schemas import META, PATCH, type_name

OBJECT_TYPES = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
WATCH_TYPES = ("application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")
PATCH_TYPES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
CUSTOM_PATCH_TYPES = PATCH_TYPES[:-1]
"""Of custom resources, which have no strategic merge patch: kubectl looks here for what it may send."""
CONNECTIONS = frozenset(parameters.OF_CONNECTIONS)
STATUS, DELETE_OPTIONS, WATCH_EVENT = f"{META}Status", f"{META}DeleteOptions", f"{META}WatchEvent"
RESOURCE_LIST, GROUP = f"{META}APIResourceList", f"{META}APIGroup"
METHODS = {"create": "post", "update": "put", "get": "get", "patch": "patch", "delete": "delete"}
RETURNS_DELETED = frozenset({"pods", "services", "serviceaccounts", "persistentvolumes", "persistentvolumeclaims"}) | {
    "podtemplates",
    "replicationcontrollers",
    "resourcequotas",
}
"""Resources whose deletion says to answer with the object."""


class Kind(NamedTuple):
    """A kind, and what OpenAPI calls its type ("": a plain string)."""

    group: str
    version: str
    kind: str
    type: str


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path. `body` and `answer` are names of types; an `answer` of "" is a plain string."""

    method: str
    id: str
    action: str
    tag: str
    kind: Kind | None = None
    parameters: tuple[Parameter, ...] = ()
    body: str = ""
    takes: tuple[str, ...] = ("*/*",)
    answer: str = ""
    gives: tuple[str, ...] = OBJECT_TYPES
    codes: tuple[int, ...] = (200,)


@dataclass
class Path:
    """The methods of one path, and the parameters that they share."""

    operations: list[Operation] = field(default_factory=list)
    parameters: tuple[Parameter, ...] = ()


class Place(NamedTuple):
    """Where a resource is: the path before its name, the name of the place in ids, parameters of the path."""

    root: str
    label: str
    parameters: tuple[Parameter, ...]


def paths_of(group: str, version: str, resources: list[Resource]) -> dict[str, Path]:
    """All paths of a group and version."""
    base = f"/apis/{group}/{version}" if group else f"/api/{version}"
    found = {f"{base}/": Path([_discovery(camel(group) + version.capitalize(), tag_of(group, version))])}
    for resource in resources:
        found |= _Resource(resource, base).paths()
    return dict(sorted(found.items()))


def _discovery(owner: str, tag: str) -> Operation:
    return Operation(
        method="get",
        id=f"get{owner}APIResources",
        action="",
        tag=tag,
        answer=RESOURCE_LIST,
        takes=OBJECT_TYPES,
    )


def group_paths(group: str) -> dict[str, Path]:
    """The path that describes a group."""
    tag = tag_of(group, "")
    found = Operation(method="get", id=f"get{camel(group)}APIGroup", action="", tag=tag, answer=GROUP)
    return {f"/apis/{group}/": Path([found])}


def root_paths(path: str, answer: str) -> dict[str, Path]:
    """The path that describes what is below `/api/` or `/apis/`, or the version of the server."""
    names = {"/api/": ("getCoreAPIVersions", "core"), "/apis/": ("getAPIVersions", "apis")}
    id, tag = names.get(path, ("getCodeVersion", "version"))
    gives = OBJECT_TYPES if path in names else OBJECT_TYPES[:1]
    return {path: Path([Operation(method="get", id=id, action="", tag=tag, answer=answer, gives=gives)])}


def camel(group: str) -> str:
    """A group in ids: `Core`, `RbacAuthorization`."""
    parts = group.removesuffix(".k8s.io").split(".") if group else ["core"]
    return "".join(part.capitalize() for part in parts)


def tag_of(group: str, version: str) -> str:
    """A group and version as tags: `core_v1`, `rbacAuthorization_v1`."""
    name = camel(group)
    return f"{name[0].lower()}{name[1:]}" + (f"_{version}" if version else "")


class _Resource:
    """The paths of one resource."""

    def __init__(self, resource: Resource, base: str) -> None:
        self._resource, self._base = resource, base
        self._owner = camel(resource.group) + resource.version.capitalize()
        self._tag = tag_of(resource.group, resource.version)
        self._kind = kind_of(resource.group, resource.version, resource.kind)
        built_in = resources.by_path(resource.group, resource.version, resource.plural) is not None
        self._patch_types = PATCH_TYPES if built_in else CUSTOM_PATCH_TYPES
        self._list = kind_of(resource.group, resource.version, f"{resource.kind}List").type
        inner = f"{base}/namespaces/{{namespace}}" if resource.namespaced else base
        shared = (NAMESPACE,) if resource.namespaced else ()
        self._place = Place(inner, "Namespaced" if resource.namespaced else "", shared)

    def paths(self) -> dict[str, Path]:
        """Collection, object, subresources, and the old paths of watches."""
        resource, place = self._resource, self._place
        whole = f"{place.root}/{resource.plural}"
        found: dict[str, Path] = {}
        if collection := list(self._collection()):
            found[whole] = Path(collection, (*place.parameters, PRETTY))
        if single := list(self._single(METHODS, resource.verbs)):
            found[f"{whole}/{{name}}"] = Path(single, (NAME, *place.parameters, PRETTY))
        for name, sub in sorted(resource.subresources.items()):
            found |= self._below(f"{whole}/{{name}}/{name}", name, sub)
        if resource.namespaced and "list" in resource.verbs:
            everywhere = self._lists("list", "", f"{resource.kind}ForAllNamespaces")
            found[f"{self._base}/{resource.plural}"] = Path([everywhere], (*parameters.LIST, PRETTY))
        if "watch" in resource.verbs:
            found |= self._watches()
        return found

    def _operation(self, method: str, verb: str, action: str, **more: object) -> Operation:
        """`verb` may have a second word, which stands behind the owner in the id."""
        first, _, second = verb.partition(" ")
        id = f"{first}{self._owner}{second}{self._place.label}{self._resource.kind}"
        return Operation(method=method, id=id, action=action, tag=self._tag, kind=self._kind, **more)  # type: ignore[arg-type]

    def _collection(self) -> Iterator[Operation]:
        verbs, own = self._resource.verbs, self._kind.type
        if "list" in verbs:
            yield self._lists("list", self._place.label, self._resource.kind, parameters.LIST)
        if "create" in verbs:
            yield self._operation(
                *("post", "create", "post"), parameters=parameters.WRITE, body=own, answer=own, codes=(200, 201, 202)
            )
        if "deletecollection" in verbs:
            yield self._operation(
                *("delete", "delete Collection", "deletecollection"),
                parameters=parameters.DELETE_COLLECTION,
                body=DELETE_OPTIONS,
                answer=STATUS,
            )

    def _lists(self, verb: str, label: str, kind: str, own: tuple[Parameter, ...] = ()) -> Operation:
        id = f"{verb}{self._owner}{label}{kind}"
        gives = (*OBJECT_TYPES, *WATCH_TYPES)
        return Operation(
            method="get",
            id=id,
            action="list",
            tag=self._tag,
            kind=self._kind,
            parameters=own,
            answer=self._list,
            gives=gives,
        )

    def _single(self, methods: dict[str, str], verbs: tuple[str, ...]) -> Iterator[Operation]:
        own = self._kind.type
        if "get" in verbs:
            yield self._operation("get", "read", "get", answer=own)
        if "update" in verbs:
            yield self._operation(
                *("put", "replace", "put"), parameters=parameters.WRITE, body=own, answer=own, codes=(200, 201)
            )
        if "delete" in verbs:
            answer = own if self._resource.plural in RETURNS_DELETED and not self._resource.group else STATUS
            yield self._operation(
                *("delete", "delete", "delete"),
                parameters=parameters.DELETE,
                body=DELETE_OPTIONS,
                answer=answer,
                codes=(200, 202),
            )
        if "patch" in verbs:
            yield self._operation(
                *("patch", "patch", "patch"),
                parameters=parameters.PATCH,
                body=PATCH,
                takes=self._patch_types,
                answer=own,
                codes=(200, 201),
            )

    def _below(self, path: str, name: str, sub: Subresource) -> dict[str, Path]:
        kind = kind_of(*((sub.group, sub.version) if sub.version else self._version()), sub.kind)
        shared = (NAME, *self._place.parameters)
        tail = f"{self._place.label}{self._resource.kind}{name.capitalize()}"
        if name in CONNECTIONS:
            return self._connections(path, name, sub, kind, shared)
        if name == "log":
            log = Operation(
                method="get",
                id=f"read{self._owner}{tail}",
                action="get",
                tag=self._tag,
                kind=kind,
                gives=("text/plain", *OBJECT_TYPES),
            )
            return {path: Path([log], (*shared, PRETTY, *parameters.LOG))}
        operations = [
            _below_operation(verb, f"{self._owner}{tail}", self._tag, kind, self._patch_types) for verb in sub.verbs
        ]
        posts = parameters.WRITE if sub.verbs == ("create",) else ()
        return {path: Path(operations, (*posts, *shared, PRETTY))}

    def _version(self) -> tuple[str, str]:
        return self._resource.group, self._resource.version

    def _connections(
        self, path: str, name: str, sub: Subresource, kind: Kind, shared: tuple[Parameter, ...]
    ) -> dict[str, Path]:
        methods = [METHODS[verb] for verb in sub.verbs] + (["head", "options"] if name == "proxy" else [])
        tail = f"{self._place.label}{self._resource.kind}{name.capitalize()}"
        found = {}
        for end, more in (("", ()), ("/{path}", (PATH,))) if name == "proxy" else (("", ()),):
            operations = [
                Operation(
                    method=method,
                    id=f"connect{self._owner}{method.capitalize()}{tail}{'WithPath' if more else ''}",
                    action="connect",
                    tag=self._tag,
                    kind=kind,
                    gives=("*/*",),
                )
                for method in sorted(methods)
            ]
            found[path + end] = Path(operations, (*shared, *more, *parameters.OF_CONNECTIONS[name]))
        return found

    def _watches(self) -> dict[str, Path]:
        """The paths of before `?watch=1`; deprecated, but served."""
        resource, place = self._resource, self._place
        root = place.root.replace(self._base, f"{self._base}/watch", 1)
        found = {}
        if "list" in resource.verbs:
            many = self._old_watch("watchlist", f"{place.label}{resource.kind}List")
            found[f"{root}/{resource.plural}"] = Path([many], (*parameters.LIST, *place.parameters, PRETTY))
            if resource.namespaced:
                all_of_them = self._old_watch("watchlist", f"{resource.kind}ListForAllNamespaces")
                found[f"{self._base}/watch/{resource.plural}"] = Path([all_of_them], (*parameters.LIST, PRETTY))
        if "get" in resource.verbs:
            single = self._old_watch("watch", f"{place.label}{resource.kind}")
            shared = (*parameters.LIST, NAME, *place.parameters, PRETTY)
            found[f"{root}/{resource.plural}/{{name}}"] = Path([single], shared)
        return found

    def _old_watch(self, action: str, tail: str) -> Operation:
        gives = (*OBJECT_TYPES, *WATCH_TYPES)
        id = f"watch{self._owner}{tail}"
        return Operation(
            method="get", id=id, action=action, tag=self._tag, kind=self._kind, answer=WATCH_EVENT, gives=gives
        )


def _below_operation(verb: str, tail: str, tag: str, kind: Kind, patch_types: tuple[str, ...]) -> Operation:
    """A verb on a subresource that shows an object."""
    names = {"get": "read", "update": "replace", "create": "create", "patch": "patch", "delete": "delete"}
    method, id = METHODS[verb], f"{names[verb]}{tail}"
    made = Operation(method=method, id=id, action=method, tag=tag, kind=kind, answer=kind.type)
    if verb == "get":
        return made
    return Operation(
        method=method,
        id=id,
        action=method,
        tag=tag,
        kind=kind,
        parameters={"patch": parameters.PATCH, "update": parameters.WRITE}.get(verb, ()),
        body=PATCH if verb == "patch" else kind.type,
        takes=patch_types if verb == "patch" else ("*/*",),
        answer=kind.type,
        codes=(200, 201, 202) if verb == "create" else (200, 201),
    )


def kind_of(group: str, version: str, kind: str) -> Kind:
    """The kind with the name of its type; types that are not built in are named after group and version."""
    try:
        return Kind(group, version, kind, type_name(schema.type_for(group, version, kind).name))
    except KeyError:
        reversed_group = ".".join(reversed(group.split(".")))
        return Kind(group, version, kind, f"{reversed_group}.{version}.{kind}" if group else "")
