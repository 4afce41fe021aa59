"""Which groups, versions and resources there are: plain, and aggregated in one answer (KEP-3352).

Everything is worked out from the catalog when it has changed, and kept as bytes.
"""

import hashlib
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from podo.api.errors import MethodNotAllowed, NotAcceptable, NotFound
from podo.api.resources import Resource, Subresource, built_in
from podo.server.aggregation.merging import Merged, RemoteVersion
from podo.server.aggregation.priorities import CUSTOM_VERSION, USUAL_VERSION, group_priority
from podo.server.answer import JSON, Answer, text_answer
from podo.server.customresources.versions import rank
from podo.server.http.encoding import formed
from podo.server.http.handler import PathHandler, PathRequest
from podo.server.http.negotiation import AGGREGATED, DiscoveryForm, Form, negotiate_discovery, only_these
from podo.server.registry.catalog import Catalog


class Computed(Protocol):
    """A group whose objects are worked out; `seen` changes when its resources do."""

    @property
    def versions(self) -> Sequence[str]: ...

    @property
    def resources(self) -> Sequence[Resource]: ...

    @property
    def seen(self) -> Hashable: ...


Remote = Mapping[str, list[RemoteVersion]]
"""What other servers serve, by group."""


class Discovery:
    """Answers for the paths of discovery."""

    def __init__(
        self,
        catalog: Catalog,
        address: Callable[[], str],
        computed: Mapping[str, Computed] | None = None,
        others: Merged | None = None,
    ) -> None:
        """`address` is what stands as the server's address in the answer for /api.

        `computed` are groups that are served without being in the catalog; `others` serve groups as well, and a group
        of theirs is not shown as computed.
        """
        self._catalog, self._address, self._computed, self._others = catalog, address, computed or {}, others
        self._made: tuple[Hashable, dict[str, bytes]] = (None, {})
        self._formed_of: dict[str, bytes] = {}
        self._in_forms: dict[tuple[str, str], Answer] = {}

    def paths(self) -> dict[str, PathHandler]:
        """The handlers, by path or prefix."""
        return {"/api": self.answer, "/api/": self.answer, "/apis": self.answer, "/apis/": self.answer}

    def known(self) -> list[str]:
        """The paths that have a document now."""
        return [path for path in self._documents() if path.startswith("/")]

    async def answer(self, request: PathRequest) -> Answer:
        """The document of a path."""
        path = request.path.rstrip("/")
        documents = self._documents()
        if path not in documents:
            return self._unknown(path)
        of_groups = path == "/apis" or (path.startswith("/apis/") and path.count("/") == 2)
        if request.method != "GET" and not of_groups:  # which answer whatever the method, as Kubernetes' do
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        form = self._form(path, request.headers.get("Accept", ""), of_groups)
        if not form.aggregated:
            return _in_form(documents[path], form)
        return _cached(self._formed(f"aggregated {path}", form), request.headers)

    def _formed(self, name: str, form: DiscoveryForm) -> Answer:
        """A document in a form, with its ETag; both are worked out once."""
        documents = self._documents()
        if self._formed_of is not documents:
            self._formed_of, self._in_forms = documents, {}
        found = self._in_forms.get((name, form.media_type))
        if found is None:
            answer = _in_form(documents[name], form)
            tag = f'"{hashlib.sha256(bytes(answer.body)).hexdigest().upper()}"'
            extra = {"ETag": tag, "Vary": "Accept", "Cache-Control": "public"}
            found = self._in_forms[name, form.media_type] = answer._replace(headers=extra)
        return found

    def _form(self, path: str, accept: str, of_groups: bool) -> DiscoveryForm:
        """Raises NotAcceptable."""
        try:
            return negotiate_discovery(accept, may_aggregate=path in ("/api", "/apis"), any_type=of_groups)
        except NotAcceptable as error:
            raise only_these() if of_groups and path != "/apis" else error from error

    def _unknown(self, path: str) -> Answer:
        """The answer for a version, or a group, that is not there: a Status within groups that are built in."""
        _, root, *rest = path.split("/")
        if root == "api" or self._catalog.has_group(rest[0]):
            raise NotFound("the server could not find the requested resource")
        return text_answer("404 page not found\n", 404)

    def _documents(self) -> dict[str, bytes]:
        versions = self._catalog.version, self._others.version if self._others is not None else 0
        version = *versions, *(computed.seen for computed in self._computed.values())
        if self._made[0] != version:
            remote = self._others.groups() if self._others is not None else {}
            ours = {group: computed for group, computed in self._computed.items() if group not in remote}
            resources = [served.resource for served in self._catalog]
            for computed in ours.values():
                resources += computed.resources
            bare = [(group, name) for group, computed in ours.items() for name in computed.versions]
            found = documents(resources, self._address(), remote, bare)
            self._made = version, {path: msgspec.json.encode(body) for path, body in found.items()}
        return self._made[1]


def documents(
    resources: Iterable[Resource],
    address: str,
    remote: Remote | None = None,
    bare: Iterable[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Every document of discovery by its path; the aggregated ones under `aggregated PATH`.

    `remote` are the versions that other servers serve, by group. Documents of such a version are theirs to give.
    `bare` are groups and versions that are there even without resources.
    """
    remote = remote or {}
    groups: dict[str, dict[str, list[Resource]]] = {}
    for resource in resources:
        groups.setdefault(resource.group, {}).setdefault(resource.version, []).append(resource)
    for group, name in bare:
        groups.setdefault(group, {}).setdefault(name, [])
    core = groups.pop("", {})
    groups = ordered(groups)
    versions_of = with_remote({name: list(versions) for name, versions in groups.items()}, remote)
    clients = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    found: dict[str, Any] = {
        "/api": {"kind": "APIVersions", "versions": list(core), "serverAddressByClientCIDRs": clients},
        "/apis": {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [api_group(g, v) for g, v in versions_of.items()],
        },
        "aggregated /api": aggregated({"": core}, {"": list(core)}, {}),
        "aggregated /apis": aggregated(groups, versions_of, remote),
    }
    for group, names in versions_of.items():
        found[f"/apis/{group}"] = {"kind": "APIGroup", "apiVersion": "v1"} | api_group(group, names)
    for group, versions in {"": core, **groups}.items():
        for version_name, items in versions.items():
            path = f"/apis/{group}/{version_name}" if group else f"/api/{version_name}"
            found[path] = resource_list(path.removeprefix("/apis/").removeprefix("/api/"), items)
    return found


def ordered(groups: Mapping[str, dict[str, list[Resource]]]) -> dict[str, dict[str, list[Resource]]]:
    """The groups of custom resources by name behind the others, their versions by preference."""
    own = {resource.group for resource in built_in()}
    custom = {
        name: {version: groups[name][version] for version in sorted(groups[name], key=rank)}
        for name in sorted(groups)
        if name not in own
    }
    return {name: versions for name, versions in groups.items() if name in own} | custom


def with_remote(local: Mapping[str, list[str]], remote: Remote) -> dict[str, list[str]]:
    """The names of all versions by group, in the order of their priorities; ours as they are."""
    if not remote:
        return dict(local)
    own = {resource.group for resource in built_in()}
    priorities = {name: group_priority(name, custom=name not in own) for name in local}
    for name, versions in remote.items():
        priorities[name] = max([priorities.get(name, 0), *(v.group_priority for v in versions)])
    ours = {name: place for place, name in enumerate(local)}
    names = sorted(priorities, key=lambda name: (-priorities[name], ours.get(name, len(ours)), name))
    found: dict[str, list[str]] = {}
    for name in names:
        theirs = {v.version: v.version_priority for v in remote.get(name, ())}
        usual = dict.fromkeys(local.get(name, ()), USUAL_VERSION if name in own else CUSTOM_VERSION)
        found[name] = sorted(usual | theirs, key=lambda version: (-(usual | theirs)[version], rank(version)))
        if not theirs:
            found[name] = list(local[name])
    return found


def api_group(name: str, versions: Iterable[str]) -> dict[str, Any]:
    """A group with its versions, the preferred one first."""
    listed = [{"groupVersion": f"{name}/{v}", "version": v} for v in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def resource_list(api_version: str, items: list[Resource]) -> dict[str, Any]:
    """The APIResourceList of a group and version. What has no kind is there for what is below it alone."""
    rows: list[dict[str, Any]] = []
    for item in sorted(items, key=lambda r: r.plural):
        row: dict[str, Any] = {"name": item.plural, "singularName": item.singular, "namespaced": item.namespaced}
        row |= {"kind": item.kind, "verbs": item.verbs} | _optional(item)
        if item.storage_version_hash:
            row["storageVersionHash"] = item.storage_version_hash
        rows += [row] if item.kind else []
        rows += [_subresource_row(item, name, sub) for name, sub in sorted(item.subresources.items())]
    head = {"kind": "APIResourceList"} | ({"apiVersion": "v1"} if "/" in api_version else {})
    return head | {"groupVersion": api_version, "resources": rows}


def _subresource_row(parent: Resource, name: str, sub: Subresource) -> dict[str, Any]:
    row: dict[str, Any] = {"name": f"{parent.plural}/{name}", "singularName": "", "namespaced": sub.namespaced}
    row |= {"group": sub.group, "version": sub.version} if sub.version else {}
    return row | {"kind": sub.kind, "verbs": sub.verbs}


def _optional(item: Resource) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if item.short_names:
        found["shortNames"] = item.short_names
    if item.categories:
        found["categories"] = item.categories
    return found


def aggregated(
    groups: Mapping[str, Mapping[str, list[Resource]]], versions_of: Mapping[str, list[str]], remote: Remote
) -> dict[str, Any]:
    """The APIGroupDiscoveryList of some groups."""
    items = []
    for group, names in versions_of.items():
        theirs = {each.version: each for each in remote.get(group, ())}
        listed = [
            _remote_version(theirs[v]) if v in theirs else _version(v, groups.get(group, {}).get(v, [])) for v in names
        ]
        items.append({"metadata": {"name": group} if group else {}, "versions": listed})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _version(name: str, resources: list[Resource]) -> dict[str, Any]:
    shown = [_discovered(r) for r in sorted(resources, key=lambda r: r.plural)]
    return {"version": name, "resources": shown, "freshness": "Current"}


def _remote_version(found: RemoteVersion) -> dict[str, Any]:
    resources = {"resources": found.resources} if found.resources else {}
    return {"version": found.version} | resources | {"freshness": "Current" if found.fresh else "Stale"}


def _discovered(item: Resource) -> dict[str, Any]:
    row: dict[str, Any] = {
        "resource": item.plural,
        "responseKind": {"group": "", "version": "", "kind": item.kind},
        "scope": "Namespaced" if item.namespaced else "Cluster",
        "singularResource": item.singular,
        "verbs": item.verbs,
    } | _optional(item)
    if item.subresources:
        row["subresources"] = [
            {
                "subresource": name,
                "responseKind": {"group": sub.group, "version": sub.version, "kind": sub.kind},
                "verbs": sub.verbs,
            }
            for name, sub in sorted(item.subresources.items())
        ]
    return row


def _in_form(document: bytes, form: DiscoveryForm) -> Answer:
    """A document, which is JSON, in the client's media type."""
    if form.media_type == JSON:
        answer = Answer(200, document)
    else:
        whole = {"apiVersion": "v1"} | msgspec.json.decode(document)  # what is v1 does not always say so
        answer = formed(msgspec.json.encode(whole), Form(form.media_type))
    parameters = "".join(f";{name}={value}" for name, value in AGGREGATED.items()) if form.aggregated else ""
    return answer._replace(media_type=form.media_type + parameters)


def _cached(answer: Answer, headers: Mapping[str, str]) -> Answer:
    """The answer, or 304 if the client has it already."""
    if headers.get("If-None-Match", "") == answer.headers["ETag"]:
        return Answer(304, b"", answer.media_type, answer.headers)
    return answer
