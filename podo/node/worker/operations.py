"""The operations of one Pod that are under way: each action becomes a task, its outcome the loop's memory."""

import asyncio
import logging
from collections.abc import Coroutine
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from podo.node.cgroups.base import CgroupFailure
from podo.node.claims.drivers import ClaimFailure
from podo.node.probes.checks import CheckFailed, Target
from podo.node.runtime.base import RuntimeFailure
from podo.node.volumes.base import VolumeFailure
from podo.node.worker import actions as do
from podo.node.worker.backoff import Backoff, grown
from podo.node.worker.hooks import run_hook
from podo.node.worker.parts import Parts
from podo.node.worker.pod_files import PodFiles
from podo.node.worker.pulling import NoImage, ensure_image
from podo.node.worker.resizing import fit_group, update_container, widen_group
from podo.node.worker.starting import StepFailed, run_sandbox, start_container
from podo.node.worker.state import Failure, Waiting
from podo.node.worker.stopping import kill_container

if TYPE_CHECKING:
    from podo.node.worker.loop import PodWorker

log = logging.getLogger(__name__)
FIRST_RETRY, LAST_RETRY = timedelta(seconds=0.05), timedelta(seconds=10)
PULL_FAILURE_SHOWN = timedelta(seconds=3)  # then the status says ImagePullBackOff
RELEASE_AGAIN = 2.0  # seconds until a volume is tried again that could not be taken away


class Operations:
    """Begins operations in a task group; when one ends, the worker looks again."""

    def __init__(self, worker: "PodWorker", parts: Parts, tasks: asyncio.TaskGroup) -> None:
        self._worker, self._parts, self._tasks = worker, parts, tasks
        self._running: dict[str, asyncio.Task[None]] = {}

    def keys(self) -> frozenset[str]:
        """What is under way."""
        return frozenset(self._running)

    def begin(self, action: do.Action) -> None:
        """Begin what a decision asks for. A kill that is under way already is hurried."""
        if isinstance(action, do.Cancel):
            self._cancel(action.operation)
        elif isinstance(action, do.KillContainer):
            hurried = self._cancel(action.key)
            self._worker.kills[action.container_id] = action.grace
            self.spawn(action.key, self._kill(action, hooks=not hurried))
        elif action.key not in self._running:
            self.spawn(action.key, self._apply(action))

    def spawn(self, key: str, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` as the operation `key`."""
        task = self._tasks.create_task(self._run(key, work), name=f"{self._worker.pod.metadata.name} {key}")
        self._running[key] = task

    def cancel_all(self) -> None:
        """Give up whatever is under way."""
        for key in list(self._running):
            self._cancel(key)

    def _cancel(self, key: str) -> bool:
        task = self._running.pop(key, None)
        if task is not None:
            task.cancel()
        return task is not None

    async def _run(self, key: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # the worker's loop: a step that fails must not end it
            log.exception("%s: %s", self._worker.pod.metadata.name, key)
            self._fail(key, Waiting("CreateContainerError" if key.startswith("start:") else "", str(error)))
        finally:
            if self._running.get(key) is asyncio.current_task():
                del self._running[key]
            self._worker.poke()

    async def _apply(self, action: do.Action) -> None:
        runtime = self._parts.runtime
        match action:
            case do.MountVolumes():
                await self._mount()
            case do.RunSandbox():
                await self._sandbox(action)
            case do.PullImage():
                await self._pull(action)
            case do.StartContainer():
                await self._start(action)
            case do.ResizeContainer() | do.ResizePod():
                await self._resize(action)
            case do.RemoveContainer():
                await self._remove(action)
            case do.StopSandbox():
                await self._attempt(action.key, runtime.stop_pod_sandbox(action.sandbox_id))
            case do.RemoveSandbox():
                await self._attempt(action.key, runtime.remove_pod_sandbox(action.sandbox_id))
            case do.ReleaseVolumes():
                await self._release()
            case _:
                raise AssertionError(f"no operation: {action}")

    async def _attempt(self, key: str, work: Coroutine[Any, Any, None]) -> None:
        """A step of the way down: told, then tried again."""
        try:
            await work
        except RuntimeFailure as error:
            log.warning("%s: %s: %s", self._worker.pod.metadata.name, key, error)
            await self._parts.clock.sleep(1)

    async def _mount(self) -> None:
        worker, begun, status = self._worker, self._parts.clock.monotonic(), "success"
        try:
            await self._parts.volumes.mount(worker.pod)
        except VolumeFailure as error:
            status = "fail-unknown"
            self._parts.events.warning(worker.pod, "FailedMount", str(error))
            self._fail("volumes", Waiting(""))
        else:
            worker.failures.pop("volumes", None)
            worker.volumes_mounted = True
        labels = {"operation_name": "volume_mount", "status": status, "volume_plugin": "", "migrated": "false"}
        self._parts.measures.observe(
            "storage_operation_duration_seconds", self._parts.clock.monotonic() - begun, **labels
        )

    async def _release(self) -> None:
        worker = self._worker
        try:
            await self._parts.claims.unprepare(worker.pod.metadata.uid)
            await self._parts.volumes.release(worker.pod.metadata.uid)
        except ClaimFailure as error:
            log.warning("%s: unprepare dynamic resources: %s", worker.pod.metadata.name, error)
            await self._parts.clock.sleep(RELEASE_AGAIN)
        except VolumeFailure as error:
            self._parts.events.warning(worker.pod, "FailedUnMount", str(error))
            await self._parts.clock.sleep(RELEASE_AGAIN)
        else:
            worker.volumes_mounted, worker.volumes_released = False, True

    async def _sandbox(self, action: do.RunSandbox) -> None:
        try:
            await run_sandbox(self._worker.pod, action, self._parts)
        except StepFailed as error:
            self._fail("sandbox", Waiting(error.reason, str(error)))
        else:
            self._worker.failures.pop("sandbox", None)

    async def _pull(self, action: do.PullImage) -> None:
        worker, name, now = self._worker, action.container.name, self._parts.clock.now
        try:
            worker.images[name] = await ensure_image(worker.pod, action.container, self._parts)
            worker.failures.pop(action.key, None)
        except NoImage as error:
            before, failed = worker.failures.get(action.key), now()
            backoff = grown(before.backoff if before else None, failed, failed)
            image = action.container.image
            later = Waiting("ImagePullBackOff", f'Back-off pulling image "{image}": {error.reason}: {error}')
            worker.failures[action.key] = Failure(
                Waiting(error.reason, str(error)),
                failed + backoff.delay,
                backoff,
                later if error.backs_off else None,
                failed + PULL_FAILURE_SHOWN,
            )
            if error.backs_off:
                events = self._parts.events
                events.container_normal(worker.pod, action.container, "BackOff", f'Back-off pulling image "{image}"')
                events.container_warning(worker.pod, action.container, "Failed", "Error: ImagePullBackOff")

    async def _start(self, action: do.StartContainer) -> None:
        worker, name, clock = self._worker, action.container.name, self._parts.clock
        if action.again and (last := worker.observed.latest(name)):
            ended = last.finished_at or last.created_at
            worker.crashes[name] = grown(worker.crashes.get(name), ended, clock.now())
        image = worker.images.pop(name)
        ips = worker.observed.sandbox.ips if worker.observed.sandbox else ()
        hook = action.container.lifecycle.post_start if action.container.lifecycle else None
        if hook:
            worker.hooks.add(name)  # before it runs, so that nobody takes it for ready meanwhile
        try:
            if worker.resizing.stale:
                await widen_group(worker.pod, worker.actual_spec(), self._parts)
            container_id = await start_container(worker.pod, action, image, ips, self._parts)
        except StepFailed as error:
            worker.hooks.discard(name)
            self._fail(action.key, Waiting(error.reason, str(error)))
            return
        worker.failures.pop(action.key, None)
        worker.resizing.has(container_id, action.container, worker.pod.spec)
        if hook:
            self.spawn(f"hook:{name}", self._post_start(action, container_id))

    async def _post_start(self, action: do.StartContainer, container_id: str) -> None:
        worker, container = self._worker, action.container
        try:
            if container.lifecycle and container.lifecycle.post_start:
                target = Target(container, container_id, worker.address())
                await run_hook(container.lifecycle.post_start, target, self._parts.checks, self._parts.clock)
        except CheckFailed as error:
            self._parts.events.container_warning(worker.pod, container, "FailedPostStartHook", "PostStartHook failed")
            grace = worker.pod.spec.termination_grace_period_seconds
            message = f"FailedPostStartHook: {error}"
            kill = do.KillContainer(container_id, container.name, 30 if grace is None else grace, message=message)
            self.begin(kill)
        finally:
            worker.hooks.discard(container.name)

    async def _kill(self, action: do.KillContainer, *, hooks: bool) -> None:
        worker = self._worker
        if action.restart:
            worker.to_restart.add(action.container_id)
        try:
            await kill_container(worker.pod, action, worker.address(), self._parts, worker.ended_all, hooks=hooks)
        except RuntimeFailure as error:
            log.warning("%s: %s: %s", worker.pod.metadata.name, action.key, error)
            await self._parts.clock.sleep(1)
        finally:
            if self._running.get(action.key) is asyncio.current_task():
                worker.kills.pop(action.container_id, None)

    async def _resize(self, action: do.ResizeContainer | do.ResizePod) -> None:
        worker, pod = self._worker, self._worker.pod
        try:
            if isinstance(action, do.ResizePod):
                await fit_group(pod, worker.actual_spec(), self._parts)
                worker.resizing.fitted(pod.spec, last=pod is worker.pod)
            else:
                await widen_group(pod, worker.actual_spec(), self._parts)
                await update_container(pod, action.container, action.container_id, self._parts)
                worker.resizing.has(action.container_id, action.container, pod.spec)
        except (RuntimeFailure, CgroupFailure) as error:
            self._fail(action.key, Waiting("", str(error)))
        else:
            worker.failures.pop(action.key, None)

    async def _remove(self, action: do.RemoveContainer) -> None:
        worker = self._worker
        gone = next((c for c in worker.observed.containers if c.id == action.container_id), None)
        if gone is not None:  # first: as soon as it is removed, its name and attempt may be used again
            PodFiles(self._parts.facts, worker.pod.metadata.uid).forget_attempt(gone)
        await self._attempt(action.key, self._parts.runtime.remove_container(action.container_id))
        worker.to_restart.discard(action.container_id)

    def _fail(self, key: str, waiting: Waiting) -> None:
        """Try again later: soon at first, then ever more seldom."""
        before, now = self._worker.failures.get(key), self._parts.clock.now()
        delay = min(before.backoff.delay * 2, LAST_RETRY) if before and before.backoff else FIRST_RETRY
        self._worker.failures[key] = Failure(waiting, now + delay, Backoff(delay, now))
