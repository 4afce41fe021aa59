"""What an agent is started with."""

from dataclasses import dataclass, field
from pathlib import Path

from podo.api.types.core_v1 import Taint
from podo.client.kubeconfig import Credentials
from podo.network.config import NetworkConfig
from podo.node.eviction.thresholds import EvictionLimits
from podo.node.housekeeping.image_gc import ImageLimits
from podo.node.housekeeping.log_rotation import LogLimits


@dataclass(frozen=True, kw_only=True)
class AgentConfig:
    """One node. The process is in the node's network namespace before it is handed this.

    `state_dir` is the node's own folder and survives a reboot, `run_dir` does not; `images_dir` may be shared by nodes.
    `cpu` and `memory` are quantities that take the place of the machine's. Without `pod_cidrs` the agent waits until
    the cluster gives its Node a range.
    """

    node_name: str
    addresses: tuple[str, ...]
    credentials: Credentials
    network: NetworkConfig
    state_dir: Path
    run_dir: Path
    images_dir: Path
    volumes_dir: Path  # of podo's own volumes, shared by the nodes of a machine
    pod_cidrs: tuple[str, ...] = ()
    cpu: str = ""
    memory: str = ""
    max_pods: int = 110
    api_port: int = 10250
    labels: dict[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    runtime: str = ""  # of others, by CRI: "unix:///run/containerd/containerd.sock"; "" is podo's own
    engine: str = ""  # crun or runc; "" picks what works here
    host_netns: Path | None = None  # the network that registries are reached from, if it is not the node's own
    seccomp_default: bool = True
    drain_limit: float = 2.0  # seconds
    logs: LogLimits = field(default_factory=LogLimits)
    images: ImageLimits = field(default_factory=ImageLimits)
    eviction: EvictionLimits = field(default_factory=EvictionLimits)

    @property
    def manifest_dir(self) -> Path:
        """Where the manifests of static Pods are (the kubelet's staticPodPath)."""
        return self.state_dir / "manifests"

    @property
    def cni_dir(self) -> Path:
        """Where CNI configurations are: the machine's, or on a node that shares its machine the node's own."""
        return self.state_dir / "cni" if self.is_local else Path("/etc/cni/net.d")

    @property
    def kubelet_dir(self) -> Path:
        """What drivers find under /var/lib/kubelet."""
        return self.state_dir / "kubelet" if self.is_local else Path("/var/lib/kubelet")

    @property
    def is_local(self) -> bool:
        """Whether the node shares its machine with others, in a network namespace of its own."""
        return self.host_netns is not None

    @property
    def cluster(self) -> str:
        """The cluster's name: it marks what is ours on this machine."""
        return self.network.cluster
