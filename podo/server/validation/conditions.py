"""Conditions of the metav1 sort."""

import re
from collections.abc import Sequence

from podo.api import names
from podo.api.field_errors import duplicate, invalid, not_supported, required, too_long
from podo.server.validation.fields import Errors, Object, named

REASON = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
REASON_MESSAGE = (
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric "
    "characters or '_,:', and must end with an alphanumeric character or '_'"
)
REASON_MAX, MESSAGE_MAX = 1024, 32 * 1024


def conditions(errs: Errors, values: Sequence[Object], path: str) -> None:
    """A list of conditions, one of each type."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value["type"] in seen:
            errs.append(duplicate(f"{path}[{index}].type", value["type"]))
        seen.add(value["type"])
        condition(errs, value, f"{path}[{index}]")


def condition(errs: Errors, value: Object, path: str) -> None:
    """One condition."""
    named(errs, f"{path}.type", value["type"], names.qualified_name)
    if value["status"] not in ("True", "False", "Unknown"):
        errs.append(not_supported(f"{path}.status", value["status"], ("False", "True", "Unknown")))
    if value.get("observedGeneration", 0) < 0:
        message = "must be greater than or equal to zero"
        errs.append(invalid(f"{path}.observedGeneration", value["observedGeneration"], message))
    if not value.get("lastTransitionTime"):
        errs.append(required(f"{path}.lastTransitionTime"))
    reason = value["reason"]
    if not reason:
        errs.append(required(f"{path}.reason"))
    else:
        if not re.fullmatch(REASON, reason):
            examples = ("my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB")
            errs.append(invalid(f"{path}.reason", reason, names.regex_error(REASON_MESSAGE, REASON, *examples)))
        if len(reason) > REASON_MAX:
            errs.append(too_long(f"{path}.reason", REASON_MAX))
    if len(value["message"]) > MESSAGE_MAX:
        errs.append(too_long(f"{path}.message", MESSAGE_MAX))
