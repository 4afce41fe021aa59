"""Nobody gives rights that they do not have: what is asked when roles and bindings are written.

Who may `escalate` roles, or `bind` a role, may do so all the same; members of system:masters may do everything.
"""

from podo.api.errors import Forbidden, NotFound
from podo.api.types.rbac_v1 import PolicyRule, RoleRef
from podo.server.authorization.base import Attempt, Authorizer, Verdict
from podo.server.authorization.policy import GROUP, Grant, Missing, Policy
from podo.server.authorization.rules import compact, quoted, shown, uncovered
from podo.server.authorization.union import MASTERS
from podo.server.context import Context
from podo.server.registry.hooks import Finish
from podo.server.strategy import Object

ROLES, BINDINGS = ("Role", "ClusterRole"), ("RoleBinding", "ClusterRoleBinding")
PLURALS = {"Role": "roles", "ClusterRole": "clusterroles"} | {
    "RoleBinding": "rolebindings",
    "ClusterRoleBinding": "clusterrolebindings",
}
EVERYTHING = (
    PolicyRule(verbs=("*",), api_groups=("*",), resources=("*",)),
    PolicyRule(verbs=("*",), non_resource_urls=("*",)),
)
"""What a role may come to grant that gathers the rules of others."""
OF_COLLECTOR = ("ownerReferences", "finalizers", "managedFields", "resourceVersion")


class Escalation:
    """Around the writes of roles and bindings."""

    def __init__(self, authorizer: Authorizer, policy: Policy) -> None:
        self._authorizer, self._policy = authorizer, policy

    async def begin(self, ctx: Context, obj: Object, old: Object | None) -> Finish:
        """Raises Forbidden, and NotFound for a binding to a role that is not there."""
        if MASTERS not in ctx.user.groups and not (old is not None and _same_substance(obj, old)):
            await self._check(ctx, obj, old)
        return _nothing_more

    async def _check(self, ctx: Context, obj: Object, old: Object | None) -> None:
        kind, name = obj["kind"], obj["metadata"].get("name", "")
        await self._policy.settle()
        if kind in ROLES:
            if await self._may(ctx, "escalate", PLURALS[kind], name):
                return
            gathers = obj.get("aggregationRule") or (old or {}).get("aggregationRule")
            rules = (*_rules(obj), *EVERYTHING) if gathers else _rules(obj)
        else:
            ref = obj.get("roleRef") or {}
            plural = PLURALS.get(ref.get("kind", ""))
            if plural is not None and await self._may(ctx, "bind", plural, ref.get("name", "")):
                return
            kind_of_role, role = ref.get("kind", ""), ref.get("name", "")
            reference = RoleRef(api_group=GROUP, kind=kind_of_role, name=role)
            found = self._policy.rules_of(reference, ctx.namespace)
            if isinstance(found, Missing):
                raise NotFound(found.why, name=reference.name, group=GROUP, kind=reference.kind.lower())
            rules = found
        held = [grant.rule for grant in self._policy.grants(ctx.user, ctx.namespace) if isinstance(grant, Grant)]
        if missing := uncovered(held, rules):
            raise _refusal(ctx, kind, name, missing)

    async def _may(self, ctx: Context, verb: str, plural: str, name: str) -> bool:
        attempt = Attempt(ctx.user, verb, GROUP, "*", plural, "", ctx.namespace, name)
        return (await self._authorizer.authorize(attempt)).verdict is Verdict.ALLOW

    async def deleted(self, ctx: Context, obj: Object) -> None:
        """Rights only shrink."""


async def _nothing_more(done: bool) -> None:
    pass


def _rules(role: Object) -> tuple[PolicyRule, ...]:
    return tuple(
        PolicyRule(
            verbs=tuple(rule.get("verbs") or ()),
            api_groups=tuple(rule.get("apiGroups") or ()),
            resources=tuple(rule.get("resources") or ()),
            resource_names=tuple(rule.get("resourceNames") or ()),
            non_resource_urls=tuple(rule.get("nonResourceURLs") or ()),
        )
        for rule in role.get("rules") or ()
    )


def _same_substance(obj: Object, old: Object) -> bool:
    """Whether a change is one that the garbage collector needs, and no more."""

    def substance(value: Object) -> Object:
        metadata = {name: part for name, part in value["metadata"].items() if name not in OF_COLLECTOR}
        return value | {"metadata": metadata}

    return substance(obj) == substance(old)


def _refusal(ctx: Context, kind: str, name: str, missing: list[PolicyRule]) -> Forbidden:
    user = ctx.user
    rights = sorted({shown(rule) for rule in compact(missing)})
    why = (
        f'user "{user.name}" (groups={quoted(user.groups)}) is attempting to grant RBAC permissions not currently held:'
    )
    text = f'{PLURALS[kind]}.{GROUP} "{name}" is forbidden: {why}\n' + "\n".join(rights)
    return Forbidden(text, name=name, group=GROUP, kind=PLURALS[kind])
