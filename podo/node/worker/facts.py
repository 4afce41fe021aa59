"""What a worker has to know of its node to word a sandbox or a container. Frozen: decided when the agent starts."""

from dataclasses import dataclass, field
from pathlib import Path

from podo.node.volumes.base import Places


@dataclass(frozen=True, kw_only=True)
class NodeFacts:
    """`cgroup_root` is the node's own cgroup as `podo.node.cgroups` names it; capacities are the node's."""

    node_name: str
    host_ips: tuple[str, ...]
    places: Places
    logs: Path  # one folder for each Pod
    cgroup_root: str = "podo"
    memory_capacity: int = 0  # bytes
    allocatable: dict[str, str] = field(default_factory=dict)
    cluster_dns: tuple[str, ...] = ()
    cluster_domain: str = "cluster.local"
    seccomp_profiles: Path = Path("/var/lib/podo/seccomp")
    seccomp_default: bool = True  # RuntimeDefault where a Pod does not say
    apparmor: bool = False  # whether the kernel enforces it
    pids_limit: int = 0  # for each Pod; 0: none
    drain_limit: float = 2.0  # seconds to wait until no Service leads to a Pod that leaves
    resolv_conf: Path = Path("/etc/resolv.conf")
    hosts: Path = Path("/etc/hosts")
    handlers: frozenset[str] | None = None  # those that RuntimeClasses may name; None: the runtime will say

    def log_folder(self, namespace: str, name: str, uid: str) -> Path:
        """Where a Pod's logs are, named as in /var/log/pods."""
        return self.logs / f"{namespace}_{name}_{uid}"
