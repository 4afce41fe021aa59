"""Ports of its node that a Pod takes: scheduler and node agent keep apart who would take the same. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from podo.api.pod_resources import is_sidecar
from podo.api.types.core_v1 import PodSpec


@dataclass(frozen=True)
class HostPort:
    """A port of the node that a container takes; `address` "0.0.0.0" is every one."""

    address: str
    protocol: str
    port: int

    def collides(self, other: "HostPort") -> bool:
        """Whether both cannot be on one node."""
        if (self.port, self.protocol) != (other.port, other.protocol):
            return False
        return self.address == other.address or "0.0.0.0" in (self.address, other.address)


def host_ports(spec: PodSpec) -> tuple[HostPort, ...]:
    """Those of containers and sidecars."""
    return tuple(
        HostPort(port.host_ip or "0.0.0.0", port.protocol or "TCP", port.host_port)
        for container in (*spec.containers, *filter(is_sidecar, spec.init_containers))
        for port in container.ports
        if port.host_port
    )


def collide(ports: Iterable[HostPort], taken: Iterable[HostPort]) -> bool:
    """Whether any of the one collides with any of the other."""
    known = list(taken)
    return any(mine.collides(other) for mine in ports for other in known)
