"""Applying what brings a Pod down: hooks, signals, sandboxes, and the last word to the API."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from podo.api.errors import APIError, Conflict, NotFound
from podo.api.types.core_v1 import Container, Pod
from podo.client.backoff import Backoff
from podo.client.base import DeleteOptions, key_of
from podo.node.probes.checks import CheckFailed, Target
from podo.node.resources.limits import cgroup_parent
from podo.node.worker.actions import KillContainer
from podo.node.worker.hooks import run_hook
from podo.node.worker.parts import Parts
from podo.node.worker.pod_files import PodFiles
from podo.node.worker.restart_policy import as_container
from podo.node.worker.state import ObservedPod, all_containers
from podo.node.worker.time_limit import limited

LEAST_GRACE = 2.0  # seconds that a container always gets between SIGTERM and SIGKILL
RETRY = Backoff(base=0.2, cap=10.0)
Ended = Callable[[Iterable[str]], Awaitable[None]]
"""Returns once none of the named containers runs."""


async def kill_container(
    pod: Pod, action: KillContainer, address: str, parts: Parts, ended: Ended, *, hooks: bool = True
) -> None:
    """Bring one container to its end within its grace period."""
    clock, container = parts.clock, container_named(pod, action.name)
    parts.events.container_normal(pod, container, "Killing", action.message or f"Stopping container {action.name}")
    began, grace = clock.monotonic(), float(action.grace)
    async with asyncio.TaskGroup() as before:
        if action.withdrawn_first:
            before.create_task(_withdrawn(pod, min(grace, parts.facts.drain_limit), parts))
        if hooks and grace > 0:
            before.create_task(_pre_stop(pod, container, action, address, parts))
    left = grace - (clock.monotonic() - began)
    if action.after and left > 0:
        await limited(clock, _wait_for(ended, action.after), left)
        left = grace - (clock.monotonic() - began)
    await parts.runtime.stop_container(action.container_id, max(left, LEAST_GRACE))


async def _wait_for(ended: Ended, names: Iterable[str]) -> None:
    await ended(names)


async def _withdrawn(pod: Pod, limit: float, parts: Parts) -> None:
    async def drained() -> None:
        await parts.drained(pod)

    if limit > 0:
        await limited(parts.clock, drained(), limit)


async def _pre_stop(pod: Pod, container: Container, action: KillContainer, address: str, parts: Parts) -> None:
    hook = container.lifecycle.pre_stop if container.lifecycle else None
    if hook is None:
        return
    target = Target(container, action.container_id, address)
    try:
        await limited(parts.clock, run_hook(hook, target, parts.checks, parts.clock), float(action.grace))
    except CheckFailed:
        parts.events.container_warning(pod, container, "FailedPreStopHook", "PreStopHook failed")


def container_named(pod: Pod, name: str) -> Container:
    """The container of the Pod, of whichever sort; one that is not in its spec any more has no settings."""
    for container in all_containers(pod.spec):
        if container.name == name:
            return container
    for ephemeral in pod.spec.ephemeral_containers:
        if ephemeral.name == name:
            return as_container(ephemeral)
    return Container(name=name)


async def confirm_deletion(pod: Pod, parts: Parts) -> None:
    """Tell the API that nothing of the Pod runs any more, until it knows."""
    options = DeleteOptions(grace_period_seconds=0, uid=pod.metadata.uid)
    failures = 0
    while True:
        try:
            await parts.client.delete(Pod, key_of(pod), options)
        except (NotFound, Conflict):
            return  # gone already, or another Pod of the same name
        except APIError:
            failures += 1
            await parts.clock.sleep(RETRY.delay(failures))
        else:
            return


async def remove_traces(pod: Pod, observed: ObservedPod, parts: Parts) -> None:
    """Remove what is left of a Pod that is gone: sandboxes, cgroup, folders, logs."""
    for sandbox in observed.sandboxes:
        await parts.runtime.remove_pod_sandbox(sandbox.id)
    await parts.cgroups.remove(cgroup_parent(parts.facts.cgroup_root, pod))
    await asyncio.to_thread(PodFiles(parts.facts, pod.metadata.uid).remove, pod)
    await asyncio.to_thread(parts.ids.sweep)
