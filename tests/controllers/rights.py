"""The default roles as an authorizer that needs no store, and remembers what it has refused."""

from collections import defaultdict
from functools import cache
from typing import Any

import msgspec

from podo.api.types.rbac_v1 import PolicyRule
from podo.controllers.accounts import own_roles
from podo.server.authorization.base import Attempt, Decision, Verdict
from podo.server.authorization.rules import allows
from podo.server.bootstrap.objects import default_objects

Who = tuple[str, str]
Place = tuple[str, str]  # who, and in which namespace ("": everywhere)


class DefaultRoles:
    """RBAC with what every cluster begins with, and nothing else."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    async def authorize(self, attempt: Attempt) -> Decision:
        user = attempt.user
        for name in (user.name, *user.groups):
            for place in {"", attempt.namespace}:
                if any(allows(rule, attempt) for rule in granted().get((name, place), ())):
                    return Decision(Verdict.ALLOW)
        self.refused.append(f"{user.name}: {attempt.verb} {attempt.group}/{attempt.resource}/{attempt.subresource}")
        return Decision(Verdict.NO_OPINION)


@cache
def granted() -> dict[Place, list[PolicyRule]]:
    """The rules by whom they are given to and where."""
    objects = [*default_objects(), *own_roles()]
    roles = {(o["kind"], _namespace(o), o["metadata"]["name"]): o for o in objects if o["kind"].endswith("Role")}
    found: dict[Place, list[PolicyRule]] = defaultdict(list)
    for binding in (o for o in objects if o["kind"].endswith("RoleBinding")):
        ref, place = binding["roleRef"], _namespace(binding)
        role = roles[ref["kind"], place if ref["kind"] == "Role" else "", ref["name"]]
        for subject in binding.get("subjects") or ():
            found[_name(subject), place] += msgspec.convert(role["rules"] or [], list[PolicyRule])
    return found


def _namespace(obj: dict[str, Any]) -> str:
    return str(obj["metadata"].get("namespace", ""))


def _name(subject: dict[str, Any]) -> str:
    if subject["kind"] != "ServiceAccount":
        return str(subject["name"])
    return f"system:serviceaccount:{subject['namespace']}:{subject['name']}"
