"""Do a cluster's ranges collide with what the host has already? Pure."""

from collections.abc import Iterable
from ipaddress import ip_interface, ip_network

from podo.network.config import NetworkConfig


def conflicts(config: NetworkConfig, *, routes: Iterable[str], addresses: Iterable[str]) -> list[str]:
    """One message for each range that cannot be used; [] if all can.

    `routes` are the destinations of the host's routes and `addresses` its addresses with prefix lengths, both without
    podo's own. A default route is no conflict.
    """
    taken = [(f"the host's route to {each}", ip_network(each)) for each in routes]
    taken += [(f"the host's address {each}", ip_interface(each).network) for each in addresses]
    messages = []
    for what, each in _ranges(config):
        network = ip_network(each)
        for whose, other in taken:
            if other.prefixlen > 0 and other.version == network.version and network.overlaps(other):
                messages.append(f"{what} {each} collides with {whose}")
    return list(dict.fromkeys([*_among_themselves(config), *messages]))


def _among_themselves(config: NetworkConfig) -> list[str]:
    ranges = [(what, each, ip_network(each)) for what, each in _ranges(config)]
    return [
        f"{what} {each} collides with {other_what} {other}"
        for i, (what, each, network) in enumerate(ranges)
        for other_what, other, other_network in ranges[i + 1 :]
        if network.version == other_network.version and network.overlaps(other_network)
    ]


def _ranges(config: NetworkConfig) -> list[tuple[str, str]]:
    kinds = (("Pod", config.pod_ranges), ("node", config.node_ranges), ("service", config.service_ranges))
    return [(f"the {kind} range", each) for kind, ranges in kinds for each in ranges]
