"""Who may do what, and what is checked: rbac, certificates, admissionregistration."""

from datetime import datetime

from podo.server.strategy import Object
from podo.server.table.texts import NONE, UNSET, Cells, age, duration, name, selector_dump, spec, status


def binding(obj: Object, now: datetime) -> Cells:
    """Name, role, age; users, groups, service accounts."""
    role, found = obj.get("roleRef") or {}, obj.get("subjects") or ()
    users = ", ".join(subject["name"] for subject in found if subject.get("kind") == "User")
    groups = ", ".join(subject["name"] for subject in found if subject.get("kind") == "Group")
    accounts = [subject for subject in found if subject.get("kind") == "ServiceAccount"]
    named = ", ".join(f"{subject.get('namespace', '')}/{subject['name']}" for subject in accounts)
    return [name(obj), f"{role.get('kind', '')}/{role.get('name', '')}", age(obj, now), users, groups, named]


def signing_request(obj: Object, now: datetime) -> Cells:
    """Name, age, signer, who asks, for how long, state."""
    wanted = spec(obj)
    seconds = wanted.get("expirationSeconds")
    asked = NONE if seconds is None else duration(seconds)
    shown = [name(obj), age(obj, now), wanted.get("signerName") or NONE, wanted.get("username", "")]
    return [*shown, asked, _signing_state(status(obj))]


def _signing_state(seen: Object) -> str:
    types = {condition.get("type") for condition in seen.get("conditions") or ()}
    state = "Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"
    return state + (",Failed" if "Failed" in types else "") + (",Issued" if seen.get("certificate") else "")


def webhooks(obj: Object, now: datetime) -> Cells:
    """Name, how many webhooks, age."""
    return [name(obj), len(obj.get("webhooks") or ()), age(obj, now)]


def validating_policy(obj: Object, now: datetime) -> Cells:
    """Name, how many checks, kind of its parameters, age."""
    return _policy(obj, "validations", now)


def mutating_policy(obj: Object, now: datetime) -> Cells:
    """Name, how many changes, kind of its parameters, age."""
    return _policy(obj, "mutations", now)


def _policy(obj: Object, field: str, now: datetime) -> Cells:
    kind = spec(obj).get("paramKind")
    shown = UNSET if kind is None else f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}"
    return [name(obj), len(spec(obj).get(field) or ()), shown, age(obj, now)]


def policy_binding(obj: Object, now: datetime) -> Cells:
    """Name, policy, parameters, age."""
    given = spec(obj).get("paramRef") or {}
    shown = UNSET
    if given.get("name"):
        shown = f"{given.get('namespace') or '*'}/{given['name']}"
    elif given.get("selector") is not None:
        shown = selector_dump(given["selector"])
    return [name(obj), spec(obj).get("policyName", ""), shown, age(obj, now)]
