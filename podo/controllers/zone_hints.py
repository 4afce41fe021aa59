"""Topology mode Auto (KEP-2433): each zone is given endpoints in proportion to its CPUs, its own ones first. Pure."""

from collections.abc import Iterable, Mapping
from math import ceil
from typing import NamedTuple

import msgspec

from podo.api import quantity
from podo.api.types.core_v1 import Node, Service
from podo.api.types.discovery_v1 import Endpoint, EndpointHints, ForZone

ZONE = "topology.kubernetes.io/zone"
MODES = ("service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints")
EXCLUDED = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
OVERLOAD = 0.2
"""By how much a zone's endpoints may have more to do than their share."""
NO_NODES = "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes"
FEW = "Insufficient number of endpoints"
NO_ZONE = "One or more endpoints do not have a zone specified"
TOO_UNEVEN = "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold"
ENABLED = "Topology Aware Hints has been enabled"


class Hinted(NamedTuple):
    """The endpoints, with hints if `why` is "": else why there are none."""

    endpoints: list[Endpoint]
    why: str = ""


def is_wanted(service: Service) -> bool:
    """Whether a Service asks for it."""
    annotations = service.metadata.annotations
    mode = next((annotations[name] for name in MODES if name in annotations), "")
    return mode in ("Auto", "auto") and not service.spec.traffic_distribution


def part_of(node: Node | None) -> tuple[str, int] | None:
    """What a node adds: to which zone, and how many thousandths of CPUs. None if it does not count."""
    if node is None:
        return None
    labels, status = node.metadata.labels, node.status
    ready = any(c.type == "Ready" and c.status == "True" for c in status.conditions)
    if not ready or any(name in labels for name in EXCLUDED):
        return None
    return labels.get(ZONE, ""), quantity.to_milli(status.allocatable.get("cpu", "0"))


def shares(nodes: Iterable[Node]) -> dict[str, float]:
    """Each zone's share of the CPUs of all ready nodes; nothing where that cannot be told, or for one zone alone."""
    by_zone: dict[str, int] = {}
    for part in map(part_of, nodes):
        if part is None:
            continue
        zone, cpu = part
        if not zone or not cpu:
            return {}
        by_zone[zone] = by_zone.get(zone, 0) + cpu
    total = sum(by_zone.values())
    return {zone: cpu / total for zone, cpu in by_zone.items()} if len(by_zone) > 1 else {}


def hinted(endpoints: Iterable[Endpoint], by_zone: Mapping[str, float]) -> Hinted:
    """The endpoints of one Service and family, each with the zone that is to use it."""
    plain = [msgspec.structs.replace(e, hints=None) for e in endpoints]
    ready = [place for place, e in enumerate(plain) if e.conditions is None or e.conditions.ready is not False]
    if not by_zone:
        return Hinted(plain, NO_NODES)
    sizes = f"({len(ready)} endpoints, {len(by_zone)} zones)"
    if len(ready) < len(by_zone):
        return Hinted(plain, f"{FEW} {sizes}")
    if any(not plain[place].zone for place in ready):
        return Hinted(plain, NO_ZONE)
    desired = {zone: share * len(ready) for zone, share in by_zone.items()}
    least = {zone: ceil(wanted / (1 + OVERLOAD)) for zone, wanted in desired.items()}
    if sum(least.values()) > len(ready):
        return Hinted(plain, f"{TOO_UNEVEN} {sizes}")
    zones = _given({place: plain[place].zone for place in ready}, desired, least)
    for place, zone in zones.items():
        hints = EndpointHints(for_zones=(ForZone(name=zone),))
        plain[place] = msgspec.structs.replace(plain[place], hints=hints)
    return Hinted(plain)


def _given(own: dict[int, str], desired: Mapping[str, float], least: Mapping[str, int]) -> dict[int, str]:
    """The zone of each endpoint: its own, unless another has too few and its own, or a zone without nodes, has more."""
    given = dict(own)

    def count(zone: str) -> int:
        return sum(1 for other in given.values() if other == zone)

    for zone in sorted(least):
        while count(zone) < least[zone]:
            givers = {z for z in given.values() if z != zone and count(z) > least.get(z, 0)}
            giver = max(sorted(givers), key=lambda z: count(z) - desired.get(z, 0.0))
            given[max(place for place, held in given.items() if held == giver)] = zone
    return given
