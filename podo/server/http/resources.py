"""The verbs on resources: from request to registry and back."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import msgspec
from aiohttp import web

from podo.api.errors import BadRequest, MethodNotAllowed, NotFound, ServiceUnavailable
from podo.api.field_errors import required
from podo.api.resources import Resource
from podo.clock import Clock
from podo.server.answer import Answer, text_answer
from podo.server.connect.options import connect_options
from podo.server.context import Context
from podo.server.core import Core
from podo.server.decoding_point import Decoder, Refused
from podo.server.forms import Tables
from podo.server.http.bodies import read_body
from podo.server.http.deprecations import deprecation
from podo.server.http.encoding import Encoder, encoder_for, formed
from podo.server.http.handler import Call
from podo.server.http.negotiation import PROTOBUF, body_media_type, negotiate
from podo.server.http.places import OF_OBJECTS, check_name, check_place, in_scope
from podo.server.http.query import (
    ReadOptions,
    WriteOptions,
    check_read_options,
    delete_options,
    flag,
    parse_revision,
    read_options,
    selection_of,
    write_options,
)
from podo.server.http.request_info import RequestInfo
from podo.server.http.watching import Watching
from podo.server.operations import SAME_OBJECT, Target
from podo.server.registry.generic import Deleted
from podo.server.registry.kinds import Served
from podo.server.strategy import Object

Verb = Callable[[Call, Served], Awaitable[Answer | web.StreamResponse]]
APPLY = "application/apply-patch+yaml"
PATCHES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    APPLY,
)


PROXY_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
PROXY_VERBS = {"head": "get", "options": ""}
"""What is authorized where the method is none of a resource's own (apiserver's RequestInfo)."""
CONNECTIONS = frozenset({"exec", "attach", "portforward", "log", "proxy"})
"""The subresources that are carried on to a node, a Pod or a Service."""
UPGRADED = frozenset({"exec", "attach", "portforward"})
"""Those that do what only someone who may create them may, also where a WebSocket begins as a GET."""


class Connecting(Protocol):
    """Answers for CONNECTIONS."""

    async def answer(self, call: Call, served: Served) -> Answer | web.StreamResponse: ...


class Computed(Protocol):
    """Answers for a group whose objects are worked out, not stored."""

    @property
    def versions(self) -> Sequence[str]:
        """Its versions, the preferred one first."""
        ...

    @property
    def resources(self) -> Sequence[Resource]:
        """What discovery says of it."""
        ...

    @property
    def seen(self) -> Hashable:
        """Changes when `resources` does."""
        ...

    async def answer(self, call: Call) -> Answer: ...


class Remote(Protocol):
    """Knows which groups other servers serve."""

    def groups(self) -> Mapping[str, object]: ...


class Resources:
    """Answers requests for resources."""

    def __init__(
        self,
        core: Core,
        *,
        decoder: Decoder,
        tables: Tables,
        watching: Watching,
        connections: Connecting | None = None,
        computed: Mapping[str, Computed] | None = None,
        others: Remote | None = None,
    ) -> None:
        """Without `connections` nothing can be reached below Pods, Services and Nodes.

        `computed` is by group; where `others` serve a version of such a group, the whole of it is theirs.
        """
        self._connections, self._computed, self._others = connections, computed or {}, others
        self._core, self._decoder, self._tables, self._watching = core, decoder, tables, watching
        self._operations, self._registry = core.operations, core.registry
        self._clock: Clock = core.clock
        self._verbs: dict[str, Verb] = {
            "get": self._get,
            "list": self._list,
            "watch": self._watch,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
        }

    def verb(self, info: RequestInfo, query: Mapping[str, str]) -> RequestInfo:
        """The final verb. A list of one name is authorized as a request for that name."""
        verb = info.verb
        if info.subresource == "proxy":
            return info._replace(verb=PROXY_VERBS.get(verb, verb))
        if info.deprecated_watch and verb == "get":
            return info._replace(verb="watch")
        if info.name or verb not in ("get", "delete"):
            return info
        if verb == "delete":
            return info._replace(verb="deletecollection")
        return info._replace(verb="watch" if flag(query, "watch") else "list")

    def _is_elsewhere(self, group: str) -> bool:
        return self._others is not None and group in self._others.groups()

    async def answer(self, call: Call) -> Answer | web.StreamResponse:
        """Answer one. Raises APIError."""
        info = call.info
        served = self._core.catalog.by_path(info.group, info.version, info.resource)
        if served is None and info.group in self._computed and not self._is_elsewhere(info.group):
            return await self._computed[info.group].answer(call)
        if served is None and not self._core.catalog.has_group(info.group):
            return text_answer("404 page not found\n", 404)
        if served is not None and served.typed_items and not in_scope(served, info):
            return text_answer("404 page not found\n", 404)
        if served is None or (bool(info.subresource) and info.subresource not in served.subresources):
            raise NotFound("the server could not find the requested resource")
        if info.rest and info.subresource != "proxy":
            raise NotFound("the server could not find the requested resource")
        verbs = served.resource.subresources[info.subresource].verbs if info.subresource else served.resource.verbs
        if info.name and not info.subresource and not OF_OBJECTS & set(verbs):
            raise NotFound("the server could not find the requested resource")
        if info.subresource == "proxy" and call.request.method in PROXY_METHODS:
            return await self._connect(call, served)
        handler = self._verbs.get(info.verb)
        fits = bool(info.subresource) or (info.verb in OF_OBJECTS) == bool(info.name) or info.deprecated_watch
        if handler is None or info.verb not in verbs or not fits:
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        if info.subresource in CONNECTIONS:
            return await self._connect(call, served)
        check_place(served, info)
        if text := served.deprecation or deprecation(served.resource):
            call.warnings.append(text)
        return await handler(call, served)

    async def _connect(self, call: Call, served: Served) -> Answer | web.StreamResponse:
        info, query = call.info, call.request.raw_path.partition("?")[2]
        options = connect_options(info.resource, info.subresource, query, info.rest)
        if options is not None:
            if "dryRun" in call.query:
                raise BadRequest("dryRun is not supported")
            target = Target(served, info.name)
            await self._operations.connect(self._context(call, WriteOptions(False)), target, options)
            if info.subresource in UPGRADED:
                await call.check_create()
        if self._connections is None:
            raise ServiceUnavailable("this server does not connect to nodes")
        return await self._connections.answer(call, served)

    def _context(self, call: Call, options: WriteOptions) -> Context:
        info = call.info
        return Context(
            call.user,
            self._clock.now(),
            group=info.group,
            version=info.version,
            subresource=info.subresource,
            verb=info.verb,
            namespace=info.namespace if info.resource != "namespaces" else "",
            dry_run=options.dry_run,
            names_manager=bool(options.manager),
            manager=options.manager or manager_of(call.request.headers.get("User-Agent", "")),
            field_validation=options.validation,
            warnings=call.warnings,
            annotations=call.annotations,
            waited=call.waited,
            check_create=call.check_create,
        )

    def _encoder(self, call: Call, served: Served) -> Encoder:
        tables = has_tables(served, call.info.subresource)
        accept = call.request.headers.get("Accept", "")
        streams = call.info.verb in ("list", "watch")
        form = negotiate(accept, has_messages=not served.typed_items, has_tables=tables, streams=streams)
        include, scope = call.query.get("includeObject", "Metadata"), self._namespace(call)
        return encoder_for(served, form, self._tables, include=include, scope=scope)

    async def _get(self, call: Call, served: Served) -> Answer:
        encoder = self._encoder(call, served)
        info, revision = call.info, call.query.get("resourceVersion", "")
        wanted = parse_revision(revision) if revision else None
        namespace = info.namespace if served.stored.namespaced else ""
        entry = await self._registry.get(served, namespace, info.name, revision=wanted)
        if info.subresource and info.subresource not in SAME_OBJECT:
            below = self._operations.below(served, info.subresource)
            shown = await below.show(self._context(call, WriteOptions()), Target(served, info.name), entry)
            return encoder.answer(encoder.below(shown))
        return encoder.answer(encoder.object(entry))

    async def _list(self, call: Call, served: Served) -> Answer:
        options = read_options(call.query)
        check_read_options(options, watch=False)
        encoder = self._encoder(call, served)
        selection = selection_of(options, self._namespace(call), served.selectable)
        found = await self._registry.list(served, selection, options.list_options())
        metadata: Object = {"resourceVersion": str(found.revision)}
        if found.continue_token or (served.typed_items and not encoder.form.as_kind):
            metadata["continue"] = found.continue_token
        if found.remaining is not None:
            metadata["remainingItemCount"] = found.remaining
        return encoder.answer(encoder.list(found.entries, metadata))

    def _namespace(self, call: Call) -> str:
        return call.info.namespace if call.info.resource != "namespaces" else ""

    async def _watch(self, call: Call, served: Served) -> web.StreamResponse:
        options = read_options(call.query)
        check_read_options(options, watch=True)
        encoder = self._encoder(call, served)
        if call.info.name:
            options = named(options, call.info.name)
        selection = selection_of(options, self._namespace(call), served.selectable)
        return await self._watching.serve(call.request, served, selection, options, encoder)

    async def _decoded(self, call: Call, served: Served, ctx: Context) -> Object:
        body = await read_body(call.request)
        media_type = body_media_type(call.request.headers.get("Content-Type", ""))
        try:
            obj, warnings = self._decoder.decode(body, media_type, served, ctx.subresource, ctx.field_validation)
        except Refused as refusal:
            call.warnings.extend(refusal.warnings)
            raise
        call.warnings.extend(warnings)
        if media_type != PROTOBUF:
            ctx.sent = body
        if call.trail is not None:
            call.trail.request(obj)
        return obj

    async def _create(self, call: Call, served: Served) -> Answer:
        options = write_options(call.query, "CreateOptions")
        encoder = self._encoder(call, served)
        ctx = self._context(call, options)
        obj = await self._decoded(call, served, ctx)
        if call.info.subresource:
            below = self._operations.below(served, call.info.subresource)
            made = await below.create(ctx, Target(served, call.info.name), obj)
            return encoder.answer(encoder.below(made), 201)
        if not served.stored.strategy.traits.stored:
            return encoder.answer(encoder.below(await self._operations.ask(ctx, served, obj)), 201)
        return encoder.answer(encoder.object(await self._registry.create(ctx, served, obj)), 201)

    async def _update(self, call: Call, served: Served) -> Answer:
        options = write_options(call.query, "UpdateOptions")
        encoder = self._encoder(call, served)
        ctx, target = self._context(call, options), Target(served, call.info.name)
        obj = await self._decoded(call, served, ctx)
        check_name(obj, call.info.name, self._namespace(call))
        if call.info.subresource and call.info.subresource not in SAME_OBJECT:
            below = self._operations.below(served, call.info.subresource)
            return encoder.answer(encoder.below(await below.replace(ctx, target, obj)))
        entry, made = await self._operations.replace(ctx, target, obj)
        return encoder.answer(encoder.object(entry), 201 if made else 200)

    async def _patch(self, call: Call, served: Served) -> Answer:
        media_type = call.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        anonymous = media_type == APPLY and not call.query.get("fieldManager")
        needed = [required("fieldManager", "is required for apply patch")] if anonymous else []
        options = write_options(call.query, "PatchOptions", needed)
        encoder = self._encoder(call, served)
        body = await read_body(call.request)
        if call.trail is not None:
            call.trail.patch(body)
        ctx, target = self._context(call, options), Target(served, call.info.name)
        if call.info.subresource and call.info.subresource not in SAME_OBJECT:
            below = self._operations.below(served, call.info.subresource)
            shown = await below.patch(ctx, target, media_type, body, options.force)
            return encoder.answer(encoder.below(shown))
        entry, made = await self._operations.patch(ctx, target, media_type, body, force=options.force)
        return encoder.answer(encoder.object(entry), 201 if made else 200)

    async def _delete(self, call: Call, served: Served) -> Answer:
        encoder = self._encoder(call, served)
        options, dry_run = delete_options(call.query, await self._delete_body(call))
        ctx = self._context(call, WriteOptions(dry_run))
        deleted = await self._registry.delete(ctx, served, call.info.name, options)
        status = 202 if not deleted.gone and options.orphan_dependents is False else 200
        if deleted.gone and not served.stored.strategy.traits.returns_deleted:
            return formed(msgspec.json.encode(success(served, deleted)), encoder.form, status)
        return encoder.answer(encoder.object(deleted.entry), status)

    async def _delete_body(self, call: Call) -> Object | None:
        body = await read_body(call.request)
        if not body:
            return None
        media_type = body_media_type(call.request.headers.get("Content-Type", ""))
        options = self._decoder.decode_options(body, media_type)
        if call.trail is not None:
            call.trail.request(options)
        return options

    async def _delete_collection(self, call: Call, served: Served) -> Answer:
        read = read_options(call.query)
        check_read_options(read, watch=False)
        encoder = self._encoder(call, served)
        selection = selection_of(read, self._namespace(call), served.selectable)
        options, dry_run = delete_options(call.query, await self._delete_body(call))
        ctx = self._context(call, WriteOptions(dry_run))
        found = await self._registry.delete_collection(ctx, served, selection, read.list_options(), options)
        metadata: Object = {"resourceVersion": str(found.revision)}
        return encoder.answer(encoder.list(found.entries, metadata))


def has_tables(served: Served, subresource: str) -> bool:
    """Whether objects can be shown as Tables: not questions, and not what most subresources show."""
    if subresource == "status":
        return served.resource.kind != "ResourceClaim"
    return served.stored.strategy.traits.stored if not subresource else subresource == "scale"


def named(options: ReadOptions, name: str) -> ReadOptions:
    """The options of a watch of a single object by the old path."""
    term = f"metadata.name={name}"
    return replace(options, fields=f"{options.fields},{term}" if options.fields else term)


def success(served: Served, deleted: Deleted) -> Object:
    """The Status of a deletion."""
    resource = served.resource
    uid = deleted.entry.object()["metadata"].get("uid", "")
    details: Object = {"name": deleted.entry.name}
    if resource.group:
        details["group"] = resource.group
    details |= {"kind": resource.plural, "uid": uid}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def manager_of(user_agent: str) -> str:
    """The field manager of a client that names none: its program, as the user agent says it."""
    return user_agent.partition("/")[0][:128]
