"""Questions about what someone may do: the SubjectAccessReview family and SelfSubjectRulesReview."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from podo.api.errors import BadRequest
from podo.api.selectors import SelectorError, parse_fields, parse_labels
from podo.api.types.rbac_v1 import PolicyRule
from podo.server.authorization.base import Attempt, Authorizer, Verdict
from podo.server.authorization.node import node_of
from podo.server.authorization.policy import Missing, Policy
from podo.server.context import Context, User
from podo.server.decoding.objects import Kind
from podo.server.fields import owned
from podo.server.registry.kinds import Served
from podo.server.strategy import Object

GROUP = "authorization.k8s.io"
OWN = "SelfSubjectAccessReview"
NO_ENUMERATION = {
    "Node": "node authorizer does not support user rule resolution",
    "Webhook": "webhook authorizer does not support user rule resolution",
}
"""Who cannot say in advance what somebody may do."""
EVERYTHING = PolicyRule(verbs=("*",), api_groups=("*",), resources=("*",))
EVERYWHERE = PolicyRule(verbs=("*",), non_resource_urls=("*",))
NO_OPERATORS = {"In": "in", "NotIn": "notin"}


class AccessReviews:
    """May someone (or, for a SelfSubjectAccessReview, who asks) do something?"""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def ask(self, ctx: Context, served: Served, obj: Object) -> Object:
        """The review with its answer."""
        kind = served.resource.kind
        spec = obj["spec"]
        user = ctx.user if kind == OWN else user_of(spec)
        decision = await self._authorizer.authorize(attempt_of(user, spec))
        status: Object = {"allowed": decision.verdict is Verdict.ALLOW}
        if decision.verdict is Verdict.DENY:
            status["denied"] = True
        if decision.reason:
            status["reason"] = decision.reason
        if ignored := ignored_selectors(spec.get("resourceAttributes") or {}):
            status["evaluationError"] = ignored
        asked = {name: value for name, value in obj.items() if name != "status"}
        return owned(asked, Kind(GROUP, "v1", kind), ctx) | {"status": status}


def user_of(spec: Object) -> User:
    """Whom a review asks about."""
    extra = {name: tuple(values or ()) for name, values in (spec.get("extra") or {}).items()}
    return User(spec.get("user", ""), spec.get("uid", ""), tuple(spec.get("groups") or ()), extra)


def attempt_of(user: User, spec: Object) -> Attempt:
    """What a review asks about."""
    other = spec.get("nonResourceAttributes")
    if other is not None:
        return Attempt(user, other.get("verb", ""), path=other.get("path", ""))
    asked = spec["resourceAttributes"]
    return Attempt(
        user,
        asked.get("verb", ""),
        asked.get("group", ""),
        asked.get("version", "") or "*",
        asked.get("resource", ""),
        asked.get("subresource", ""),
        asked.get("namespace", ""),
        asked.get("name", ""),
        label_selector=_selector(asked.get("labelSelector")),
        field_selector=_fields(asked.get("fieldSelector")),
    )


def _selector(given: Object | None) -> str:
    """A label selector in text form; what it cannot say is left out, which only widens it."""
    if not given:
        return ""
    if given.get("rawSelector"):
        return str(given["rawSelector"])
    parts = []
    for need in given.get("requirements") or ():
        operator, key = need.get("operator"), need.get("key", "")
        if operator in NO_OPERATORS:
            parts.append(f"{key} {NO_OPERATORS[operator]} ({','.join(need.get('values') or ())})")
        elif operator in ("Exists", "DoesNotExist"):
            parts.append(key if operator == "Exists" else f"!{key}")
    return ",".join(parts)


def _fields(given: Object | None) -> str:
    if not given:
        return ""
    if given.get("rawSelector"):
        return str(given["rawSelector"])
    terms = [need for need in given.get("requirements") or () if len(need.get("values") or ()) == 1]
    signs = {"In": "=", "NotIn": "!="}
    return ",".join(f"{t['key']}{signs[t['operator']]}{t['values'][0]}" for t in terms if t.get("operator") in signs)


def ignored_selectors(asked: Object) -> str:
    """What of the selectors of a review nobody can read, in the words of Kubernetes; "" if all is well."""
    problems = []
    for key, readable in (("fieldSelector", _readable_field), ("labelSelector", _readable_label)):
        given = asked.get(key) or {}
        raw, needs = given.get("rawSelector"), given.get("requirements") or ()
        good = [_parses(key, raw)] if raw else [readable(need) for need in needs]
        if not all(good):
            part = "partially " if any(good) else ""
            problems.append(f"spec.resourceAttributes.{key} {part}ignored due to parse error")
    return "; ".join(problems)


def _parses(key: str, text: str) -> bool:
    try:
        parse_fields(text) if key == "fieldSelector" else parse_labels(text)
    except SelectorError:
        return False
    return True


def _readable_field(need: Object) -> bool:
    return need.get("operator") in ("In", "NotIn") and len(need.get("values") or ()) == 1


def _readable_label(need: Object) -> bool:
    return _parses("labelSelector", _selector({"requirements": [need]})) and bool(_selector({"requirements": [need]}))


@dataclass
class Rules:
    """What one may do, as far as it can be told; whether there may be more, and what kept some from being found."""

    resources: list[Object] = field(default_factory=list)
    others: list[Object] = field(default_factory=list)
    incomplete: bool = False
    problems: list[str] = field(default_factory=list)

    def add(self, rule: PolicyRule) -> None:
        """Take a rule in."""
        if rule.resources:
            names = {"resourceNames": rule.resource_names} if rule.resource_names else {}
            shown: Object = {"verbs": rule.verbs, "apiGroups": rule.api_groups, "resources": rule.resources}
            self.resources.append(shown | names)
        if rule.non_resource_urls:
            self.others.append({"verbs": rule.verbs, "nonResourceURLs": rule.non_resource_urls})

    def status(self) -> Object:
        """As a review says it."""
        found: Object = {"resourceRules": self.resources, "nonResourceRules": self.others}
        found["incomplete"] = self.incomplete
        different = list(dict.fromkeys(self.problems))
        if different:
            found["evaluationError"] = different[0] if len(different) == 1 else f"[{', '.join(different)}]"
        return found


class RulesReviews:
    """What may who asks do in a namespace? `modes` are the types of those who decide, in order."""

    def __init__(self, policy: Policy, modes: Sequence[str]) -> None:
        self._policy, self._modes = policy, tuple(modes)

    async def ask(self, ctx: Context, served: Served, obj: Object) -> Object:
        """The review with its answer. Raises BadRequest."""
        namespace = (obj.get("spec") or {}).get("namespace", "")
        if not namespace:
            raise BadRequest("no namespace on request")
        self._policy.catch_up()
        found = Rules()
        for mode in self._modes:
            self._take(mode, ctx.user, namespace, found)
        head = {"kind": served.resource.kind, "apiVersion": served.resource.api_version}
        return head | {"metadata": {}, "spec": {}, "status": found.status()}

    def _take(self, mode: str, user: User, namespace: str, found: Rules) -> None:
        if mode == "RBAC":
            for grant in self._policy.grants(user, namespace):
                if isinstance(grant, Missing):
                    found.problems.append(grant.why)
                else:
                    found.add(grant.rule)
        elif mode == "AlwaysAllow":
            found.add(EVERYTHING)
            found.add(EVERYWHERE)
        elif mode in NO_ENUMERATION and (mode != "Node" or node_of(user) is not None):
            found.incomplete = True
            found.problems.append(NO_ENUMERATION[mode])
