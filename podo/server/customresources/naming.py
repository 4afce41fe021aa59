"""Which names a definition gets, and its conditions: pure decisions."""

from collections.abc import Iterable
from typing import Any

from .definition import ESTABLISHED, NAMES_ACCEPTED, Names

Object = dict[str, Any]


def taken_names(others: Iterable[Names]) -> tuple[set[str], set[str]]:
    """(names of resources, kinds) that the definitions of a group hold."""
    resources: set[str] = set()
    kinds: set[str] = set()
    for accepted in others:
        resources |= {accepted.plural, accepted.singular, *accepted.short_names}
        kinds |= {accepted.kind, accepted.list_kind}
    return resources, kinds


def named(definition: Object, others: Iterable[Names], now: str) -> Object | None:
    """The status with the names that are free and the conditions that follow; None if it is so already.

    `others` are the names that the other definitions of the group have been given.
    """
    wanted, status = definition["spec"]["names"], definition.get("status") or {}
    held = status.get("acceptedNames") or {}
    resources, kinds = taken_names(others)
    accepted, problem = dict(held), ("", "")
    for field, used, reason in (
        ("plural", resources, "PluralConflict"),
        ("singular", resources, "SingularConflict"),
        ("shortNames", resources, "ShortNamesConflict"),
        ("kind", kinds, "KindConflict"),
        ("listKind", kinds, "ListKindConflict"),
    ):
        if text := _conflict(wanted.get(field), held.get(field), used):
            problem = reason, text
        else:
            _put(accepted, field, wanted.get(field))
    _put(accepted, "categories", wanted.get("categories"))
    conditions = [dict(c) for c in status.get("conditions") or ()]
    if problem[0]:
        _set(conditions, NAMES_ACCEPTED, "False", *problem, now)
        if not any(c["type"] == ESTABLISHED for c in conditions):
            _set(conditions, ESTABLISHED, "False", "NotAccepted", "not all names are accepted", now)
    else:
        _set(conditions, NAMES_ACCEPTED, "True", "NoConflicts", "no conflicts found", now)
        if not any(c["type"] == ESTABLISHED and c["status"] == "True" for c in conditions):
            _set(conditions, ESTABLISHED, "True", "InitialNamesAccepted", "the initial names have been accepted", now)
    found = status | {"acceptedNames": accepted, "conditions": conditions}
    return None if found == status else found


def _put(names: Object, field: str, value: Any) -> None:
    if value:
        names[field] = value
    else:
        names.pop(field, None)


def _conflict(wanted: Any, held: Any, used: set[str]) -> str:
    """Which names belong to others: "" for none."""
    if isinstance(wanted, list) or isinstance(held, list):
        texts = [_in_use(name) for name in wanted or () if name not in (held or ()) and name in used]
        return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]" if texts else ""
    return _in_use(wanted) if wanted and wanted != (held or "") and wanted in used else ""


def _in_use(name: str) -> str:
    return f'"{name}" is already in use'


def _set(conditions: list[Object], type: str, status: str, reason: str, message: str, now: str) -> None:
    """Set a condition; its time is that of the last change of its status."""
    old = next((c for c in conditions if c["type"] == type), None)
    if old is None:
        conditions.append(
            {"type": type, "status": status, "lastTransitionTime": now, "reason": reason, "message": message}
        )
        return
    if old["status"] != status:
        old["lastTransitionTime"] = now
    old |= {"status": status, "reason": reason, "message": message}


def with_condition(status: Object, type: str, value: str, reason: str, message: str, now: str) -> Object:
    """The status with a condition set."""
    conditions = [dict(c) for c in status.get("conditions") or ()]
    _set(conditions, type, value, reason, message, now)
    return status | {"conditions": conditions}
