"""Tokens of service accounts: POST of a TokenRequest to serviceaccounts/token."""

from collections.abc import Callable
from datetime import timedelta

import msgspec

from podo.api.errors import BadRequest, Conflict
from podo.api.field_errors import FieldError, invalid, invalid_object
from podo.api.timestamps import format_time
from podo.server.authentication.service_account import PREFIX, Bound, Claims, Issuer, Ref
from podo.server.context import Context
from podo.server.decoding.objects import Kind
from podo.server.fields import owned
from podo.server.operations import Target
from podo.server.registry.catalog import Catalog
from podo.server.registry.failures import not_found
from podo.server.registry.generic import Registry
from podo.server.strategy import Object
from podo.server.subresources.below import NoVerbs

GROUP = "authentication.k8s.io"
KIND = Kind(GROUP, "v1", "TokenRequest")
DEFAULT_SECONDS, SHORTEST, LONGEST = 3600, 600, 1 << 32
PROJECTED_SECONDS, EXTENDED_SECONDS = 3607, 365 * 24 * 3600
"""Projected tokens of Pods ask for the first; they get the second, for clients that never read the file again."""
BINDABLE = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}


class Tokens(NoVerbs):
    """Issues tokens, bound to a Pod, a Secret or a node if the request says so."""

    def __init__(self, registry: Registry, catalog: Catalog, issuer: Issuer, new_id: Callable[[], str]) -> None:
        self._registry, self._catalog, self._issuer, self._new_id = registry, catalog, issuer, new_id

    async def create(self, ctx: Context, target: Target, obj: Object) -> Object:
        """The request with its token. Raises NotFound, Invalid, Conflict, BadRequest."""
        meta, spec = obj.setdefault("metadata", {}), obj.setdefault("spec", {})
        for field, given in (("name", target.name), ("namespace", ctx.namespace)):
            if meta.get(field) not in (None, "", given):
                text = f"must match the service account {field} if specified"
                raise invalid_object(
                    GROUP, "TokenRequest", target.name, [invalid(f"metadata.{field}", meta[field], text)]
                )
        account = await self._registry.get(target.served, ctx.namespace, target.name)
        uid = account.object()["metadata"]["uid"]
        if meta.get("uid") not in (None, "", uid):
            text = f"the UID in the token request ({meta['uid']}) does not match the UID of the service account ({uid})"
            raise _conflict("TokenRequest.authentication.k8s.io", "TokenRequest", target.name, text, GROUP)
        meta |= {"name": target.name, "namespace": ctx.namespace, "uid": uid, "creationTimestamp": format_time(ctx.now)}
        if spec.get("expirationSeconds") is None:
            spec["expirationSeconds"] = DEFAULT_SECONDS
        spec.setdefault("boundObjectRef", None)
        obj = owned(obj, KIND, ctx)
        meta, spec = obj["metadata"], obj["spec"]
        spec["audiences"] = spec.get("audiences") or list(self._issuer.audiences)
        if errors := list(_errors(spec)):
            raise invalid_object(GROUP, "TokenRequest", "", errors)
        claims = await self._claims(ctx, target.name, uid, spec)
        expires = format_time(ctx.now + timedelta(seconds=spec["expirationSeconds"]))
        token = self._issuer.key.sign(msgspec.json.encode(claims))
        return {**obj, "status": {"token": token, "expirationTimestamp": expires}}

    async def _claims(self, ctx: Context, name: str, uid: str, spec: Object) -> Claims:
        bound = Bound(ctx.namespace, Ref(name, uid))
        if ref := spec["boundObjectRef"]:
            await self._bind(ctx, name, bound, ref)
        now, seconds = int(ctx.now.timestamp()), spec["expirationSeconds"]
        own = set(spec["audiences"]) <= set(self._issuer.audiences)
        if bound.pod is not None and seconds == PROJECTED_SECONDS and own:
            bound.warnafter, seconds = now + seconds, EXTENDED_SECONDS
        return Claims(
            iss=self._issuer.name,
            sub=f"{PREFIX}{ctx.namespace}:{name}",
            aud=spec["audiences"],
            exp=now + seconds,
            iat=now,
            nbf=now,
            kubernetes=bound,
            jti=self._new_id(),
        )

    async def _bind(self, ctx: Context, account: str, bound: Bound, ref: Object) -> None:
        group, _, version = (ref.get("apiVersion") or "").rpartition("/")
        kind = ref.get("kind", "")
        plural = BINDABLE.get(kind) if not group else None
        if plural is None:
            raise BadRequest(f"cannot bind token to object of type {group}/{version}, Kind={kind}")
        found = await self._find(plural, ctx.namespace, ref.get("name", ""))
        uid = found["metadata"]["uid"]
        if kind == "Pod":
            if found["spec"].get("serviceAccountName") != account:
                text = f'cannot bind token for serviceaccount "{account}" to pod running with different serviceaccount'
                raise BadRequest(f"{text} name.")
            bound.pod, node = Ref(ref["name"], uid), found["spec"].get("nodeName")
            if node:
                bound.node = Ref(node, self._node_uid(node))
        elif kind == "Secret":
            bound.secret = Ref(ref["name"], uid)
        else:
            bound.node = Ref(ref["name"], uid)
        if ref.get("uid") and ref["uid"] != uid:
            text = f"the UID in the bound object reference ({ref['uid']}) does not match the UID in record. "
            raise _conflict(kind, kind, ref["name"], f"{text}The object might have been deleted and then recreated")

    async def _find(self, plural: str, namespace: str, name: str) -> Object:
        served = self._catalog.by_path("", "v1", plural)
        assert served is not None
        if not name:
            raise not_found(served, name)
        entry = await self._registry.get(served, namespace if served.stored.namespaced else "", name)
        return entry.object()

    def _node_uid(self, name: str) -> str:
        served = self._catalog.by_path("", "v1", "nodes")
        assert served is not None
        entry = self._registry.cache.resource(served.stored.prefix).get(name)
        return str(entry.object()["metadata"]["uid"]) if entry is not None else ""


def _errors(spec: Object) -> list[FieldError]:
    seconds, path = spec["expirationSeconds"], "spec.expirationSeconds"
    if seconds < SHORTEST:
        return [invalid(path, seconds, "may not specify a duration less than 10 minutes")]
    if seconds > LONGEST:
        return [invalid(path, seconds, "may not specify a duration larger than 2^32 seconds")]
    return []


def _conflict(resource: str, kind: str, name: str, why: str, group: str = "") -> Conflict:
    text = f'Operation cannot be fulfilled on {resource} "{name}": {why}'
    return Conflict(text, name=name, group=group, kind=kind)
