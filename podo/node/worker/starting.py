"""Applying what brings a Pod up: its sandbox and its containers."""

import asyncio

from podo.api.errors import APIError
from podo.api.types.core_v1 import ConfigMap, Container, Pod, Secret
from podo.api.types.node_v1 import RuntimeClass
from podo.client.base import Key, find
from podo.network.base import NetworkFailure
from podo.node.claims.drivers import ClaimFailure
from podo.node.devices.plugins import DeviceFailure
from podo.node.id_ranges import NoRangeLeft
from podo.node.images.base import Image
from podo.node.resources.limits import cgroup_parent, pod_resources
from podo.node.runtime.base import RuntimeFailure, StartFailed
from podo.node.runtime.config import IDRange
from podo.node.volumes.base import MountFailure
from podo.node.worker import dns
from podo.node.worker.actions import RunSandbox, StartContainer
from podo.node.worker.configs import Fetched, container_config, sandbox_config
from podo.node.worker.environment import ConfigurationError, EnvironmentSources, environment, references
from podo.node.worker.fields import FieldContext, UnknownField
from podo.node.worker.parts import Parts
from podo.node.worker.pod_files import PodFiles

WRONG_WISHES = (ConfigurationError, ClaimFailure, DeviceFailure, MountFailure, UnknownField)


class StepFailed(Exception):
    """A step of a start did not work. `reason` is the waiting reason of the container."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


async def run_sandbox(pod: Pod, action: RunSandbox, parts: Parts) -> None:
    """Make the Pod's cgroup and sandbox. Raises StepFailed."""
    if action.replaces and action.attempt:
        message = "Pod sandbox changed, it will be killed and re-created."
        parts.events.normal(pod, "SandboxChanged", message)
    facts = parts.facts
    _count_pod(pod, parts, "total")
    try:
        await parts.claims.prepare(pod)
    except ClaimFailure as error:
        why = f"prepare dynamic resources: {error}"
        _count_pod(pod, parts, "errors_total")
        parts.events.warning(pod, "FailedPrepareDynamicResources", f"Failed to prepare dynamic resources: {why}")
        raise StepFailed("", why) from error
    try:
        for old in action.replaces:
            await parts.runtime.stop_pod_sandbox(old)
        await parts.cgroups.make(cgroup_parent(facts.cgroup_root, pod), pod_resources(pod.spec))
        handler, users = await _handler(pod, parts), await _users(pod, parts)
        resolver = dns.pod_dns(pod, dns.read(facts.resolv_conf), facts.cluster_dns, facts.cluster_domain)
        config = sandbox_config(pod, action.attempt, facts, resolver, handler=handler, users=users)
        await parts.runtime.run_pod_sandbox(config)
    except (RuntimeFailure, NetworkFailure, NoRangeLeft, OSError, APIError) as error:
        _count_pod(pod, parts, "errors_total")
        parts.events.warning(pod, "FailedCreatePodSandBox", f"Failed to create pod sandbox: {error}")
        raise StepFailed("", str(error)) from error


def _count_pod(pod: Pod, parts: Parts, what: str) -> None:
    parts.measures.count(f"kubelet_started_pods_{what}")
    if pod.spec.host_users is False:
        parts.measures.count(f"kubelet_started_user_namespaced_pods_{what}")


async def _users(pod: Pod, parts: Parts) -> IDRange | None:
    """Whom the node has for the users of the Pod's own namespace. Raises NoRangeLeft."""
    if pod.spec.host_users is not False:
        return None
    return await asyncio.to_thread(parts.ids.claim, parts.facts.places.pod(pod.metadata.uid))


async def _handler(pod: Pod, parts: Parts) -> str:
    name = pod.spec.runtime_class_name
    if not name:
        return ""
    found = await find(parts.client, RuntimeClass, Key("", name))
    if found is None:
        raise RuntimeFailure(f'failed to get sandbox runtime: RuntimeClass "{name}" not found')
    handlers = parts.facts.handlers
    if handlers is not None and found.handler not in handlers:
        raise RuntimeFailure(f'failed to get sandbox runtime: no runtime for "{found.handler}" is configured')
    return found.handler


async def start_container(pod: Pod, start: StartContainer, image: Image, ips: tuple[str, ...], parts: Parts) -> str:
    """Create and start a container; its id. Raises StepFailed."""
    kind = container_type(pod, start.container.name)
    parts.measures.count("kubelet_started_containers_total", container_type=kind)
    try:
        return await _start_container(pod, start, image, ips, parts)
    except StepFailed as error:
        parts.measures.count("kubelet_started_containers_errors_total", container_type=kind, code=error.reason)
        if pod.spec.host_users is False:
            parts.measures.count("kubelet_started_user_namespaced_pods_errors_total")
        raise


def container_type(pod: Pod, name: str) -> str:
    """Which kind of container of a Pod has this name, as metrics call it."""
    if any(c.name == name for c in pod.spec.init_containers):
        return "init_container"
    return "container" if any(c.name == name for c in pod.spec.containers) else "ephemeral_container"


async def _start_container(pod: Pod, start: StartContainer, image: Image, ips: tuple[str, ...], parts: Parts) -> str:
    container, events, runtime = start.container, parts.events, parts.runtime
    try:
        config = container_config(pod, start, await _fetch(pod, start, image, ips, parts), parts.facts)
    except (*WRONG_WISHES, APIError, TimeoutError, OSError) as error:
        events.container_warning(pod, container, "Failed", f"Error: {error}")
        raise StepFailed("CreateContainerConfigError", str(error)) from error
    try:
        container_id = await runtime.create_container(start.sandbox_id, config)
    except (RuntimeFailure, OSError) as error:
        events.container_warning(pod, container, "Failed", f"Error: {error}")
        raise StepFailed("CreateContainerError", str(error)) from error
    events.container_normal(pod, container, "Created", "Container created")
    try:
        await runtime.start_container(container_id)
    except (RuntimeFailure, OSError) as error:
        events.container_warning(pod, container, "Failed", f"Error: {error}")
        if not isinstance(error, StartFailed):
            await runtime.remove_container(container_id)
        raise StepFailed("RunContainerError", str(error)) from error
    events.container_normal(pod, container, "Started", "Container started")
    return container_id


async def _fetch(pod: Pod, start: StartContainer, image: Image, ips: tuple[str, ...], parts: Parts) -> Fetched:
    container, facts = start.container, parts.facts
    pod_ips = facts.host_ips if pod.spec.host_network else ips
    context = FieldContext(host_ips=facts.host_ips, pod_ips=pod_ips, allocatable=facts.allocatable)
    given = await parts.devices.granted(pod, container)
    variables = environment(pod, container, await _sources(pod, container, parts), context)
    files = PodFiles(facts, pod.metadata.uid)
    mounts, devices = await parts.volumes.mounts(pod, container, variables)
    mounts += files.mounts(pod, container, start.attempt, pod_ips)
    return Fetched(
        image=image,
        environment=tuple((given.env | dict(variables)).items()),
        mounts=mounts
        + tuple(m for m in given.mounts if m.container_path not in {own.container_path for own in mounts}),
        devices=devices + given.devices,
        annotations=given.annotations,
        cdi_devices=given.cdi + parts.claims.devices(pod, container),
    )


async def _sources(pod: Pod, container: Container, parts: Parts) -> EnvironmentSources:
    namespace, uid = pod.metadata.namespace, pod.metadata.uid
    config_maps, secrets = references(container)
    return EnvironmentSources(
        {name: await parts.references.get(ConfigMap, namespace, name, uid=uid) for name in config_maps},
        {name: await parts.references.get(Secret, namespace, name, uid=uid) for name in secrets},
        tuple(parts.services()),
        {v.name: parts.facts.places.volume(uid, v.name) for v in pod.spec.volumes if v.empty_dir},
    )
