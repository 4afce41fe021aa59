"""The OCI runtime specification of a container: a pure function of what is wanted and what the machine is like."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from podo.node.images.base import ImageConfig
from podo.node.runtime.apparmor import NO_APPARMOR, AppArmor
from podo.node.runtime.capabilities import granted
from podo.node.runtime.config import ContainerConfig, IDRange, LinuxResources, Mount, ProfileType, SecurityProfile
from podo.node.runtime.users import User

Document = dict[str, Any]

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MASKED = (
    "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
    "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
    "/sys/devices/virtual/powercap",
)  # fmt: skip
READONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
_NOTHING = ("nosuid", "noexec", "nodev")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What the specification needs to know of this machine."""

    cgroup_v2: bool = True
    swap_accounting: bool = False
    oom_score_adj_min: int = -1000  # what the kernel lets us set
    capabilities: frozenset[str] = frozenset()
    apparmor: AppArmor = NO_APPARMOR
    host_devices: tuple[Document, ...] = ()  # for privileged containers, as in `linux.devices`


@dataclass(frozen=True, kw_only=True)
class SandboxPaths:
    """A sandbox as its containers need it. `namespaces` is kind ("network") → path; a kind left out is the node's own,
    except "pid", "mount" and "cgroup", which a container then has for itself (unless `host_pid`)."""

    namespaces: Mapping[str, str]
    cgroup: str  # of the Pod: "/podo/…/pod<uid>"
    hostname: str = ""
    host_pid: bool = False
    host_network: bool = False
    files: Mapping[str, str] = field(default_factory=dict)  # in the container → on the node: /etc/resolv.conf, …
    shm: str = ""  # a tmpfs of the sandbox; "" is the node's own /dev/shm
    users: IDRange | None = None  # of the user namespace among `namespaces`


def container_spec(
    container_id: str,
    config: ContainerConfig,
    image: ImageConfig,
    sandbox: SandboxPaths,
    *,
    user: User,
    root: str,
    machine: Machine,
    seccomp: Document | None = None,
    devices: tuple[Document, ...] = (),
) -> Document:
    """The whole `config.json`. `devices` are the wanted ones as in `linux.devices`, with their "access" besides."""
    privileged = config.security.privileged
    spec: Document = {
        "ociVersion": "1.0.2",
        "process": _process(config, image, sandbox, user, machine),
        "root": {"path": root, "readonly": config.security.readonly_rootfs},
        "mounts": mounts(config, sandbox, machine),
        "annotations": dict(config.annotations),
    }
    linux: Document = {
        "namespaces": namespaces(sandbox, machine),
        "cgroupsPath": f"{sandbox.cgroup}/{container_id}",
        "resources": resources(config.resources, machine) | {"devices": _device_rules(devices, privileged=privileged)},
        "devices": [_without_access(d) for d in (machine.host_devices if privileged else devices)],
        "rootfsPropagation": _root_propagation(config.mounts),
    }
    if not privileged:
        masked, readonly = config.security.masked_paths, config.security.readonly_paths
        linux["maskedPaths"] = list(MASKED if masked is None else masked)
        linux["readonlyPaths"] = list(READONLY if readonly is None else readonly)
        if seccomp is not None:
            linux["seccomp"] = seccomp
    return spec | {"linux": linux}


def arguments(config: ContainerConfig, image: ImageConfig) -> list[str]:
    """A command replaces entrypoint and arguments of the image; arguments alone only its arguments."""
    if config.command:
        return [*config.command, *config.args]
    return [*image.entrypoint, *(config.args or image.cmd)]


def environment(config: ContainerConfig, image: ImageConfig, hostname: str) -> list[str]:
    """The image's variables under the Pod's; PATH and HOSTNAME always, TERM with a terminal."""
    values = dict([PATH.split("=", 1)])
    if config.tty:
        values["TERM"] = "xterm"
    values["HOSTNAME"] = hostname
    values |= dict(variable.split("=", 1) for variable in image.env if "=" in variable)
    values |= dict(config.env)
    return [f"{name}={value}" for name, value in values.items()]


def _process(
    config: ContainerConfig, image: ImageConfig, sandbox: SandboxPaths, user: User, machine: Machine
) -> Document:
    security = config.security
    capabilities = granted(security, machine.capabilities)
    process: Document = {
        "terminal": config.tty,
        "user": {"uid": user.uid, "gid": user.gid, "additionalGids": list(user.groups)},
        "args": arguments(config, image),
        "env": environment(config, image, sandbox.hostname),
        "cwd": config.working_dir or image.working_dir or "/",
        "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), capabilities),
        "noNewPrivileges": security.no_new_privs and not security.privileged,
        "oomScoreAdj": max(config.resources.oom_score_adj, machine.oom_score_adj_min),
    }
    if machine.apparmor.enabled and not security.privileged and (profile := _apparmor(security.apparmor, machine)):
        process["apparmorProfile"] = profile
    return process


def _apparmor(wanted: SecurityProfile, machine: Machine) -> str:
    if wanted.type is ProfileType.RUNTIME_DEFAULT:
        return machine.apparmor.default
    return wanted.localhost_ref


def exec_process(spec: Mapping[str, Any], command: tuple[str, ...], *, tty: bool) -> Document:
    """The process of an exec: the container's own, with another command."""
    process = dict(spec["process"])
    env = [v for v in process["env"] if not v.startswith("TERM=")] + ["TERM=xterm"] if tty else process["env"]
    return process | {"args": list(command), "terminal": tty, "env": env}


def namespaces(sandbox: SandboxPaths, machine: Machine) -> list[Document]:
    """Joined by path where the sandbox has one, new where a container has its own."""
    joined: list[Document] = [{"type": kind, "path": path} for kind, path in sandbox.namespaces.items()]
    if "pid" not in sandbox.namespaces and not sandbox.host_pid:
        joined.append({"type": "pid"})
    joined.append({"type": "mount"})
    if machine.cgroup_v2:
        joined.append({"type": "cgroup"})
    return joined


def mounts(config: ContainerConfig, sandbox: SandboxPaths, machine: Machine) -> list[Document]:
    """The kernel's file systems, the sandbox's files, then the Pod's volumes, outer ones first. A Pod's mount at the
    same place replaces ours."""
    privileged = config.security.privileged
    access = "rw" if privileged else "ro"
    cgroup_options = [*_NOTHING, "relatime", access]
    ours = [
        _mount("/proc", "proc", "proc", *_NOTHING),
        _mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        _mount(
            "/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"
        ),
        _mount("/dev/mqueue", "mqueue", "mqueue", *_NOTHING),
        _mount("/sys", "sysfs", "sysfs", *_NOTHING, access),
        _mount("/sys/fs/cgroup", "cgroup", "cgroup", *cgroup_options),
        _mount("/dev/shm", "bind", sandbox.shm or "/dev/shm", "rbind", "rprivate", "nosuid", "noexec", "nodev"),
    ]
    if sandbox.host_network:  # a new sysfs would need a network namespace of our own
        ours[4] = _mount("/sys", "bind", "/sys", "rbind", "rslave", *_NOTHING, access)
        ours = [m for m in ours if m["destination"] != "/sys/fs/cgroup"] if not machine.cgroup_v2 else ours
    if sandbox.host_pid:
        ours[0] = _mount("/proc", "bind", "/proc", "rbind", *_NOTHING)
    wanted = {_clean(m.container_path) for m in config.mounts}
    files = [
        _mount(there, "bind", here, "rbind", "rprivate", "ro" if config.security.readonly_rootfs else "rw")
        for there, here in sandbox.files.items()
    ]
    volumes = sorted(config.mounts, key=lambda m: _clean(m.container_path).count("/"))
    kept = [m for m in (*ours, *files) if m["destination"] not in wanted]
    return [*kept, *(_volume(m) for m in volumes)]


def resources(wanted: LinuxResources, machine: Machine) -> Document:
    """`linux.resources` without devices; the OCI runtime turns v1's figures into v2's."""
    found: Document = {}
    cpu = {
        "shares": wanted.cpu_shares,
        "quota": wanted.cpu_quota,
        "period": wanted.cpu_period,
        "cpus": wanted.cpuset_cpus,
        "mems": wanted.cpuset_mems,
    }
    if cpu := {key: value for key, value in cpu.items() if value}:
        found["cpu"] = cpu
    if wanted.memory_limit:
        found["memory"] = {"limit": wanted.memory_limit}
        if machine.swap_accounting:
            found["memory"]["swap"] = wanted.memory_limit  # memory and swap together: so none
    if wanted.pids_limit:
        found["pids"] = {"limit": wanted.pids_limit}
    if wanted.hugepage_limits:
        found["hugepageLimits"] = [{"pageSize": s, "limit": n} for s, n in wanted.hugepage_limits.items()]
    if wanted.unified and machine.cgroup_v2:
        found["unified"] = dict(wanted.unified)
    return found


def _device_rules(devices: tuple[Document, ...], *, privileged: bool) -> list[Document]:
    """The OCI runtime allows null, zero, full, tty, random and the terminals by itself."""
    if privileged:
        return [{"allow": True, "access": "rwm"}]
    keys = ("type", "major", "minor", "access")
    return [{"allow": False, "access": "rwm"}, *({"allow": True} | {k: d[k] for k in keys} for d in devices)]


def _without_access(device: Document) -> Document:
    return {key: value for key, value in device.items() if key != "access"}


def _volume(mount: Mount) -> Document:
    options = ["rbind", mount.propagation.value]
    if mount.readonly:
        options.append("rro" if mount.recursive_read_only else "ro")
    else:
        options.append("rw")
    return _mount(_clean(mount.container_path), "bind", mount.host_path, *options)


def _root_propagation(wanted: tuple[Mount, ...]) -> str:
    """Events can only reach a mount if the root lets them through."""
    kinds = {m.propagation.value for m in wanted}
    return "rshared" if "rshared" in kinds else "rslave" if "rslave" in kinds else "rprivate"


def _mount(destination: str, kind: str, source: str, *options: str) -> Document:
    return {"destination": destination, "type": kind, "source": source, "options": list(options)}


def _clean(path: str) -> str:
    return "/" + "/".join(part for part in path.split("/") if part not in ("", "."))
