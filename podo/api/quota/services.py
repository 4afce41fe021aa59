"""What Services use: themselves, node ports, load balancers."""

from collections.abc import Collection, Iterable
from datetime import datetime

from podo.api.quota.scopes import Requirement
from podo.api.types.core_v1 import Service

COUNT, SERVICES, NODE_PORTS, BALANCERS = "count/services", "services", "services.nodeports", "services.loadbalancers"


class Services:
    """The evaluator of Services."""

    resource = ("", "services")
    cls = Service
    updates = frozenset({""})

    def covers(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if name in (COUNT, SERVICES, NODE_PORTS, BALANCERS)]

    def usage(self, obj: Service, now: datetime) -> dict[str, str]:
        balanced = obj.spec.type == "LoadBalancer"
        fixed = {COUNT: "1", SERVICES: "1", BALANCERS: "1" if balanced else "0"}
        return fixed | {NODE_PORTS: str(node_ports(obj))}

    def matches(self, obj: Service, requirement: Requirement) -> bool:
        return False

    def missing(self, obj: Service, names: Collection[str]) -> str:
        return ""


def node_ports(service: Service) -> int:
    """How many node ports it has or will get."""
    spec = service.spec
    if spec.type == "LoadBalancer" and spec.allocate_load_balancer_node_ports is False:
        return sum(bool(port.node_port) for port in spec.ports)
    return len(spec.ports) if spec.type in ("NodePort", "LoadBalancer") else 0
