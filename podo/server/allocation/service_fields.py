"""The linked fields of a Service: cluster IPs, families, node ports. Pure; objects are changed in place."""

from collections.abc import Sequence
from ipaddress import ip_address

from podo.api.errors import Invalid
from podo.api.field_errors import FieldError, invalid, invalid_object
from podo.server.strategy import Object
from podo.server.validation.core.service_addresses import addresses

NONE, EXTERNAL = "None", "ExternalName"
SINGLE, PREFER, REQUIRE = "SingleStack", "PreferDualStack", "RequireDualStack"
V4, V6 = "IPv4", "IPv6"
OTHER = {V4: V6, V6: V4}


def family_of(address: str) -> str:
    """The family of an address; IPv4 for what is no address, which validation will say."""
    try:
        return f"IPv{ip_address(address).version}"
    except ValueError:
        return V4


def needs_cluster_ip(spec: Object) -> bool:
    return bool(spec.get("type") != EXTERNAL)


def needs_node_ports(spec: Object) -> bool:
    return spec.get("type") in ("NodePort", "LoadBalancer")


def allocates_node_ports(spec: Object) -> bool:
    """Whether ports that name no node port are given one."""
    if spec.get("type") == "LoadBalancer":
        return bool(spec.get("allocateLoadBalancerNodePorts", True))
    return bool(spec.get("type") == "NodePort")


def needs_health_port(spec: Object) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def node_ports(spec: Object) -> list[int]:
    """The node ports that the ports name."""
    return [port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")]


def adopt(spec: Object, old: Object | None) -> None:
    """Take over from `old` what the client has left out, and keep clusterIP and clusterIPs in step."""
    if old is None:
        if spec.get("clusterIP") and not spec.get("clusterIPs"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        return
    _adopt_allocated(spec, old)
    _level(spec, old)


def _adopt_allocated(spec: Object, old: Object) -> None:
    if needs_cluster_ip(old) and needs_cluster_ip(spec):
        if not spec.get("clusterIP") and old.get("clusterIP"):
            spec["clusterIP"] = old["clusterIP"]
        if not spec.get("clusterIPs") and old.get("clusterIPs"):
            spec["clusterIPs"] = list(old["clusterIPs"])
    if needs_node_ports(old) and needs_node_ports(spec):
        used = set(node_ports(old)) & set(node_ports(spec))
        by_name = {port.get("name", ""): port.get("nodePort") for port in old.get("ports") or ()}
        for port in spec.get("ports") or ():
            before = by_name.get(port.get("name", ""))
            if not port.get("nodePort") and before and before not in used:
                port["nodePort"] = before
    if needs_health_port(old) and needs_health_port(spec) and old.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = spec.get("healthCheckNodePort") or old["healthCheckNodePort"]


def _level(spec: Object, old: Object) -> None:
    one, before = spec.get("clusterIP") or "", old.get("clusterIP") or ""
    same = (spec.get("clusterIPs") or []) == (old.get("clusterIPs") or [])
    if not spec.get("clusterIPs") and old.get("clusterIPs") and one == before:
        spec["clusterIPs"] = list(old["clusterIPs"])
    elif one != before and same and one:
        spec["clusterIPs"] = [one]
    elif one != before and not one and same:
        spec.pop("clusterIPs", None)


def set_families(name: str, spec: Object, old: Object | None, families: Sequence[str]) -> None:
    """Fill in ipFamilyPolicy and ipFamilies. `families` are the cluster's, the first is its default. Raises Invalid."""
    if spec.get("type") == EXTERNAL or (old is not None and _keeps_preference(spec, old)):
        return
    headless = spec.get("clusterIP") == NONE
    if spec.get("ipFamilyPolicy") is None:
        before = (old or {}).get("ipFamilyPolicy")
        spec["ipFamilyPolicy"] = before or (REQUIRE if headless and not spec.get("selector") else SINGLE)
    errors: list[FieldError] = []
    addresses(errors, spec, old)
    if errors:
        raise _refused(name, errors)
    policy = spec["ipFamilyPolicy"]
    errors = _reduce(spec, old, policy) + _too_many(spec, policy) + _infer(spec, families)
    if errors:
        raise _refused(name, errors)
    chosen = list(spec.get("ipFamilies") or ())
    if headless and not spec.get("selector"):
        chosen = chosen or [families[0]]
        if len(chosen) < 2 and policy != SINGLE:
            chosen.append(OTHER[chosen[0]])
        spec["ipFamilies"] = chosen
        return
    if policy == REQUIRE and len(families) < 2:
        errors.append(invalid("spec.ipFamilyPolicy", policy, "this cluster is not configured for dual-stack services"))
    for position, family in enumerate(chosen):
        if family not in families:
            errors.append(invalid(f"spec.ipFamilies[{position}]", family, "not configured on this cluster"))
    if errors:
        raise _refused(name, errors)
    chosen = chosen or [families[0]]
    if policy != SINGLE and len(chosen) == 1 and len(families) == 2:
        chosen.append(OTHER[chosen[0]])
    spec["ipFamilies"] = chosen


def _keeps_preference(spec: Object, old: Object) -> bool:
    """An update that leaves a PreferDualStack Service as it is, though the cluster may have changed since."""
    if spec.get("ipFamilyPolicy") != PREFER or old.get("ipFamilyPolicy") != PREFER:
        return False
    return all(spec.get(name) == old.get(name) for name in ("type", "clusterIP", "clusterIPs", "ipFamilies"))


def _reduce(spec: Object, old: Object | None, policy: str) -> list[FieldError]:
    if old is None:
        return []
    errors = []
    for field, what in (("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")):
        values, before = spec.get(field) or [], old.get(field) or []
        if policy == SINGLE:
            if values == before and len(values) > 1:
                spec[field] = values[:1]
        elif values and len(values) == 1 and len(before) == 2 and before[0] == values[0]:
            text = f"must be 'SingleStack' to release the secondary {what}"
            errors.append(invalid("spec.ipFamilyPolicy", policy, text))
    return errors


def _too_many(spec: Object, policy: str) -> list[FieldError]:
    if policy != SINGLE:
        return []
    text = "must be 'RequireDualStack' or 'PreferDualStack' when multiple {} are specified"
    named = (("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families"))
    return [
        invalid("spec.ipFamilyPolicy", policy, text.format(what))
        for field, what in named
        if len(spec.get(field) or ()) == 2
    ]


def _infer(spec: Object, families: Sequence[str]) -> list[FieldError]:
    """Families of the addresses that the client names."""
    errors, addresses = [], spec.get("clusterIPs") or []
    chosen = list(spec.get("ipFamilies") or ())
    for position, address in enumerate(addresses):
        if address == NONE:
            break
        if position >= len(chosen):
            family = family_of(address)
            if family not in families:
                text = f"{family} is not configured on this cluster"
                errors.append(invalid(f"spec.clusterIPs[{position}]", addresses, text))
            else:
                chosen.append(family)
    if chosen:
        spec["ipFamilies"] = chosen
    return errors


def _refused(name: str, errors: list[FieldError]) -> Invalid:
    return invalid_object("", "Service", name, errors)


def drop_unneeded(spec: Object, old: Object) -> None:
    """Drop what the new type has no use for, unless the client has changed it too (then validation complains)."""

    def same(field: str) -> bool:
        return bool(spec.get(field) == old.get(field))

    if needs_cluster_ip(old) and not needs_cluster_ip(spec):
        if same("clusterIP") and same("clusterIPs"):
            spec.pop("clusterIP", None)
            spec.pop("clusterIPs", None)
        for field in ("ipFamilies", "ipFamilyPolicy"):
            if same(field):
                spec.pop(field, None)
    if needs_node_ports(old) and not needs_node_ports(spec) and set(node_ports(spec)) <= set(node_ports(old)):
        for port in spec.get("ports") or ():
            port.pop("nodePort", None)
    if needs_health_port(old) and not needs_health_port(spec) and same("healthCheckNodePort"):
        spec.pop("healthCheckNodePort", None)
    if old.get("type") == "LoadBalancer" != spec.get("type"):
        for field in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if same(field):
                spec.pop(field, None)
    if spec.get("type") == EXTERNAL:
        spec.pop("internalTrafficPolicy", None)
    if _external(old) and not _external(spec) and same("externalTrafficPolicy"):
        spec.pop("externalTrafficPolicy", None)


def _external(spec: Object) -> bool:
    return needs_node_ports(spec) or (spec.get("type") == "ClusterIP" and bool(spec.get("externalIPs")))
