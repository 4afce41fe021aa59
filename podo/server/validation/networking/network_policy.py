"""NetworkPolicies."""

from collections.abc import Collection, Iterator

from podo.api import names
from podo.api.field_errors import forbidden, invalid, not_supported, required
from podo.server.validation import ip
from podo.server.validation.fields import Errors, Object, named
from podo.server.validation.metadata import changed_meta, new_meta
from podo.server.validation.selectors import has_bad_value, label_selector

PROTOCOLS = ("TCP", "UDP", "SCTP")
POLICY_TYPES = ("Ingress", "Egress")
DIRECTIONS = (("ingress", "from"), ("egress", "to"))


def create(obj: Object) -> Errors:
    """What is wrong with a new NetworkPolicy."""
    errs: Errors = []
    new_meta(errs, obj)
    _spec(errs, obj["spec"], (), lenient=False)
    return errs


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed NetworkPolicy. CIDRs that are there already may be sloppy."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    stored = set(_cidrs(old["spec"]))
    _spec(errs, obj["spec"], stored, lenient=has_bad_value(old["spec"].get("podSelector")))
    return errs


def _cidrs(spec: Object) -> Iterator[str]:
    for direction, peers in DIRECTIONS:
        for rule in spec.get(direction, ()):
            for peer in rule.get(peers, ()):
                if "ipBlock" in peer:
                    yield peer["ipBlock"]["cidr"]
                    yield from peer["ipBlock"].get("except", ())


def _spec(errs: Errors, spec: Object, stored: Collection[str], *, lenient: bool) -> None:
    label_selector(errs, spec.get("podSelector", {}), "spec.podSelector", lenient_values=lenient)
    for direction, peers in DIRECTIONS:
        for index, rule in enumerate(spec.get(direction, ())):
            path = f"spec.{direction}[{index}]"
            for position, port in enumerate(rule.get("ports", ())):
                _port(errs, port, f"{path}.ports[{position}]")
            for position, peer in enumerate(rule.get(peers, ())):
                _peer(errs, peer, f"{path}.{peers}[{position}]", stored, lenient)
    types = spec.get("policyTypes", [])
    if len(types) > len(POLICY_TYPES):
        errs.append(invalid("spec.policyTypes", types, "may not specify more than two policyTypes"))
        return
    for index, kind in enumerate(types):
        if kind not in POLICY_TYPES:
            errs.append(not_supported(f"spec.policyTypes[{index}]", kind, POLICY_TYPES))


def _port(errs: Errors, port: Object, path: str) -> None:
    protocol, number, end = port.get("protocol"), port.get("port"), port.get("endPort")
    if protocol is not None and protocol not in PROTOCOLS:
        errs.append(not_supported(f"{path}.protocol", protocol, PROTOCOLS))
    if number is None:
        if end is not None:
            errs.append(invalid(f"{path}.endPort", end, "may not be specified when `port` is not specified"))
    elif isinstance(number, str):
        if end is not None:
            errs.append(invalid(f"{path}.endPort", end, "may not be specified when `port` is non-numeric"))
        named(errs, f"{path}.port", number, names.port_name)
    else:
        errs += [invalid(f"{path}.port", number, message) for message in names.port_number(number)]
        if end is not None:
            if end < number:
                errs.append(invalid(f"{path}.endPort", number, "must be greater than or equal to `port`"))
            errs += [invalid(f"{path}.endPort", end, message) for message in names.port_number(end)]


def _peer(errs: Errors, peer: Object, path: str, stored: Collection[str], lenient: bool) -> None:
    for key in ("podSelector", "namespaceSelector"):
        if key in peer:
            label_selector(errs, peer[key], f"{path}.{key}", lenient_values=lenient)
    if "ipBlock" in peer:
        _block(errs, peer["ipBlock"], f"{path}.ipBlock", stored)
        if len(peer) > 1:
            errs.append(forbidden(path, "may not specify both ipBlock and another peer"))
    elif not peer:
        errs.append(required(path, "must specify a peer"))


def _block(errs: Errors, block: Object, path: str, stored: Collection[str]) -> None:
    if not block["cidr"]:
        errs.append(required(f"{path}.cidr"))
        return
    ip.legacy_cidr(errs, f"{path}.cidr", block["cidr"], stored)
    whole = ip.parse_cidr_sloppy(block["cidr"])
    if whole is None:
        return
    for index, text in enumerate(block.get("except", ())):
        where = f"{path}.except[{index}]"
        ip.legacy_cidr(errs, where, text, stored)
        part = ip.parse_cidr_sloppy(text)
        if part is None:
            continue
        if part[1].network_address not in whole[1] or whole[1].prefixlen >= part[1].prefixlen:
            errs.append(invalid(where, text, "must be a strict subset of `cidr`"))
