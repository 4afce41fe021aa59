"""Pods and containers as the runtime wants to be told of them. Pure: all that has to be fetched is passed in."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from podo.api.types.core_v1 import Container, Pod
from podo.network.base import PortMapping
from podo.node.images.base import Image
from podo.node.resources.limits import cgroup_parent, container_resources
from podo.node.runtime.config import (
    ContainerConfig,
    Device,
    DNSConfig,
    IDRange,
    Mount,
    NamespaceMode,
    NamespaceOptions,
    SandboxConfig,
)
from podo.node.worker import hosts
from podo.node.worker.actions import StartContainer
from podo.node.worker.environment import expand_all
from podo.node.worker.facts import NodeFacts
from podo.node.worker.labels import CONTAINER_NAME, IMAGE, IMAGE_REF, POD_NAME, POD_NAMESPACE, POD_UID, TERMINATION_PATH
from podo.node.worker.security import security

TERMINATION_LOG = "/dev/termination-log"
HOSTS = "/etc/hosts"


def pod_labels(pod: Pod) -> dict[str, str]:
    """The labels by which others find a Pod's sandbox and containers."""
    meta = pod.metadata
    return {POD_NAME: meta.name, POD_NAMESPACE: meta.namespace, POD_UID: meta.uid}


def sandbox_config(
    pod: Pod, attempt: int, facts: NodeFacts, dns: DNSConfig, *, handler: str = "", users: IDRange | None = None
) -> SandboxConfig:
    """The Pod's sandbox. `handler` is its RuntimeClass's; `users` are those of its own user namespace."""
    meta, spec = pod.metadata, pod.spec
    context = spec.security_context
    return SandboxConfig(
        name=meta.name,
        namespace=meta.namespace,
        uid=meta.uid,
        attempt=attempt,
        hostname="" if spec.host_network else hosts.kernel_hostname(pod, facts.cluster_domain),
        labels=meta.labels | pod_labels(pod),
        annotations=dict(meta.annotations),
        log_directory=str(facts.log_folder(meta.namespace, meta.name, meta.uid)),
        cgroup_parent=cgroup_parent(facts.cgroup_root, pod),
        namespaces=replace(_namespaces(pod), users=users),
        dns=dns,
        port_mappings=port_mappings(pod),
        sysctls={s.name: s.value for s in context.sysctls} if context else {},
        runtime_handler=handler,
    )


def _namespaces(pod: Pod) -> NamespaceOptions:
    spec, node = pod.spec, NamespaceMode.NODE
    pid = NamespaceMode.POD if spec.share_process_namespace else NamespaceMode.CONTAINER
    return NamespaceOptions(
        network=node if spec.host_network else NamespaceMode.POD,
        pid=node if spec.host_pid else pid,
        ipc=node if spec.host_ipc else NamespaceMode.POD,
    )


def port_mappings(pod: Pod) -> tuple[PortMapping, ...]:
    """The Pod's hostPorts; with the node's network they are its ports anyway."""
    if pod.spec.host_network:
        return ()
    return tuple(
        PortMapping(
            container_port=port.container_port or 0,
            host_port=port.host_port,
            protocol=port.protocol or "TCP",
            host_ip=port.host_ip,
        )
        for container in (*pod.spec.init_containers, *pod.spec.containers)
        for port in container.ports
        if port.host_port
    )


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What a container's configuration needs and only the node can give."""

    image: Image
    environment: tuple[tuple[str, str], ...]
    mounts: tuple[Mount, ...] = ()
    devices: tuple[Device, ...] = ()
    cdi_devices: tuple[str, ...] = ()
    annotations: dict[str, str] = field(default_factory=dict)  # of device plug-ins, for the runtime


def container_config(pod: Pod, start: StartContainer, fetched: Fetched, facts: NodeFacts) -> ContainerConfig:
    """One container. Raises ConfigurationError."""
    container, image = start.container, fetched.image
    lifecycle = container.lifecycle
    known = fetched.environment
    return ContainerConfig(
        name=container.name,
        image=image.id,
        attempt=start.attempt,
        image_name=container.image,
        command=expand_all(container.command, known),
        args=expand_all(container.args, known),
        working_dir=container.working_dir,
        env=known,
        mounts=fetched.mounts,
        devices=fetched.devices,
        cdi_devices=fetched.cdi_devices,
        labels=pod_labels(pod) | {CONTAINER_NAME: container.name},
        annotations=fetched.annotations
        | {
            IMAGE: shown_name(image, container.image),
            IMAGE_REF: shown_ref(image),
            TERMINATION_PATH: container.termination_message_path or TERMINATION_LOG,
        },
        log_path=f"{container.name}/{start.attempt}.log",
        stdin=bool(container.stdin),
        stdin_once=bool(container.stdin_once),
        tty=bool(container.tty),
        pid_of=start.target_id if _namespaces(pod).pid is NamespaceMode.CONTAINER else "",
        resources=container_resources(pod, container, memory_capacity=facts.memory_capacity),
        security=security(pod, container, image.config, facts),
        stop_signal=lifecycle.stop_signal if lifecycle else "",
    )


def shown_name(image: Image, wanted: str) -> str:
    """The image's name in a status: a tag of it that means what the user wrote."""
    short = wanted.partition("@")[0]
    matching = [t for t in image.tags if t.endswith(f"/{short}") or t in (short, f"{short}:latest")]
    matching += [t for t in image.tags if t.endswith(f"/{short}:latest")]
    return next(iter(matching), wanted)


def shown_ref(image: Image) -> str:
    """The image's repository and digest, or its id if it never had one."""
    return image.digests[0] if image.digests else image.id


def has_mount(container: Container, mounts: Sequence[Mount], path: str) -> bool:
    """Whether the container itself decides what is at `path`."""
    return any(m.container_path == path for m in mounts) or any(m.mount_path == path for m in container.volume_mounts)
