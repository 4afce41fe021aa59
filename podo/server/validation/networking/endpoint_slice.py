"""EndpointSlices."""

from podo.api import names
from podo.api.field_errors import duplicate, internal, invalid, not_supported, required, too_many
from podo.server.validation import ip
from podo.server.validation.core.endpoints import PROTOCOLS, endpoint_ip
from podo.server.validation.domain_path import domain_name
from podo.server.validation.fields import Errors, Object, immutable, named
from podo.server.validation.metadata import labels, new_meta

ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
TOPOLOGY_MAX, ADDRESSES_MAX, PORTS_MAX, ENDPOINTS_MAX, HINTS_MAX = 16, 100, 20000, 1000, 8
ZONE = "topology.kubernetes.io/zone"
FAMILIES = {"IPv4": 4, "IPv6": 6}


def create(obj: Object) -> Errors:
    """What is wrong with a new EndpointSlice."""
    return _slice(obj, None)


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed EndpointSlice; endpoints that do not change are not looked at."""
    errs = _slice(obj, old)
    immutable(errs, "addressType", obj.get("addressType", ""), old.get("addressType", ""))
    return errs


def _slice(obj: Object, old: Object | None) -> Errors:
    errs: Errors = []
    new_meta(errs, obj)
    kind = obj.get("addressType", "")
    if not kind:
        errs.append(required("addressType"))
    elif kind not in ADDRESS_TYPES:
        errs.append(not_supported("addressType", kind, ADDRESS_TYPES))
    _ports(errs, obj.get("ports") or [])
    endpoints = obj.get("endpoints") or []
    if old is not None and (old.get("endpoints") or []) == endpoints:
        return errs
    if len(endpoints) > ENDPOINTS_MAX:
        errs.append(too_many("endpoints", len(endpoints), ENDPOINTS_MAX))
        return errs
    for index, endpoint in enumerate(endpoints):
        _endpoint(errs, endpoint, kind, f"endpoints[{index}]")
    return errs


def _ports(errs: Errors, ports: list[Object]) -> None:
    if len(ports) > PORTS_MAX:
        errs.append(too_many("ports", len(ports), PORTS_MAX))
        return
    seen: set[str] = set()
    for index, port in enumerate(ports):
        path, name = f"ports[{index}]", port.get("name", "")
        if name:
            named(errs, f"{path}.name", name, names.dns1123_label)
        if name in seen:
            errs.append(duplicate(f"{path}.name", name))
        seen.add(name)
        if "protocol" not in port:
            errs.append(required(f"{path}.protocol"))
        elif port["protocol"] not in PROTOCOLS:
            errs.append(not_supported(f"{path}.protocol", port["protocol"], PROTOCOLS))
        if "appProtocol" in port:
            named(errs, f"{path}.appProtocol", port["appProtocol"], names.qualified_name)


def _endpoint(errs: Errors, endpoint: Object, kind: str, path: str) -> None:
    addresses = endpoint.get("addresses") or []
    if not addresses:
        errs.append(required(f"{path}.addresses", "must contain at least 1 address"))
    elif len(addresses) > ADDRESSES_MAX:
        errs.append(too_many(f"{path}.addresses", len(addresses), ADDRESSES_MAX))
    for index, address in enumerate(addresses):
        _address(errs, address, kind, f"{path}.addresses", index)
    if "nodeName" in endpoint:
        named(errs, f"{path}.nodeName", endpoint["nodeName"], names.dns1123_subdomain)
    topology, where = endpoint.get("deprecatedTopology", {}), f"{path}.deprecatedTopology"
    if len(topology) > TOPOLOGY_MAX:
        errs.append(too_many(where, len(topology), TOPOLOGY_MAX))
    labels(errs, topology, where)
    if ZONE in topology:
        errs.append(internal(f"{where}[{ZONE}]", "reserved key was not removed in conversion"))
    if "hostname" in endpoint:
        named(errs, f"{path}.hostname", endpoint["hostname"], names.dns1123_label)
    if "hints" in endpoint:
        _hints(errs, endpoint["hints"], f"{path}.hints")


def _address(errs: Errors, address: str, kind: str, path: str, index: int) -> None:
    where = f"{path}[{index}]"
    if kind == "FQDN":
        domain_name(errs, where, address)
    elif kind in FAMILIES:
        before = len(errs)
        (ip.legacy_ip if kind == "IPv4" else ip.canonical_ip)(errs, where, address)
        if len(errs) == before:
            parsed = ip.parse_sloppy(address)
            if parsed is not None and parsed.version != FAMILIES[kind]:
                article = "an IPv4" if kind == "IPv4" else "an IPv6"
                errs.append(invalid(path, address, f"must be {article} address"))
            endpoint_ip(errs, where, address)


def _hints(errs: Errors, hints: Object, path: str) -> None:
    for key, check in (("forZones", names.label_value), ("forNodes", names.dns1123_subdomain)):
        values = hints.get(key, [])
        if len(values) > HINTS_MAX:
            errs.append(too_many(f"{path}.{key}", len(values), HINTS_MAX))
            return
        seen: set[str] = set()
        for index, value in enumerate(values):
            where, name = f"{path}.{key}[{index}].name", value["name"]
            if name in seen:
                errs.append(duplicate(where, name))
            seen.add(name)
            named(errs, where, name, check)
