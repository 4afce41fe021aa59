"""Label selectors as they stand in specs."""

from podo.api import names
from podo.api.field_errors import forbidden, invalid, required
from podo.server.validation.fields import Errors, Object, named
from podo.server.validation.metadata import labels


def label_selector(errs: Errors, selector: Object | None, path: str, *, lenient_values: bool = False) -> None:
    """A LabelSelector, if there is one; `lenient_values` tolerates values that are no label values."""
    if not selector:
        return
    if "matchLabels" in selector:
        labels(errs, selector["matchLabels"], f"{path}.matchLabels")
    for index, requirement in enumerate(selector.get("matchExpressions", ())):
        _requirement(errs, requirement, f"{path}.matchExpressions[{index}]", lenient_values)


def _requirement(errs: Errors, requirement: Object, path: str, lenient_values: bool) -> None:
    operator, values = requirement["operator"], requirement.get("values", ())
    if operator in ("In", "NotIn"):
        if not values:
            errs.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            errs.append(
                forbidden(f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
            )
    else:
        errs.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    named(errs, f"{path}.key", requirement["key"], names.qualified_name)
    if not lenient_values:
        for index, value in enumerate(values):
            named(errs, f"{path}.values[{index}]", value, names.label_value)


def has_bad_value(selector: Object | None) -> bool:
    """Whether a stored selector has values that would not be accepted today."""
    expressions = (selector or {}).get("matchExpressions", ())
    return any(names.label_value(value) for e in expressions for value in e.get("values", ()))


def is_empty(selector: Object) -> bool:
    """Whether a selector selects everything."""
    return not selector.get("matchLabels") and not selector.get("matchExpressions")


def selects(selector: Object, label_map: dict[str, str]) -> bool:
    """Whether a selector, already found good, selects an object with these labels."""
    if any(label_map.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    return all(_matches(r, label_map) for r in selector.get("matchExpressions", ()))


def _matches(requirement: Object, label_map: dict[str, str]) -> bool:
    key, operator, values = requirement["key"], requirement["operator"], requirement.get("values", ())
    if operator == "In":
        return bool(label_map.get(key) in values)
    if operator == "NotIn":
        return bool(label_map.get(key) not in values)
    return bool((key in label_map) == (operator == "Exists"))


def selector_shown(selector: Object | None) -> Object | None:
    """A selector in the order in which messages show it."""
    if selector is None:
        return None
    shown: Object = {"matchLabels": labels_shown(selector["matchLabels"])} if selector.get("matchLabels") else {}
    if expressions := selector.get("matchExpressions"):
        order = ("key", "operator", "values")
        shown["matchExpressions"] = [{key: e[key] for key in order if key in e} for e in expressions]
    return shown


def labels_shown(values: dict[str, str] | None) -> dict[str, str] | None:
    """Labels in the order in which messages show them; no labels are null."""
    return dict(sorted(values.items())) if values else None
