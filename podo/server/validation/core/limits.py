"""LimitRanges and ResourceQuotas."""

from collections.abc import Iterable
from decimal import Decimal

from podo.api import names
from podo.api.field_errors import duplicate, forbidden, invalid, required
from podo.server.validation.core.resources import (
    QUOTA,
    QUOTA_HUGE_PAGES,
    container_resource_name,
    is_overcommit_allowed,
    resource_name,
    resource_value,
)
from podo.server.validation.fields import IMMUTABLE, Errors, Object, amount, named
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import changed_meta, new_meta

LIMIT_TYPES = ("Pod", "Container", "PersistentVolumeClaim")
NOT_A_LIMIT_TYPE = "must be a standard limit type or fully qualified"
NOT_A_QUOTA = "must be a standard resource for quota"
MAX_MILLI = (2**63 - 1) // 1000
ONE_SCOPE = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)
EXIST_ONLY = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity")
SCOPES = (*EXIST_ONLY, "PriorityClass", "VolumeAttributesClass")
OPPOSITES = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
POD_SCOPE = frozenset(
    {"pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"},
)
IN_SCOPE = {
    "BestEffort": frozenset({"pods"}),
    "VolumeAttributesClass": frozenset({"persistentvolumeclaims", "requests.storage"}),
}
NO_VALUES = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
SOME_VALUES = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"


def create_limit_range(obj: Object) -> Errors:
    """What is wrong with a LimitRange."""
    errs: Errors = []
    new_meta(errs, obj)
    seen: set[str] = set()
    for index, limit in enumerate(obj["spec"].get("limits") or ()):
        path, kind = f"spec.limits[{index}]", limit.get("type", "")
        before = len(errs)
        named(errs, f"{path}.type", kind, names.qualified_name)
        if len(errs) == before and "/" not in kind and kind not in LIMIT_TYPES:
            errs.append(invalid(f"{path}.type", kind, NOT_A_LIMIT_TYPE))
        if kind in seen:
            errs.append(duplicate(f"{path}.type", kind))
        seen.add(kind)
        _limit(errs, limit, kind, path)
    return errs


def update_limit_range(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed LimitRange."""
    return create_limit_range(obj)


def _limit(errs: Errors, limit: Object, kind: str, path: str) -> None:
    check = container_resource_name if kind in ("Pod", "Container") else resource_name
    keys: dict[str, None] = {}
    for field in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
        if field == "maxLimitRequestRatio" and kind == "PersistentVolumeClaim":
            _storage_bound(errs, limit, path)
        if kind == "Pod" and field.startswith("default"):
            if limit.get(field):
                errs.append(forbidden(f"{path}.{field}", "may not be specified when `type` is 'Pod'"))
            continue
        for name in limit.get(field, {}):
            check(errs, f"{path}.{field}[{name}]", name)
            keys[name] = None
    for name in keys:
        _bounds(errs, limit, name, kind, path)


def _storage_bound(errs: Errors, limit: Object, path: str) -> None:
    if "storage" not in limit.get("min", {}) and "storage" not in limit.get("max", {}):
        message = "either minimum or maximum storage value is required, but neither was provided"
        errs.append(required(f"{path}.limits", message))


def _bounds(errs: Errors, limit: Object, name: str, kind: str, path: str) -> None:
    texts = {field: values[name] for field, values in limit.items() if isinstance(values, dict) and name in values}
    if kind == "Pod":
        texts = {field: text for field, text in texts.items() if not field.startswith("default")}
    low, high, default, request = (texts.get(k) for k in ("min", "max", "default", "defaultRequest"))

    def ordered(field: str, less: str | None, more: str | None, shown: str | None, words: tuple[str, str]) -> None:
        if less is not None and more is not None and amount(less) > amount(more):
            message = f"{words[0]} value {less} is greater than {words[1]} value {more}"
            errs.append(invalid(f"{path}.{field}[{name}]", shown, message))

    ordered("min", low, high, low, ("min", "max"))
    ordered("defaultRequest", low, request, request, ("min", "default request"))
    ordered("defaultRequest", request, high, request, ("default request", "max"))
    ordered("defaultRequest", request, default, request, ("default request", "default limit"))
    ordered("default", low, default, low, ("min", "default"))
    ordered("default", default, high, high, ("default", "max"))
    if (ratio := texts.get("maxLimitRequestRatio")) is not None:
        _ratio(errs, f"{path}.maxLimitRequestRatio[{name}]", ratio, low, high)
    if default is None or request is None or is_overcommit_allowed(name) or amount(default) == amount(request):
        return
    message = f"default value {default} must equal to defaultRequest value {request} in {name}"
    errs.append(invalid(f"{path}.defaultRequest[{name}]", request, message))


def _ratio(errs: Errors, path: str, ratio: str, low: str | None, high: str | None) -> None:
    if amount(ratio) < 1:
        errs.append(invalid(path, ratio, f"ratio {ratio} is less than 1"))
    if low is None or high is None:
        return
    values = [amount(text) for text in (ratio, low, high)]
    if all(value < MAX_MILLI for value in values):
        values = [_ceiling(value * 1000) / 1000 for value in values]
    else:
        values = [_ceiling(value) for value in values]
    if values[1] and values[0] > values[2] / values[1]:
        message = f"ratio {ratio} is greater than max/min = {values[2] / values[1]:.6f}"
        errs.append(invalid(path, ratio, message))


def _ceiling(value: Decimal) -> Decimal:
    return value.to_integral_value(rounding="ROUND_CEILING")


def create_quota(obj: Object) -> Errors:
    """What is wrong with a new ResourceQuota."""
    errs: Errors = []
    new_meta(errs, obj)
    _quota_spec(errs, obj["spec"])
    _quota_status(errs, obj["status"])
    return errs


def update_quota(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed ResourceQuota."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    _quota_spec(errs, obj["spec"])
    scopes = obj["spec"].get("scopes", [])
    if set(scopes) != set(old["spec"].get("scopes", [])):
        errs.append(invalid("spec.scopes", scopes or None, IMMUTABLE))
    return errs


def status_update_quota(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed status."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    _quota_status(errs, obj["status"])
    return errs


def _quota_status(errs: Errors, status: Object) -> None:
    for field in ("hard", "used"):
        _quantities(errs, status.get(field, {}), f"status.{field}")


def _quantities(errs: Errors, amounts: Object, path: str) -> None:
    for name, text in amounts.items():
        where = f"{path}[{name}]"
        resource_name(errs, where, name)
        if "/" not in name and not _is_quota(name):
            errs.append(invalid(where, name, NOT_A_QUOTA))
        resource_value(errs, where, name, text)


def _is_quota(name: str) -> bool:
    return name in QUOTA or name.startswith(QUOTA_HUGE_PAGES)


def _quota_spec(errs: Errors, spec: Object) -> None:
    hard = spec.get("hard", {})
    _quantities(errs, hard, "spec.hard")
    scopes: list[str] = spec.get("scopes", [])
    known = sorted(name for name in hard if _is_quota(name))
    for scope in scopes:
        if scope not in SCOPES:
            errs.append(invalid("spec.scopes", scopes, "unsupported scope"))
        for name in known:
            if not _fits(scope, name):
                errs.append(invalid("spec.scopes", scopes, "unsupported scope applied to resource"))
    _conflicts(errs, scopes, scopes, "spec.scopes")
    if (selector := spec.get("scopeSelector")) is not None:
        _scope_selector(errs, selector, known, scopes)


def _fits(scope: str, name: str) -> bool:
    return scope not in SCOPES or name in IN_SCOPE.get(scope, POD_SCOPE)


def _conflicts(errs: Errors, found: list[str], shown: list[str], path: str) -> None:
    for pair in OPPOSITES:
        if set(pair) <= set(found):
            errs.append(invalid(path, shown or None, "conflicting scopes"))


def _selector_shown(expressions: Iterable[Object]) -> Object:
    return {"MatchExpressions": [internal_form("ScopedResourceSelectorRequirement", one) for one in expressions]}


def _scope_selector(errs: Errors, selector: Object, known: list[str], scopes: list[str]) -> None:
    path = "spec.scopeSelector.matchExpressions"
    expressions = selector.get("matchExpressions", ())
    for expression in expressions:
        scope, operator, values = expression["scopeName"], expression["operator"], expression.get("values", [])
        if scope not in SCOPES:
            errs.append(invalid(f"{path}.scopeName", scope, "unsupported scope"))
        for name in known:
            if not _fits(scope, name):
                errs.append(invalid(path, _selector_shown(expressions), "unsupported scope applied to resource"))
        if scope in EXIST_ONLY and operator != "Exists":
            errs.append(invalid(f"{path}.operator", operator, ONE_SCOPE))
        if operator in ("In", "NotIn"):
            if not values:
                errs.append(required(f"{path}.values", SOME_VALUES))
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                errs.append(invalid(f"{path}.values", values, NO_VALUES))
        else:
            errs.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    _conflicts(errs, [e["scopeName"] for e in expressions], scopes, path)
