"""Endpoints, and the checks of addresses and ports that EndpointSlices and Services share."""

from podo.api import names
from podo.api.field_errors import invalid, not_supported, required
from podo.server.validation import ip
from podo.server.validation.fields import Errors, Object, named, needed_name
from podo.server.validation.metadata import changed_meta, new_meta

PROTOCOLS = ("SCTP", "TCP", "UDP")


def endpoint_ip(errs: Errors, path: str, text: str) -> None:
    """An address that traffic may be sent to."""
    address = ip.parse_sloppy(text)
    if address is None:
        errs.append(invalid(path, text, "must be a valid IP address"))
        return
    if address.is_unspecified:
        errs.append(invalid(path, text, f"may not be unspecified ({text})"))
    if address.is_loopback:
        errs.append(invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)"))
    if address.is_link_local:
        errs.append(invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"))
    if _is_link_local_multicast(address):
        errs.append(invalid(path, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"))


def _is_link_local_multicast(address: ip.IPAddress) -> bool:
    packed = address.packed
    return packed[:3] == b"\xe0\x00\x00" if address.version == 4 else (packed[0] == 0xFF and packed[1] & 0x0F == 2)


def create(obj: Object) -> Errors:
    """What is wrong with new Endpoints."""
    errs: Errors = []
    new_meta(errs, obj)
    _subsets(errs, obj)
    return errs


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with changed Endpoints; what is stored already stays allowed."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    new_meta(errs, obj)
    if obj.get("subsets") != old.get("subsets"):
        _subsets(errs, obj)
    return errs


def _subsets(errs: Errors, obj: Object) -> None:
    for index, subset in enumerate(obj.get("subsets", ())):
        path = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            errs.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
        for key in ("addresses", "notReadyAddresses"):
            for position, address in enumerate(subset.get(key, ())):
                _address(errs, address, f"{path}.{key}[{position}]")
        ports = subset.get("ports", ())
        for position, port in enumerate(ports):
            endpoint_port(errs, port, len(ports) > 1, f"{path}.ports[{position}]")


def _address(errs: Errors, address: Object, path: str) -> None:
    ip.legacy_ip(errs, f"{path}.ip", address["ip"])
    if hostname := address.get("hostname"):
        named(errs, f"{path}.hostname", hostname, names.dns1123_label)
    if "nodeName" in address:
        named(errs, f"{path}.nodeName", address["nodeName"], names.dns1123_subdomain)
    endpoint_ip(errs, f"{path}.ip", address["ip"])


def endpoint_port(errs: Errors, port: Object, name_needed: bool, path: str) -> None:
    """A port of Endpoints."""
    if name_needed or port.get("name"):
        needed_name(errs, f"{path}.name", port.get("name", ""), names.dns1123_label)
    for message in names.port_number(port["port"]):
        errs.append(invalid(f"{path}.port", port["port"], message))
    if port["protocol"] not in PROTOCOLS:
        errs.append(not_supported(f"{path}.protocol", port["protocol"], PROTOCOLS))
    if "appProtocol" in port:
        named(errs, f"{path}.appProtocol", port["appProtocol"], names.qualified_name)
