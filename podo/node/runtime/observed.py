"""What a runtime sees: sandboxes, containers, their figures and their ends. Immutable; compare, never edit."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from podo.node.runtime.config import LinuxResources


class SandboxState(Enum):
    """READY until it is stopped, or until its namespaces are found gone (a reboot)."""

    READY = "SANDBOX_READY"
    NOT_READY = "SANDBOX_NOTREADY"


class ContainerState(Enum):
    """UNKNOWN: we know of the container, but the machine does not say how it ended."""

    CREATED = "CONTAINER_CREATED"
    RUNNING = "CONTAINER_RUNNING"
    EXITED = "CONTAINER_EXITED"
    UNKNOWN = "CONTAINER_UNKNOWN"


@dataclass(frozen=True, kw_only=True)
class ObservedSandbox:
    """A sandbox as it is. `ips` is the primary address first; empty with the node's network."""

    id: str
    name: str
    namespace: str
    uid: str
    attempt: int
    state: SandboxState
    created_at: datetime
    ips: tuple[str, ...] = ()
    host_network: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    runtime_handler: str = ""


@dataclass(frozen=True, kw_only=True)
class ObservedContainer:
    """A container as it is.

    `exit_code` is 128 + signal when it was killed by one, and None until it has exited. `reason` of an exited one is
    Completed, Error, OOMKilled, or StartError (then with a `message`, exit code 128, and no `started_at`).
    `runtime` is the name of what runs it: users see it in front of the id.
    """

    id: str
    sandbox_id: str
    pod_uid: str
    name: str
    attempt: int
    state: ContainerState
    created_at: datetime
    image: str = ""  # as the user wrote it
    image_id: str = ""  # "sha256:…", the store's id
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    reason: str = ""
    message: str = ""
    log_path: str = ""  # absolute
    pid: int = 0
    user: tuple[int, int, tuple[int, ...]] | None = None  # uid, gid, supplemental groups of its first process
    resources: LinuxResources = field(default_factory=LinuxResources)
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    runtime: str = "podo"

    @property
    def full_id(self) -> str:
        """As a status has it: "podo://…"."""
        return f"{self.runtime}://{self.id}"


@dataclass(frozen=True)
class Observation:
    """Everything of this node at one moment, oldest first."""

    sandboxes: tuple[ObservedSandbox, ...] = ()
    containers: tuple[ObservedContainer, ...] = ()


class ContainerEventType(Enum):
    """What happened to a container (CRI's GetContainerEvents)."""

    CREATED = "CONTAINER_CREATED_EVENT"
    STARTED = "CONTAINER_STARTED_EVENT"
    STOPPED = "CONTAINER_STOPPED_EVENT"
    DELETED = "CONTAINER_DELETED_EVENT"


@dataclass(frozen=True, kw_only=True)
class ContainerEvent:
    """A hint to look again, not a state: `observe` already shows it, or something later, when it arrives."""

    type: ContainerEventType
    container_id: str
    sandbox_id: str
    pod_uid: str


@dataclass(frozen=True)
class ExecResult:
    """How a command ended and what it wrote (each cut at 16 MiB)."""

    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""


@dataclass(frozen=True, kw_only=True)
class CPUStats:
    """`usage_ns` is core-nanoseconds since the start."""

    at: datetime
    usage_ns: int


@dataclass(frozen=True, kw_only=True)
class MemoryStats:
    """Bytes. `working_set` is the usage without inactive file pages; `limit` is 0 without one."""

    at: datetime
    usage: int
    working_set: int
    rss: int
    page_faults: int = 0
    major_page_faults: int = 0
    limit: int = 0


@dataclass(frozen=True, kw_only=True)
class FilesystemStats:
    """What a container's writable layer and logs take."""

    at: datetime
    used_bytes: int
    inodes_used: int


@dataclass(frozen=True, kw_only=True)
class NetworkStats:
    """Of the sandbox's first interface that is not loopback."""

    at: datetime
    interface: str
    rx_bytes: int
    rx_errors: int
    tx_bytes: int
    tx_errors: int
    rx_packets: int = 0
    rx_dropped: int = 0
    tx_packets: int = 0
    tx_dropped: int = 0


@dataclass(frozen=True, kw_only=True)
class ContainerStats:
    """A running container's figures; a part that cannot be read is None."""

    container_id: str
    name: str
    attempt: int
    started_at: datetime | None = None
    cpu: CPUStats | None = None
    memory: MemoryStats | None = None
    writable_layer: FilesystemStats | None = None


@dataclass(frozen=True, kw_only=True)
class SandboxStats:
    """A sandbox's figures, of its whole cgroup, and those of its containers."""

    sandbox_id: str
    pod_uid: str
    cpu: CPUStats | None = None
    memory: MemoryStats | None = None
    network: NetworkStats | None = None
    process_count: int = 0
    containers: tuple[ContainerStats, ...] = ()
