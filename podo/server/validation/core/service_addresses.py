"""The cluster IPs and IP families of a Service."""

from podo.api.field_errors import duplicate, invalid, not_supported, required
from podo.server.validation import ip
from podo.server.validation.fields import Errors, Object, one_of

FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
ONCE_SET = "may not change once set"
RELEASE = "must be set to 'SingleStack' when releasing the secondary "


def is_headless(spec: Object) -> bool:
    """Whether the Service has no address by its own wish."""
    return spec.get("clusterIPs") == ["None"]


def addresses(errs: Errors, spec: Object, old: Object | None) -> None:
    """clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy against each other."""
    if spec.get("type") == "ExternalName":
        return
    path, ips, families = "spec.clusterIPs", spec.get("clusterIPs", []), spec.get("ipFamilies", [])
    if first := spec.get("clusterIP"):
        if not ips:
            errs.append(required(path))
        elif ips[0] != first:
            errs.append(invalid(path, ips, "first value must match `clusterIP`"))
    elif ips:
        errs.append(invalid(path, ips, "must be empty when `clusterIP` is not specified"))
    seen: set[str] = set()
    for index, family in enumerate(families):
        if family not in ("IPv4", "IPv6"):
            errs.append(not_supported(f"spec.ipFamilies[{index}]", family, ("IPv4", "IPv6")))
        if family in seen:
            errs.append(duplicate(f"spec.ipFamilies[{index}]", family))
        seen.add(family)
    if "ipFamilyPolicy" in spec:
        one_of(errs, "spec.ipFamilyPolicy", spec["ipFamilyPolicy"], FAMILY_POLICIES)
    before = len(errs)
    stored = old.get("clusterIPs", ()) if old else ()
    for index, address in enumerate(ips):
        if index == 0 and address == "None":
            if len(ips) > 1:
                errs.append(invalid(path, ips, "'None' must be the first and only value"))
        else:
            ip.legacy_ip(errs, f"{path}[{index}]", address, stored)
    bad = len(errs) > before
    if len(ips) > 2:
        errs.append(invalid(path, ips, "may only hold up to 2 values"))
    if not bad:
        _families_fit(errs, spec, ips, families)


def _families_fit(errs: Errors, spec: Object, ips: list[str], families: list[str]) -> None:
    path = "spec.clusterIPs"
    if len(ips) > 1 and {ip.family(a) for a in ips} != {"IPv4", "IPv6"}:
        errs.append(invalid(path, ips, "may specify no more than one IP for each IP family"))
    if is_headless(spec):
        return
    for index, (address, family) in enumerate(zip(ips, families, strict=False)):
        if family in ("IPv4", "IPv6") and (ip.family(address) == "IPv6") != (family == "IPv6"):
            message = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            errs.append(invalid(f"{path}[{index}]", address, message))


def changed_addresses(errs: Errors, spec: Object, old: Object) -> None:
    """The first address stays; a second may come and go."""
    if "ExternalName" in (spec.get("type"), old.get("type")) or (is_headless(spec) and is_headless(old)):
        return
    new_ips, old_ips = spec.get("clusterIPs", []), old.get("clusterIPs", [])
    first = "spec.clusterIPs[0]"
    if len(old_ips) == len(new_ips):
        for index, address in enumerate(old_ips):
            if address != new_ips[index]:
                errs.append(invalid(f"spec.clusterIPs[{index}]", new_ips, ONCE_SET))
    elif len(old_ips) > len(new_ips):
        if not new_ips:
            errs.append(invalid(first, None, "primary clusterIP can not be unset"))
        elif new_ips[0] != old_ips[0]:
            errs.append(invalid(first, new_ips, ONCE_SET))
        if len(new_ips) == 1 and spec.get("ipFamilyPolicy") != "SingleStack":
            errs.append(invalid("spec.ipFamilyPolicy", spec.get("ipFamilyPolicy"), f"{RELEASE}clusterIP"))
    elif old_ips and new_ips[0] != old_ips[0]:
        errs.append(invalid(first, new_ips, ONCE_SET))


def changed_families(errs: Errors, spec: Object, old: Object) -> None:
    """The first family stays; a second may come and go."""
    if "ExternalName" in (spec.get("type"), old.get("type")) or is_headless(spec) or is_headless(old):
        return
    new_families, old_families = spec.get("ipFamilies", []), old.get("ipFamilies", [])
    first = "spec.ipFamilies[0]"
    if len(old_families) == len(new_families):
        for family, other in zip(old_families, new_families, strict=True):
            if family != other:
                errs.append(invalid(first, new_families, ONCE_SET))
    elif len(old_families) > len(new_families):
        if not spec.get("clusterIPs"):
            errs.append(invalid(first, new_families, "primary ipFamily can not be unset"))
        if new_families and new_families[0] != old_families[0]:
            errs.append(invalid(first, spec.get("clusterIPs"), ONCE_SET))
        if len(new_families) == 1 and spec.get("ipFamilyPolicy") != "SingleStack":
            errs.append(invalid("spec.ipFamilyPolicy", spec.get("ipFamilyPolicy"), f"{RELEASE}ipFamily"))
    elif old_families and new_families and new_families[0] != old_families[0]:
        errs.append(invalid(first, spec.get("clusterIPs"), ONCE_SET))
