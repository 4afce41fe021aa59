"""Resource names, quantities, and what containers and Pods ask for."""

from collections.abc import Callable

from podo.api import names
from podo.api.field_errors import NOT_FOUND, FieldError, duplicate, forbidden, invalid, not_supported, required
from podo.server.validation.core.options import PodOptions
from podo.server.validation.fields import NOT_INTEGER, Errors, Object, amount, named, non_negative_quantity

_COUNTS = frozenset(
    {"pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps"}
    | {"persistentvolumeclaims", "services.nodeports", "services.loadbalancers"}
)
_COMPUTE = frozenset({"cpu", "memory", "ephemeral-storage"})
_BOUNDS = frozenset(f"{kind}.{name}" for kind in ("limits", "requests") for name in _COMPUTE)
STANDARD = _COUNTS | _COMPUTE | _BOUNDS | {"storage", "requests.storage"}
QUOTA = STANDARD - {"storage"}
HUGE_PAGES = "hugepages-"
QUOTA_HUGE_PAGES = (HUGE_PAGES, "requests.hugepages-")
POD_LEVEL = ("cpu", "hugepages-", "memory")


def is_native(name: str) -> bool:
    """One of Kubernetes' own resources."""
    return "/" not in name or "kubernetes.io/" in name


def is_overcommit_allowed(name: str) -> bool:
    """Whether requests may be less than limits."""
    return is_native(name) and not name.startswith(HUGE_PAGES)


def is_extended(name: str) -> bool:
    """A resource that somebody else defines."""
    if is_native(name) or name.startswith("requests."):
        return False
    return not names.qualified_name(f"requests.{name}")


def resource_name(errs: Errors, path: str, name: str) -> None:
    """The name of any resource."""
    before = len(errs)
    named(errs, path, name, names.qualified_name)
    if len(errs) == before and "/" not in name and name not in STANDARD and not name.startswith(QUOTA_HUGE_PAGES):
        errs.append(invalid(path, name, "must be a standard resource type or fully qualified"))


def container_resource_name(errs: Errors, path: str, name: str) -> None:
    """The name of a resource that a container may ask for."""
    if name in _COMPUTE:
        return
    resource_name(errs, path, name)
    if "/" not in name:
        if not name.startswith(HUGE_PAGES):
            errs.append(invalid(path, name, "must be a standard resource for containers"))
    elif not is_native(name) and not is_extended(name):
        errs.append(invalid(path, name, "doesn't follow extended resource name standard"))


def pod_resource_name(errs: Errors, path: str, name: str) -> None:
    """The name of a resource that a whole Pod may ask for."""
    before = len(errs)
    resource_name(errs, path, name)
    if len(errs) == before and name not in ("cpu", "memory") and not name.startswith(HUGE_PAGES):
        errs.append(not_supported(path, name, POD_LEVEL))


def resource_value(errs: Errors, path: str, name: str, text: str) -> None:
    """The amount of a resource: not negative, and whole where it counts things."""
    non_negative_quantity(errs, path, text)
    if name in _COUNTS or is_extended(name):
        milli = amount(text) * 1000
        if milli.to_integral_value() % 1000:
            errs.append(invalid(path, text, NOT_INTEGER))


def basic_resource(errs: Errors, path: str, text: str) -> None:
    """A quantity that is not negative, as old fields say it."""
    value = amount(text)
    if value < 0:
        errs.append(invalid(path, int(value), "must be a valid resource quantity"))


def container_requirements(errs: Errors, obj: Object, claims: set[str], path: str, opts: PodOptions) -> None:
    """What a container asks for; `claims` are the names of its Pod's resource claims."""
    if obj:
        requirements(errs, obj, container_resource_name, claims, path, opts)


def requirements(
    errs: Errors,
    obj: Object,
    name_check: Callable[[Errors, str, str], None],
    claims: set[str],
    path: str,
    opts: PodOptions,
) -> None:
    """Limits, requests and claims."""
    limits, requests = obj.get("limits", {}), obj.get("requests", {})
    for name, text in limits.items():
        where = f"{path}.limits[{name}]"
        name_check(errs, where, name)
        resource_value(errs, where, name, text)
        huge_page_value(errs, where, name, text, opts)
    for name, text in requests.items():
        where = f"{path}.requests[{name}]"
        name_check(errs, where, name)
        resource_value(errs, where, name, text)
        _against_limit(errs, name, text, limits.get(name), path)
        huge_page_value(errs, where, name, text, opts)
    asked = limits.keys() | requests.keys()
    if any(name.startswith(HUGE_PAGES) for name in asked) and not asked & {"cpu", "memory"}:
        errs.append(forbidden(path, "HugePages require cpu or memory"))
    if "claims" in obj:
        _claims(errs, obj["claims"], claims, f"{path}.claims")


def _against_limit(errs: Errors, name: str, text: str, limit: str | None, path: str) -> None:
    if limit is None:
        if not is_overcommit_allowed(name):
            errs.append(required(f"{path}.limits", "Limit must be set for non overcommitable resources"))
    elif text != limit:
        asked, most = amount(text), amount(limit)
        if asked != most and not is_overcommit_allowed(name):
            errs.append(invalid(f"{path}.requests", text, f"must be equal to {name} limit of {limit}"))
        elif asked > most:
            errs.append(invalid(f"{path}.requests", text, f"must be less than or equal to {name} limit of {limit}"))


def huge_page_value(errs: Errors, path: str, name: str, text: str, opts: PodOptions) -> None:
    """Huge pages come in whole pages."""
    if name.startswith(HUGE_PAGES) and not opts.allow_indivisible_huge_pages:
        size = amount(name.removeprefix(HUGE_PAGES))
        if size <= 0 or size % 1 or amount(text) % size:
            errs.append(invalid(path, text, f"{text} is not positive integer multiple of {name}"))


def _claims(errs: Errors, claims: list[Object], known: set[str], path: str) -> None:
    seen: set[str] = set()
    for index, claim in enumerate(claims):
        where, name, request = f"{path}[{index}]", claim["name"], claim.get("request", "")
        if not name:
            errs.append(required(where))
            continue
        if name in seen:
            errs.append(duplicate(where, name))
        else:
            if request:
                named(errs, f"{where}.request", request, names.dns1123_label)
            key = f"{name}/{request}" if request else name
            if key in seen:
                errs.append(duplicate(where, key))
            elif not request:
                for other in seen:
                    if other.partition("/")[0] == name and "/" in other:
                        errs.append(duplicate(where, name))
            seen.add(key)
        if name not in known:
            which = ": " + ", ".join(sorted(known)) if known else " which is empty"
            detail = f"must be one of the names in pod.spec.resourceClaims{which}"
            errs.append(FieldError(NOT_FOUND, where, name, detail))
