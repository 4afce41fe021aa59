"""IPAddresses and ServiceCIDRs."""

from podo.api import names
from podo.api.field_errors import invalid, required
from podo.server.validation import ip
from podo.server.validation.fields import IMMUTABLE, Errors, Object, immutable, named, needed_name
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import changed_meta, changed_only, new_meta

ONE_EACH = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"


def _address_name(name: str) -> list[str]:
    errs: Errors = []
    ip.canonical_ip(errs, "", name)
    return [error.detail for error in errs]


def create_address(obj: Object) -> Errors:
    """What is wrong with a new IPAddress."""
    errs: Errors = []
    new_meta(errs, obj, namespaced=False, check=_address_name)
    parent, path = obj["spec"].get("parentRef"), "spec.parentRef"
    if parent is None:
        errs.append(required(path))
        return errs
    if parent.get("group"):
        named(errs, f"{path}.group", parent["group"], names.dns1123_subdomain)
    for key in ("resource", "name"):
        needed_name(errs, f"{path}.{key}", parent.get(key, ""), names.path_segment)
    if parent.get("namespace"):
        named(errs, f"{path}.namespace", parent["namespace"], names.path_segment)
    return errs


def update_address(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed IPAddress."""
    errs = changed_only(obj, old)
    parent, stored = (o["spec"].get("parentRef") for o in (obj, old))
    immutable(errs, "spec.parentRef", *(one and internal_form("ParentReference", one) for one in (parent, stored)))
    return errs


def create_cidr(obj: Object) -> Errors:
    """What is wrong with a new ServiceCIDR."""
    errs: Errors = []
    new_meta(errs, obj, namespaced=False)
    _cidrs(errs, obj["spec"].get("cidrs", []))
    return errs


def _cidrs(errs: Errors, cidrs: list[str]) -> None:
    path = "spec.cidrs"
    if not cidrs:
        errs.append(required(path, "at least one CIDR required"))
    elif len(cidrs) > 2:
        errs.append(invalid(path, {"CIDRs": cidrs}, "may only hold up to 2 values"))
    else:
        for index, cidr in enumerate(cidrs):
            ip.canonical_cidr(errs, f"{path}[{index}]", cidr)
        families = {found[0].version for cidr in cidrs if (found := ip.parse_cidr_sloppy(cidr))}
        if len(cidrs) == 2 and len(families) == 1 and all(ip.parse_cidr_sloppy(cidr) for cidr in cidrs):
            errs.append(invalid(path, cidrs, ONE_EACH))


def update_cidr(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed ServiceCIDR: a second family may be added, and that is all."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    cidrs, stored = (o["spec"].get("cidrs", []) for o in (obj, old))
    if len(cidrs) == len(stored):
        for index, (new, before) in enumerate(zip(cidrs, stored, strict=True)):
            immutable(errs, f"spec.cidrs[{index}]", new, before)
    elif (len(stored), len(cidrs)) == (1, 2):
        immutable(errs, "spec.cidrs[0]", cidrs[0], stored[0])
        _cidrs(errs, cidrs)
    else:
        errs.append(invalid("spec.cidrs", cidrs or None, IMMUTABLE))
    return errs
