"""Who may say what in the status of a ResourceClaim: each party its own part (KEP-4817).

The right to `resourceclaims/status` is not enough: who binds a claim needs that to `resourceclaims/binding`, a driver
that to `resourceclaims/driver` of its name, on the node that it runs on or on any.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from podo.api import names
from podo.api.field_errors import FieldError, forbidden, invalid_object
from podo.server.authentication.service_account import EXTRA
from podo.server.authorization.base import Attempt, Authorizer, Verdict
from podo.server.authorization.base import forbidden as refused
from podo.server.authorization.impersonation import account_of
from podo.server.context import Context, User
from podo.server.registry.hooks import Finish
from podo.server.strategy import Object

GROUP, KIND, PLURAL = "resource.k8s.io", "ResourceClaim", "resourceclaims"
BINDING, DRIVER = "binding", "driver"
ASSOCIATED, ARBITRARY = "associated-node:", "arbitrary-node:"


class ClaimStatus:
    """Around the writes of claims."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def begin(self, ctx: Context, obj: Object, old: Object | None) -> Finish:
        """Raises Invalid, with what may not be changed."""
        if ctx.subresource == "status" and old is not None:
            new, before = obj.get("status") or {}, old.get("status") or {}
            errors = await self._binding(ctx, new, before)
            if new.get("allocation") is not None:
                errors += await self._devices(ctx, new, before)
            if errors:
                raise invalid_object(GROUP, KIND, obj["metadata"].get("name", ""), errors)
        return _nothing_more

    async def _binding(self, ctx: Context, new: Object, old: Object) -> list[FieldError]:
        if all((new.get(field) or None) == (old.get(field) or None) for field in ("allocation", "reservedFor")):
            return []
        attempt = Attempt(ctx.user, ctx.verb, GROUP, ctx.version, PLURAL, BINDING)
        if not (why := await self._refusal(attempt)):
            return []
        text = f'changing status.allocation or status.reservedFor requires resource="{PLURAL}/{BINDING}", '
        return [forbidden("status.allocation", f'{text}verb="{ctx.verb}" permission: {why}')]

    async def _devices(self, ctx: Context, new: Object, old: Object) -> list[FieldError]:
        verbs = [f"{ARBITRARY}{ctx.verb}"]
        if _runs_on(ctx.user, node_of(new["allocation"])):
            verbs.insert(0, f"{ASSOCIATED}{ctx.verb}")
        errors = []
        for driver in changed_drivers(new.get("devices") or (), old.get("devices") or ()):
            attempt = Attempt(ctx.user, "", GROUP, ctx.version, PLURAL, DRIVER, ctx.namespace, driver)
            refusals = [await self._refusal(attempt._replace(verb=verb)) for verb in verbs]
            if all(refusals):
                text = f'changing status.devices requires resource="{PLURAL}/{DRIVER}", verb="[{" ".join(verbs)}]" '
                errors.append(forbidden("status.devices", f"{text}permission: {refusals[0]}"))
        return errors

    async def _refusal(self, attempt: Attempt) -> str:
        """Why not; "" if they may."""
        decision = await self._authorizer.authorize(attempt)
        return "" if decision.verdict is Verdict.ALLOW else str(refused(attempt, decision.reason))

    async def deleted(self, ctx: Context, obj: Object) -> None:
        """Nothing is said any more."""


async def _nothing_more(done: bool) -> None:
    pass


def changed_drivers(new: Sequence[Object], old: Sequence[Object]) -> list[str]:
    """The drivers of whose devices something else is said than before, sorted."""
    before, after = dict(_by_device(old)), dict(_by_device(new))
    return sorted({place[0] for place in {*before, *after} if before.get(place) != after.get(place)})


def _by_device(devices: Sequence[Object]) -> Iterator[tuple[tuple[str, ...], Object]]:
    for device in devices:
        yield tuple(str(device.get(field) or "") for field in ("driver", "pool", "device", "shareID")), device


def node_of(allocation: Mapping[str, Any]) -> str:
    """The only node on which an allocation is; "" where it may be on several."""
    terms: Sequence[Object] = (allocation.get("nodeSelector") or {}).get("nodeSelectorTerms") or []
    if len(terms) != 1 or terms[0].get("matchExpressions") or len(terms[0].get("matchFields") or ()) != 1:
        return ""
    field = terms[0]["matchFields"][0]
    values: Sequence[str] = field.get("values") or []
    is_name = (field.get("key"), field.get("operator")) == ("metadata.name", "In")
    return str(values[0]) if is_name and len(values) == 1 else ""


def _runs_on(user: User, node: str) -> bool:
    """Whether an account's token says that it is of a Pod of the node."""
    own = tuple(user.extra.get(f"{EXTRA}node-name", ()))
    return bool(node) and account_of(user.name) is not None and own == (node,) and not names.dns1123_subdomain(node)
