"""What a runtime is told: the wanted sandbox and container. Field names are CRI's (k8s.io/cri-api, runtime/v1)."""

from dataclasses import dataclass, field
from enum import Enum

from podo.network.base import PortMapping


class NamespaceMode(Enum):
    """Whose namespace a container lives in."""

    POD = "pod"
    CONTAINER = "container"
    NODE = "node"


@dataclass(frozen=True)
class IDRange:
    """Users and groups of the node that stand for those of a user namespace, from 0 up (CRI's IDMapping)."""

    first: int
    length: int = 65536


@dataclass(frozen=True)
class NamespaceOptions:
    """Network and IPC are POD or NODE; PID is CONTAINER (the default), POD (shareProcessNamespace) or NODE.

    With `users` the sandbox has a user namespace of its own, and all its other namespaces belong to that.
    """

    network: NamespaceMode = NamespaceMode.POD
    pid: NamespaceMode = NamespaceMode.CONTAINER
    ipc: NamespaceMode = NamespaceMode.POD
    users: IDRange | None = None


@dataclass(frozen=True)
class DNSConfig:
    """What the sandbox's resolv.conf says. None at the sandbox means: as the node's own file."""

    servers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SandboxConfig:
    """A Pod's sandbox. (namespace, name, uid, attempt) is unique; a new attempt is a new sandbox."""

    name: str
    namespace: str
    uid: str
    attempt: int = 0
    hostname: str = ""  # "" is the machine's own
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    log_directory: str = ""  # absolute; made if missing
    cgroup_parent: str = ""  # the Pod's cgroup as `podo.node.cgroups` names it, "podo/c/n/burstable/pod<uid>"
    namespaces: NamespaceOptions = NamespaceOptions()
    dns: DNSConfig | None = None
    port_mappings: tuple[PortMapping, ...] = ()
    sysctls: dict[str, str] = field(default_factory=dict)
    runtime_handler: str = ""  # of the RuntimeClass


class MountPropagation(Enum):
    """PRIVATE is None in a Pod, HOST_TO_CONTAINER is rslave, BIDIRECTIONAL is rshared."""

    PRIVATE = "rprivate"
    HOST_TO_CONTAINER = "rslave"
    BIDIRECTIONAL = "rshared"


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A bind mount of `host_path` (absolute, of the node) at `container_path`. A missing host path is an error."""

    container_path: str
    host_path: str
    readonly: bool = False
    recursive_read_only: bool = False
    propagation: MountPropagation = MountPropagation.PRIVATE


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device node, or every one below a folder. `permissions` is a subset of "rwm"."""

    container_path: str
    host_path: str
    permissions: str = "rwm"


@dataclass(frozen=True, kw_only=True)
class LinuxResources:
    """cgroup figures, in v1's units; the runtime translates to v2. 0 or "" leaves a figure as it is.

    `cpu_shares` 2..262144, `cpu_quota` µs a `cpu_period` µs (quota -1: none), `memory_limit` bytes, `oom_score_adj`
    -1000..1000 (clamped to what the kernel allows us), `pids_limit` processes (0: none).
    """

    cpu_shares: int = 0
    cpu_quota: int = 0
    cpu_period: int = 0
    memory_limit: int = 0
    oom_score_adj: int = 0
    pids_limit: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    hugepage_limits: dict[str, int] = field(default_factory=dict)  # "2MB" → bytes
    unified: dict[str, str] = field(default_factory=dict)  # v2 only: "memory.high" → "123"


class ProfileType(Enum):
    """Which seccomp or AppArmor profile."""

    RUNTIME_DEFAULT = "RuntimeDefault"
    UNCONFINED = "Unconfined"
    LOCALHOST = "Localhost"


@dataclass(frozen=True)
class SecurityProfile:
    """`localhost_ref` is an absolute path (seccomp) or a loaded profile's name (AppArmor), with LOCALHOST only."""

    type: ProfileType = ProfileType.UNCONFINED
    localhost_ref: str = ""


@dataclass(frozen=True, kw_only=True)
class SecurityContext:
    """As whom and how confined a container runs. Capabilities are without "CAP_"; "ALL" is understood.

    Without `run_as_user` and `run_as_username` the image's user counts. `masked_paths` and `readonly_paths` of None are
    the usual ones (procMount Default); empty ones are none (Unmasked).
    """

    privileged: bool = False
    add_capabilities: tuple[str, ...] = ()
    drop_capabilities: tuple[str, ...] = ()
    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_username: str = ""
    supplemental_groups: tuple[int, ...] = ()
    strict_supplemental_groups: bool = False  # supplementalGroupsPolicy Strict: the image's /etc/group does not count
    readonly_rootfs: bool = False
    no_new_privs: bool = False  # allowPrivilegeEscalation: false
    masked_paths: tuple[str, ...] | None = None
    readonly_paths: tuple[str, ...] | None = None
    seccomp: SecurityProfile = SecurityProfile()
    apparmor: SecurityProfile = SecurityProfile()


@dataclass(frozen=True, kw_only=True)
class ContainerConfig:
    """A container of a sandbox. (sandbox, name, attempt) is unique.

    `image` is an id of `Images` ("sha256:…"). `command` replaces the image's entrypoint and also drops its arguments;
    `args` replaces its arguments. The container is in the namespaces of its sandbox, and in the PID namespace of
    `pid_of`, a running container of the same sandbox, if that is given (CRI's NamespaceMode TARGET).
    """

    name: str
    image: str
    attempt: int = 0
    image_name: str = ""  # what the user wrote; shown again when observed
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    working_dir: str = ""
    env: tuple[tuple[str, str], ...] = ()
    mounts: tuple[Mount, ...] = ()
    devices: tuple[Device, ...] = ()
    cdi_devices: tuple[str, ...] = ()  # by full name: "vendor.com/class=name"
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    log_path: str = ""  # relative to the sandbox's log_directory: "<container>/<attempt>.log"
    stdin: bool = False
    stdin_once: bool = False
    tty: bool = False
    pid_of: str = ""
    resources: LinuxResources = LinuxResources()
    security: SecurityContext = SecurityContext()
    stop_signal: str = ""  # "SIGTERM"; "" is the image's own, or SIGTERM


@dataclass(frozen=True, kw_only=True)
class ExecConfig:
    """A command in a running container. With `tty` there is no separate stderr."""

    command: tuple[str, ...]
    stdin: bool = False
    stdout: bool = True
    stderr: bool = True
    tty: bool = False
