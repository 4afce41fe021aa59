"""What a runtime answers, in our words. Pure."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from podo.node.runtime.config import ContainerConfig, NamespaceMode, SandboxConfig
from podo.node.runtime.observed import (
    ContainerState,
    ContainerStats,
    CPUStats,
    FilesystemStats,
    MemoryStats,
    ObservedContainer,
    ObservedSandbox,
    SandboxState,
)

STATES = (ContainerState.CREATED, ContainerState.RUNNING, ContainerState.EXITED, ContainerState.UNKNOWN)
READY = 0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(nanoseconds: int) -> datetime | None:
    """A time of CRI; None if it has none (0)."""
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000) if nanoseconds > 0 else None


def sandbox(status: Any, config: SandboxConfig) -> ObservedSandbox:
    """A PodSandboxStatus."""
    network = status.network
    ips = (network.ip, *(each.ip for each in network.additional_ips))
    host = config.namespaces.network is NamespaceMode.NODE
    return ObservedSandbox(
        id=status.id,
        name=config.name,
        namespace=config.namespace,
        uid=config.uid,
        attempt=config.attempt,
        state=SandboxState.READY if status.state == READY else SandboxState.NOT_READY,
        created_at=moment(status.created_at) or _EPOCH,
        ips=() if host else tuple(filter(None, ips)),
        host_network=host,
        labels=config.labels,
        annotations=config.annotations,
        runtime_handler=config.runtime_handler,
    )


def container(
    status: Any, config: ContainerConfig, *, sandbox: SandboxConfig, sandbox_id: str, pid: int = 0, runtime: str = "cri"
) -> ObservedContainer:
    """A ContainerStatus of the runtime of that name."""
    state = STATES[min(status.state, 3)]
    over = state in (ContainerState.EXITED, ContainerState.UNKNOWN)
    began, ended = moment(status.started_at), moment(status.finished_at) if over else None
    if began and ended and ended < began:  # containerd notes a start when its call is over: short lives end before
        began = ended
    directory = sandbox.log_directory
    user = status.user.linux if status.HasField("user") else None
    return ObservedContainer(
        id=status.id,
        sandbox_id=sandbox_id,
        pod_uid=sandbox.uid,
        name=config.name,
        attempt=config.attempt,
        state=ContainerState.EXITED if over else state,
        created_at=moment(status.created_at) or _EPOCH,
        image=config.image_name,
        image_id=config.image,
        started_at=began,
        finished_at=ended,
        exit_code=_exit_code(status, known=state is ContainerState.EXITED) if over else None,
        reason=_reason(status) if over else "",
        message=status.message if over else "",
        log_path=f"{directory}/{config.log_path}" if directory and config.log_path else "",
        pid=0 if over else pid,
        user=(user.uid, user.gid, tuple(user.supplemental_groups)) if user else None,
        resources=config.resources,
        labels=config.labels,
        annotations=config.annotations,
        runtime=runtime,
    )


def pid(info: Mapping[str, str]) -> int:
    """The first process of a container, from its verbose status; 0 if the runtime does not tell."""
    try:
        return int(json.loads(info.get("info", "{}")).get("pid") or 0)
    except (ValueError, AttributeError):
        return 0


def netns(info: Mapping[str, str]) -> str:
    """The path of a sandbox's network namespace, from its verbose status; "" if the runtime does not tell."""
    try:
        spec = json.loads(info.get("info", "{}")).get("runtimeSpec") or {}
        kept = spec["linux"]["namespaces"]
        return next((each.get("path", "") for each in kept if each["type"] == "network"), "")
    except (ValueError, AttributeError, KeyError, TypeError):
        return ""


def stats(found: Any, at: datetime, started: datetime | None) -> ContainerStats:
    """A ContainerStats of a running container."""
    cpu, memory, disk = found.cpu, found.memory, found.writable_layer
    working = memory.working_set_bytes.value
    return ContainerStats(
        container_id=found.attributes.id,
        name=found.attributes.metadata.name,
        attempt=found.attributes.metadata.attempt,
        started_at=started,
        cpu=CPUStats(at=moment(cpu.timestamp) or at, usage_ns=cpu.usage_core_nano_seconds.value)
        if found.HasField("cpu")
        else None,
        memory=MemoryStats(
            at=moment(memory.timestamp) or at,
            usage=memory.usage_bytes.value or working,
            working_set=working,
            rss=memory.rss_bytes.value,
            page_faults=memory.page_faults.value,
            major_page_faults=memory.major_page_faults.value,
        )
        if found.HasField("memory")
        else None,
        writable_layer=FilesystemStats(
            at=moment(disk.timestamp) or at, used_bytes=disk.used_bytes.value, inodes_used=disk.inodes_used.value
        )
        if found.HasField("writable_layer")
        else None,
    )


def _exit_code(status: Any, *, known: bool) -> int:
    return int(status.exit_code) if known or status.exit_code else 255


def _reason(status: Any) -> str:
    return status.reason or ("Error" if status.exit_code else "Completed")
