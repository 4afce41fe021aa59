"""What a runtime is told, in CRI's words: the fields of its messages. Pure."""

from collections.abc import Mapping
from typing import Any

from podo.node.runtime.config import (
    ContainerConfig,
    IDRange,
    LinuxResources,
    Mount,
    MountPropagation,
    NamespaceMode,
    ProfileType,
    SandboxConfig,
    SecurityContext,
    SecurityProfile,
)
from podo.node.runtime.cri.wire import NAMESPACES, SIGNALS
from podo.node.runtime.spec import MASKED, READONLY

Fields = dict[str, Any]

PROTOCOLS = {"TCP": 0, "UDP": 1, "SCTP": 2}
PROPAGATION = {MountPropagation.PRIVATE: 0, MountPropagation.HOST_TO_CONTAINER: 1, MountPropagation.BIDIRECTIONAL: 2}
PROFILES = {ProfileType.RUNTIME_DEFAULT: 0, ProfileType.UNCONFINED: 1, ProfileType.LOCALHOST: 2}
MODES = {
    NamespaceMode.POD: NAMESPACES.index("POD"),
    NamespaceMode.CONTAINER: NAMESPACES.index("CONTAINER"),
    NamespaceMode.NODE: NAMESPACES.index("NODE"),
}
TARGET = NAMESPACES.index("TARGET")


def sandbox(config: SandboxConfig, marks: Mapping[str, str]) -> Fields:
    """A PodSandboxConfig. `marks` are labels by which its node knows it again."""
    security: Fields = {"namespace_options": namespaces(config), "seccomp": {"profile_type": 0}}
    made: Fields = {
        "metadata": {
            "name": config.name,
            "uid": config.uid,
            "namespace": config.namespace,
            "attempt": config.attempt,
        },
        "hostname": config.hostname,
        "log_directory": config.log_directory,
        "labels": {**config.labels, **marks},
        "annotations": config.annotations,
        "port_mappings": [
            {
                "protocol": PROTOCOLS[each.protocol],
                "container_port": each.container_port,
                "host_port": each.host_port,
                "host_ip": each.host_ip,
            }
            for each in config.port_mappings
        ],
        "linux": {
            "cgroup_parent": "/" + config.cgroup_parent.strip("/"),
            "security_context": security,
            "sysctls": config.sysctls,
        },
    }
    if dns := config.dns:
        made["dns_config"] = {"servers": dns.servers, "searches": dns.searches, "options": dns.options}
    return made


def namespaces(config: SandboxConfig, pid_of: str = "") -> Fields:
    """The namespaces of a sandbox, or of a container in it that shares the processes of container `pid_of`."""
    options = config.namespaces
    made: Fields = {"network": MODES[options.network], "ipc": MODES[options.ipc], "pid": MODES[options.pid]}
    if pid_of:
        made |= {"pid": TARGET, "target_id": pid_of}
    if options.users:
        ids = [_mapping(options.users)]
        made["userns_options"] = {"mode": MODES[NamespaceMode.POD], "uids": ids, "gids": ids}
    return made


def container(config: ContainerConfig, sandbox: SandboxConfig, image: str, marks: Mapping[str, str]) -> Fields:
    """A ContainerConfig; `image` is the reference by which the runtime has its image."""
    made: Fields = {
        "metadata": {"name": config.name, "attempt": config.attempt},
        "image": {"image": image, "user_specified_image": config.image_name},
        "command": config.command,
        "args": config.args,
        "working_dir": config.working_dir,
        "envs": [{"key": name, "value": value.encode()} for name, value in config.env],
        "mounts": [mount(each, sandbox.namespaces.users) for each in config.mounts],
        "devices": [
            {"container_path": d.container_path, "host_path": d.host_path, "permissions": d.permissions}
            for d in config.devices
        ],
        "CDI_devices": [{"name": name} for name in config.cdi_devices],
        "labels": {**config.labels, **marks},
        "annotations": config.annotations,
        "log_path": config.log_path,
        "stdin": config.stdin,
        "stdin_once": config.stdin_once,
        "tty": config.tty,
        "linux": {
            "resources": resources(config.resources),
            "security_context": security(config.security) | {"namespace_options": namespaces(sandbox, config.pid_of)},
        },
    }
    if config.stop_signal in SIGNALS:
        made["stop_signal"] = SIGNALS.index(config.stop_signal)
    return made


def mount(wanted: Mount, users: IDRange | None) -> Fields:
    """A bind mount; in a user namespace its files are shown as its users'."""
    made: Fields = {
        "container_path": wanted.container_path,
        "host_path": wanted.host_path,
        "readonly": wanted.readonly,
        "propagation": PROPAGATION[wanted.propagation],
        "recursive_read_only": wanted.recursive_read_only,
    }
    return made | ({"uidMappings": [_mapping(users)], "gidMappings": [_mapping(users)]} if users else {})


def resources(wanted: LinuxResources) -> Fields:
    """LinuxContainerResources; 0 and "" leave figures as they are there, too."""
    return {
        "cpu_period": wanted.cpu_period,
        "cpu_quota": wanted.cpu_quota,
        "cpu_shares": wanted.cpu_shares,
        "memory_limit_in_bytes": wanted.memory_limit,
        "oom_score_adj": wanted.oom_score_adj,
        "cpuset_cpus": wanted.cpuset_cpus,
        "cpuset_mems": wanted.cpuset_mems,
        "hugepage_limits": [{"page_size": size, "limit": limit} for size, limit in wanted.hugepage_limits.items()],
        "unified": wanted.unified,
    }


def security(wanted: SecurityContext) -> Fields:
    """LinuxContainerSecurityContext but for its namespaces."""
    made: Fields = {
        "privileged": wanted.privileged,
        "capabilities": {
            "add_capabilities": wanted.add_capabilities,
            "drop_capabilities": wanted.drop_capabilities,
        },
        "run_as_username": wanted.run_as_username,
        "readonly_rootfs": wanted.readonly_rootfs,
        "supplemental_groups": wanted.supplemental_groups,
        "supplemental_groups_policy": int(wanted.strict_supplemental_groups),
        "no_new_privs": wanted.no_new_privs,
        "masked_paths": MASKED if wanted.masked_paths is None else wanted.masked_paths,
        "readonly_paths": READONLY if wanted.readonly_paths is None else wanted.readonly_paths,
        "seccomp": _profile(wanted.seccomp),
        "apparmor": _profile(wanted.apparmor),
    }
    for name in ("run_as_user", "run_as_group"):
        if (value := getattr(wanted, name)) is not None:
            made[name] = {"value": value}
    return made


def _profile(wanted: SecurityProfile) -> Fields:
    return {"profile_type": PROFILES[wanted.type], "localhost_ref": wanted.localhost_ref}


def _mapping(ids: IDRange) -> Fields:
    return {"host_id": ids.first, "container_id": 0, "length": ids.length}
