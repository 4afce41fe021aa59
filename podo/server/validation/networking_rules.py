"""The table of networking.k8s.io and discovery.k8s.io."""

from podo.server.validation.metadata import changed_only
from podo.server.validation.networking import addresses, endpoint_slice, ingress, network_policy
from podo.server.validation.rules import Rules

NETWORKING = "networking.k8s.io/v1"
TABLE: dict[tuple[str, str], Rules] = {
    (NETWORKING, "Ingress"): Rules(ingress.create, ingress.update, {"status": ingress.status_update}),
    (NETWORKING, "IngressClass"): Rules(ingress.create_class, ingress.update_class),
    (NETWORKING, "NetworkPolicy"): Rules(network_policy.create, network_policy.update),
    (NETWORKING, "IPAddress"): Rules(addresses.create_address, addresses.update_address),
    (NETWORKING, "ServiceCIDR"): Rules(addresses.create_cidr, addresses.update_cidr, {"status": changed_only}),
    ("discovery.k8s.io/v1", "EndpointSlice"): Rules(endpoint_slice.create, endpoint_slice.update),
}
