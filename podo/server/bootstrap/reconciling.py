"""Bring the default roles and bindings of a cluster that is there already up to date: what they lack is added.

What somebody has added stays, and so do objects whose annotation says that they are not to be touched.
"""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import msgspec

from podo.api.types.rbac_v1 import PolicyRule
from podo.server.authorization.rules import compact, uncovered
from podo.server.bootstrap.objects import context_of, served_of
from podo.server.core import Core
from podo.server.registry.deleting import DeleteOptions
from podo.server.registry.generic import Change
from podo.server.strategy import Object

AUTO_UPDATE = "rbac.authorization.kubernetes.io/autoupdate"
KINDS = frozenset({"ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding"})


async def reconcile(core: Core, objects: Iterable[Object]) -> None:
    """Add what the objects of the same names lack. A binding to another role is made anew."""
    for wanted in objects:
        if wanted["kind"] in KINDS:
            await _reconcile(core, wanted)


async def _reconcile(core: Core, wanted: Object) -> None:
    served, metadata = served_of(core, wanted), wanted["metadata"]
    namespace = metadata.get("namespace", "")
    entry = core.cache.resource(served.stored.prefix).get(served.stored.key(namespace, metadata["name"]))
    held = entry.object() if entry is not None else None
    if held is None or not _is_ours(held) or (desired := mended(held, wanted)) == held:
        return
    context = context_of(core, served, namespace)
    if desired.get("roleRef") != held.get("roleRef"):
        await core.registry.delete(context, served, metadata["name"], DeleteOptions())
        await core.registry.create(context, served, deepcopy(wanted))
        return
    await core.registry.update(context, served, metadata["name"], _mending(wanted))


def _is_ours(held: Object) -> bool:
    return bool((held["metadata"].get("annotations") or {}).get(AUTO_UPDATE, "") == "true")


def _mending(wanted: Object) -> Change:
    async def change(current: Object, revision: int) -> Object:
        return mended(current, wanted)

    return change


def mended(held: Object, wanted: Object) -> Object:
    """`held` with what it lacks."""
    metadata = dict(held["metadata"])
    for field in ("labels", "annotations"):
        if more := wanted["metadata"].get(field):
            metadata[field] = more | (metadata.get(field) or {})
    result = held | {"metadata": metadata}
    if "roleRef" in wanted:
        subjects = list(held.get("subjects") or ())
        missing = [subject for subject in wanted.get("subjects") or () if subject not in subjects]
        return result | {"roleRef": wanted["roleRef"]} | ({"subjects": subjects + missing} if missing else {})
    if aggregation := wanted.get("aggregationRule"):
        return result | {"aggregationRule": held.get("aggregationRule") or aggregation}
    same = held.get("rules") == wanted.get("rules")  # as nearly always, and found out more quickly
    if not same and (missing_rules := uncovered(_rules(held), _rules(wanted))):
        result["rules"] = [*(held.get("rules") or ()), *map(_plain, compact(missing_rules))]
    return result


def _rules(role: Object) -> list[PolicyRule]:
    return msgspec.convert(role.get("rules") or [], list[PolicyRule])


def _plain(rule: PolicyRule) -> dict[str, Any]:
    return {name: list(value) for name, value in msgspec.to_builtins(rule).items() if value}
