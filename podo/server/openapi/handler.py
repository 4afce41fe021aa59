"""Answers for /openapi/v3 and /openapi/v2.

Documents are made when first asked for and kept compressed until a kind comes or goes; the one of all kinds, which
grows with every definition, is made beside what else the server does. The hash in the address of a document is that of
what it is made from, so that the index needs no document; a client may keep what it got forever.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path as File
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from podo.api import schema
from podo.api.errors import MethodNotAllowed
from podo.api.resources import Resource
from podo.server.aggregation.merging import Merged
from podo.server.answer import JSON, Answer, Compressed
from podo.server.customresources.kind import CustomServed
from podo.server.customresources.openapi import schemas_of
from podo.server.customresources.openapi_v2 import definitions_of
from podo.server.descriptions import texts
from podo.server.http.handler import PathHandler, PathRequest
from podo.server.http.negotiation import not_acceptable
from podo.server.openapi import operations, v2, v3
from podo.server.openapi.operations import Path
from podo.server.openapi.schemas import META, VERSION_INFO
from podo.server.registry.catalog import Catalog

V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
V2_PROTOBUF_AS_ASKED = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
"""What clients ask for; no media type may have an `@`, so the answer says it otherwise."""
FOREVER = {"Cache-Control": "public, immutable", "Expires": "Fri, 01 Jan 2100 00:00:00 GMT"}
PREFIX = "/openapi/v3"
V3_REFERENCE, V2_REFERENCE = "#/components/schemas/", "#/definitions/"


Groups = dict[tuple[str, str], list[Resource]]
Custom = dict[tuple[str, str], list[CustomServed]]


class Computed(NamedTuple):
    """A group in a version that no catalog holds; `schemas` are made for what stands before names in references."""

    group: str
    version: str
    resources: Sequence[Resource]
    schemas: Callable[[str], dict[str, Any]]


class _Whole(NamedTuple):
    """The document of all kinds, in one form, and its digest."""

    body: Compressed
    digest: str


class OpenAPI:
    """The documents of what a catalog holds."""

    def __init__(
        self, catalog: Catalog, server_version: str, others: Merged | None = None, computed: Sequence[Computed] = ()
    ) -> None:
        """`server_version` stands in each document; `others` serve groups as well, and `computed` are served."""
        self._computed = {(one.group, one.version): one for one in computed}
        self._catalog, self._server_version, self._others = catalog, server_version, others
        self._version = (-1, 0)
        self._groups: Groups = {}
        self._custom: Custom = {}
        self._hashes: dict[str, str] = {}
        self._made: dict[str, Compressed] = {}
        self._wholes: dict[str, _Whole] = {}
        self._turn = asyncio.Lock()

    def paths(self) -> dict[str, PathHandler]:
        """The handlers, by path or prefix."""
        found = {PREFIX: self.index, f"{PREFIX}/": self.one, "/openapi/v2": self.second}
        return {path: _only_get(handler) for path, handler in found.items()}

    async def index(self, request: PathRequest) -> Answer:
        """Which documents there are, with the addresses under which they never change."""
        _accepts(request, (JSON,))
        self._refresh()
        paths: dict[str, Any] = {
            name: {"serverRelativeURL": f"{PREFIX}/{name}?hash={h}"} for name, h in self._hashes.items()
        }
        if self._others is not None:
            paths |= self._others.openapi_index()
        return _tagged(msgspec.json.encode({"paths": paths}), JSON, request)

    async def one(self, request: PathRequest) -> Answer:
        """The document of a group and version."""
        self._refresh()
        name = request.path.removeprefix(f"{PREFIX}/").rstrip("/")
        if self._others is not None and (theirs := await self._others.openapi(name, _query(request))) is not None:
            return Answer(theirs.status, theirs.body, theirs.headers.get("Content-Type", JSON))
        if name not in self._hashes:
            return Answer(404, b"", "")
        _accepts(request, (JSON,))
        current = self._hashes[name]
        wanted = request.query.get("hash")
        if wanted and wanted != current:
            return Answer(301, b"", "", {"Location": f"{PREFIX}/{name}?hash={current}"})
        return _tagged(self._kept(name), JSON, request, current, FOREVER if wanted else {})

    async def second(self, request: PathRequest) -> Answer:
        """All in the form of OpenAPI 2.0."""
        wanted = _accepts(request, (JSON, V2_PROTOBUF, V2_PROTOBUF_AS_ASKED))
        media_type = JSON if wanted == JSON else V2_PROTOBUF
        async with self._turn:  # who comes meanwhile gets the same
            self._refresh()
            wholes = self._wholes
            if media_type not in wholes:
                wholes[media_type] = await asyncio.to_thread(self._whole, media_type, self._groups, self._custom)
        body, digest = wholes[media_type]
        return _tagged(body, media_type, request, digest)

    def _refresh(self) -> None:
        version = self._catalog.version, self._others.version if self._others is not None else 0
        if self._version == version:
            return
        self._version = version
        self._groups, self._made, self._wholes = {}, {}, {}
        self._custom = {}
        for served in self._catalog:
            if isinstance(served, CustomServed):
                self._custom.setdefault((served.resource.group, served.resource.version), []).append(served)
            self._groups.setdefault((served.resource.group, served.resource.version), []).append(served.resource)
        self._groups |= {pair: list(one.resources) for pair, one in self._computed.items()}
        names = {_name(*pair): rows for pair, rows in self._groups.items()}
        described = {group for group, version in self._groups if group and (group, version) not in self._custom}
        names |= {f"apis/{group}": [] for group in described} | {"api": [], "apis": [], "version": []}
        since = {_name(*pair): [served.since for served in kinds] for pair, kinds in self._custom.items()}
        self._hashes = {
            name: _hash(name, self._server_version, names[name], since.get(name, [])) for name in sorted(names)
        }

    def _kept(self, name: str) -> Compressed:
        if name not in self._made:
            self._made[name] = Compressed(msgspec.json.encode(self._document(name)))
        return self._made[name]

    def _document(self, name: str) -> dict[str, Any]:
        pair = next((pair for pair in self._groups if _name(*pair) == name), None)
        if pair is not None:
            paths, group, version = operations.paths_of(*pair, self._groups[pair]), *pair
            if pair in self._custom:  # neither discovery nor the old paths of watches are described
                base = f"/apis/{group}/{version}/"
                paths = {p: shown for p, shown in paths.items() if p != base and not p.startswith(f"{base}watch/")}
            given = schemas_of(self._custom.get(pair, ()), V3_REFERENCE)
            if pair in self._computed:
                given |= self._computed[pair].schemas(V3_REFERENCE)
            return v3.document(paths, None if pair in self._custom else group, version, self._server_version, given)
        return v3.document(_others(name), "", "", self._server_version)

    def _whole(self, media_type: str, groups: Groups, custom: Custom) -> _Whole:
        document = self._all(groups, custom)
        if media_type == JSON:
            body = msgspec.json.encode(document)
        else:
            from podo.server.openapi import v2_protobuf  # few ask for it, and the library is large

            body = v2_protobuf.encode(document)
        return _Whole(Compressed(body), hashlib.sha512(body).hexdigest().upper())

    def _all(self, groups: Groups, custom: Custom) -> dict[str, Any]:
        paths: dict[str, Path] = {}
        for pair, rows in groups.items():
            paths |= operations.paths_of(*pair, rows)
        for name in [f"apis/{group}" for group, _ in groups if group] + ["api", "apis", "version"]:
            paths |= _others(name)
        document = v2.document(paths, self._server_version)
        document["definitions"] |= definitions_of(chain.from_iterable(custom.values()), V2_REFERENCE)
        for one in self._computed.values():
            document["definitions"] |= one.schemas(V2_REFERENCE)
        return self._others.swagger(document) if self._others is not None else document


def _query(request: PathRequest) -> str:
    return urlencode(list(request.query.items()))


def _name(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _others(name: str) -> Mapping[str, Path]:
    """The paths of what describes groups, and the server."""
    answers = {"api": f"{META}APIVersions", "apis": f"{META}APIGroupList", "version": VERSION_INFO}
    if name in answers:
        return operations.root_paths(f"/{name}/", answers[name])
    return operations.group_paths(name.removeprefix("apis/"))


def _hash(name: str, server_version: str, rows: Iterable[Resource], since: list[int]) -> str:
    made = hashlib.sha512(_sources())
    made.update(msgspec.json.encode([name, server_version, list(rows), *since]))
    return made.hexdigest().upper()


@cache
def _sources() -> bytes:
    """A digest of what every document is made from: the field tables, the texts, and the code of this folder."""
    files = [*sorted(schema.FOLDER.glob("*.json")), *sorted(texts.FOLDER.glob("*.txt"))]
    files += sorted(File(__file__).parent.glob("*.py"))
    made = hashlib.sha512()
    for file in files:
        made.update(file.read_bytes())
    return made.digest()


def _only_get(handler: PathHandler) -> PathHandler:
    async def checked(request: PathRequest) -> Answer:
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        return await handler(request)

    return checked


def _accepts(request: PathRequest, offered: tuple[str, ...]) -> str:
    """The first media type of the client's that we have. Raises NotAcceptable."""
    accept = request.headers.get("Accept", "").strip()
    for clause in accept.split(",") if accept else ("*/*",):
        media_type = clause.partition(";")[0].strip()
        if media_type in offered:
            return media_type
        if media_type in ("*/*", "application/*"):
            return offered[0]
    raise not_acceptable(", ".join(offered))


def _tagged(
    body: bytes | Compressed, media_type: str, request: PathRequest, digest: str = "", headers: Mapping[str, str] = {}
) -> Answer:
    """The answer with its ETag, or 304 if the client has it already."""
    tag = f'"{digest or hashlib.sha512(bytes(body)).hexdigest().upper()}"'
    extra = {"ETag": tag, "Vary": "Accept", **headers}
    if request.headers.get("If-None-Match", "") == tag:
        return Answer(304, b"", "", extra)
    return Answer(200, body, media_type, extra)
