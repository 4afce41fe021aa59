"""The life of containers: from a root file system to an exit code, and what is written down of them."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from podo.clock import Clock
from podo.node.cgroups.base import CgroupFailure, Cgroups
from podo.node.finishing import in_thread, to_its_end
from podo.node.runtime import conmon, log_place
from podo.node.runtime.base import NoSuchContainer, RuntimeFailure, StartFailed, WrongState
from podo.node.runtime.broadcast import EventBroadcast
from podo.node.runtime.bundles import PID_NAMESPACE, Bundles
from podo.node.runtime.config import ContainerConfig, LinuxResources, NamespaceMode
from podo.node.runtime.conmon import ConmonConfig
from podo.node.runtime.namespaces import bind_namespace
from podo.node.runtime.observed import ContainerEvent, ContainerEventType, ContainerState, ObservedContainer
from podo.node.runtime.processes import Process, identify, is_alive, send_signal, signal_number
from podo.node.runtime.records import ContainerRecord, boot_id, read_records, write_record
from podo.node.runtime.sandboxes import SandboxLife, new_id
from podo.node.runtime.strays import strays

GROUP_TRIES, GROUP_PAUSE = 25, 0.02  # seconds between
log = logging.getLogger(__name__)
CREATED, RUNNING, EXITED = ContainerState.CREATED, ContainerState.RUNNING, ContainerState.EXITED
UNKNOWN_EXIT = 255  # nobody saw it end
KILLED = 128 + signal.SIGKILL
DEATH = 30.0  # seconds that a killed container may take to be gone
LATE_DEATH = 5.0  # of these, seconds that a new agent's start waits for those that the last one was killing


@dataclass
class Container:
    """A container's changing side. `exited` is set once it has an exit code; `lock` is held to start or remove it."""

    record: ContainerRecord
    pod_uid: str
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    exited: asyncio.Event = field(default_factory=asyncio.Event)
    seen: ObservedContainer | None = None  # of this record

    @property
    def state(self) -> ContainerState:
        """Only what is written down decides."""
        if self.record.exit_code is not None:
            return EXITED
        return RUNNING if self.record.started_at else CREATED

    @property
    def process(self) -> Process:
        """Its first process."""
        return Process(self.record.pid, self.record.pid_started)


class ContainerLife:
    """Creates, starts, stops and removes containers; `look` and the death of a conmon tell it of their ends."""

    def __init__(
        self,
        sandboxes: SandboxLife,
        bundles: Bundles,
        config: ConmonConfig,
        *,
        cgroups: Cgroups,
        clock: Clock,
        ids: Callable[[], str] = new_id,
    ) -> None:
        self._sandboxes, self._bundles, self._config = sandboxes, bundles, config
        self._cgroups, self._clock, self._new_id = cgroups, clock, ids
        self._boot, self._slots = boot_id(), asyncio.Semaphore(2 * (os.cpu_count() or 1))
        self._watched: dict[str, int] = {}  # container → pidfd of its conmon
        self.all: dict[str, Container] = {}
        self.events = EventBroadcast()

    def get(self, container_id: str) -> Container:
        """Raises NoSuchContainer."""
        if container := self.all.get(container_id):
            return container
        raise NoSuchContainer(f"no container {container_id}")

    def of(self, sandbox_id: str) -> list[Container]:
        """The containers of a sandbox."""
        return [c for c in self.all.values() if c.record.sandbox_id == sandbox_id]

    async def recover(self) -> None:
        """Find the containers again: what ended meanwhile has ended, what runs is watched."""
        records, leftovers = read_records(self._bundles.path(""), ContainerRecord)
        running = {r.id for r in records if r.started_at and r.exit_code is None and r.boot == self._boot}
        for stray in strays(self._config.engine, running):
            send_signal(stray, signal.SIGKILL)
        for folder in leftovers:
            await self._bundles.drop(folder.name)
        for known in self._config.engine.known() - {record.id for record in records}:
            self._config.engine.forget(known)
        doomed = []
        for record in records:
            sandbox = self._sandboxes.records.get(record.sandbox_id)
            container = Container(record, sandbox.config.uid if sandbox else "")
            self.all[record.id] = container
            if sandbox is None:
                await self.remove(record.id)
            elif container.state is EXITED:
                container.exited.set()
            elif container.state is CREATED:
                self._abort(container)
            else:
                self._recover_running(container)
                doomed += [container] if record.doomed and container.state is RUNNING else []
        await self._finish_off(doomed)

    async def _remove_group(self, ended: Container) -> None:
        """Processes that die hold their group until the kernel is done with them, some milliseconds as a rule."""
        for _ in range(GROUP_TRIES):
            if self._cgroups.remove(ended.record.cgroup):
                return
            await self._clock.sleep(GROUP_PAUSE)

    def close(self) -> None:
        """Let go of what is watched; all goes on running."""
        for container_id in list(self._watched):
            self._unwatch(container_id)

    async def create(self, sandbox_id: str, config: ContainerConfig) -> str:
        """Raises NoSuchSandbox, WrongState, RuntimeFailure; then nothing is left of it."""
        sandbox = self._sandboxes.get(sandbox_id)
        if not sandbox.ready:
            raise WrongState(f"sandbox {sandbox_id} is not ready")
        for ended in self.of(sandbox_id):
            if ended.state is EXITED:
                await self._remove_group(ended)
        log_path = f"{sandbox.config.log_directory}/{config.log_path}" if config.log_path else ""
        container_id = self._new_id()
        record = ContainerRecord(
            id=container_id,
            sandbox_id=sandbox_id,
            config=config,
            created_at=self._clock.now(),
            boot=self._boot,
            cgroup=f"{sandbox.config.cgroup_parent.strip('/')}/{container_id}",
            log_path=log_path if sandbox.config.log_directory else "",
        )
        folder = self._bundles.path(record.id)
        try:
            folder.mkdir(mode=0o711)
            write_record(folder, record)
            paths = self._sandboxes.paths(sandbox)
            if config.pid_of:
                kept = await in_thread(self._keep_pid_namespace, config.pid_of, folder / PID_NAMESPACE)
                paths = replace(paths, namespaces={**paths.namespaces, "pid": kept})
            prepared = await self._bundles.prepare(record.id, config, paths)
        except BaseException as error:
            await self._bundles.drop(record.id)
            if isinstance(error, OSError):
                raise RuntimeFailure(f"failed to create container {config.name!r}: {error}") from error
            raise
        user = (prepared.user.uid, prepared.user.gid, prepared.user.groups)
        container = Container(record, sandbox.config.uid)
        self.all[record.id] = container
        self._save(container, user=user, stop_signal=prepared.stop_signal)
        self._tell(container, ContainerEventType.CREATED)
        return record.id

    def _keep_pid_namespace(self, container_id: str, target: Path) -> str:
        """Bind the PID namespace of a container to `target`, a path that stays true when its pid is used again. Blocks.

        Raises WrongState if it does not run.
        """
        process = self.get(container_id).process
        if process.pid and is_alive(process):
            bind_namespace(f"/proc/{process.pid}/ns/pid", target)
        if not process.pid or not is_alive(process):
            raise WrongState(f"container {container_id} does not run: its processes cannot be shared")
        return str(target)

    async def start(self, container_id: str) -> None:
        """Raises StartFailed (the container has then exited), WrongState."""
        container = self.get(container_id)
        async with container.lock:
            if container.state is not CREATED:
                raise WrongState(f"container {container_id} is {container.state.value}, not created")
            if not self._sandboxes.get(container.record.sandbox_id).ready:
                raise WrongState(f"the sandbox of container {container_id} is not ready")
            try:
                async with self._slots:
                    started = await self._run(container)
            except StartFailed as error:
                self._abort(container)
                self._finish(container, 128, self._clock.now(), reason="StartError", message=str(error))
                raise
            except BaseException as error:
                self._abort(container)
                if isinstance(error, OSError):
                    raise RuntimeFailure(
                        f"failed to start container {container.record.config.name!r}: {error}"
                    ) from error
                raise
            self._save(container, started_at=started[0], pid=started[1].pid, pid_started=started[1].started)
        self._tell(container, ContainerEventType.STARTED)
        self._watch(container)
        self.look(container_id)

    async def stop(self, container_id: str, timeout: float) -> None:
        """Raises RuntimeFailure if even SIGKILL does not end it."""
        container = self.all.get(container_id)
        if container is None:
            return
        async with container.lock:  # a start under way comes first
            if container.state is CREATED:
                self._finish(container, KILLED, self._clock.now())
        if container.state is EXITED:
            return
        if timeout > 0:
            send_signal(container.process, signal_number(container.record.stop_signal))
            if await self._within(timeout, container.exited.wait()):
                return
        if not container.record.doomed:
            self._save(container, doomed=True)  # first: killed in between, the next agent must not take it for running
        self._kill(container)
        if not await self._within(DEATH, container.exited.wait()):
            raise RuntimeFailure(f"container {container_id} does not die (its processes hang in the kernel)")

    async def remove(self, container_id: str) -> None:
        """Killed first if it runs. May be repeated."""
        await self.stop(container_id, 0)
        container = self.all.get(container_id)
        if container is None:
            return
        async with container.lock:
            if self.all.pop(container_id, None) is None:
                return
            self._unwatch(container_id)
            self._config.engine.forget(container_id)
            self._cgroups.remove(container.record.cgroup)
            (self._config.exits / container_id).unlink(missing_ok=True)
            await self._bundles.drop(container_id)
        self._tell(container, ContainerEventType.DELETED)

    def update(self, container_id: str, resources: LinuxResources) -> None:
        """New limits, in place."""
        container = self.get(container_id)
        config = container.record.config
        merged = merge_resources(config.resources, resources)
        if container.state is CREATED:
            self._bundles.change_resources(container_id, merged)
        elif container.state is RUNNING:
            try:
                self._cgroups.apply(container.record.cgroup, resources)
            except CgroupFailure as error:
                raise RuntimeFailure(str(error)) from error
        else:
            raise WrongState(f"container {container_id} has exited")
        self._save(container, config=replace(config, resources=merged))

    def look(self, container_id: str) -> None:
        """Its exit file may be there (of all, if the id is "": events were lost)."""
        for container in [self.all.get(container_id)] if container_id else list(self.all.values()):
            if container and container.state is RUNNING and (ended := self._exit_file(container)):
                self._finish(container, *ended)

    async def wait(self, container_id: str) -> int:
        """Its exit code, once it has one."""
        container = self.get(container_id)
        await container.exited.wait()
        return container.record.exit_code if container.record.exit_code is not None else UNKNOWN_EXIT

    async def _run(self, container: Container) -> tuple[datetime, Process]:
        record, config = container.record, container.record.config
        log_file = Path(record.log_path or os.devnull)
        if record.log_path:
            await in_thread(log_place.prepare, log_file)
        bundle = self._bundles.path(record.id)
        creation = conmon.create(
            self._config,
            record.id,
            bundle,
            log=log_file,
            tty=config.tty,
            stdin=config.stdin,
            stdin_once=config.stdin_once,
        )
        pid = await to_its_end(creation)  # cut off half-way, the engine would go on by itself
        started = self._clock.now()
        process = identify(pid) or Process(pid, 0)
        await self._config.engine.release(record.id, pid)
        return started, process

    def _recover_running(self, container: Container) -> None:
        if ended := self._exit_file(container):
            self._finish(container, *ended)
        elif container.record.boot == self._boot and self._conmon(container):
            self._watch(container)
        else:
            self._conmon_gone(container)

    async def _finish_off(self, doomed: list[Container]) -> None:
        """See those to their end that the last agent was killing: nobody is to find them half dead."""
        for container in doomed:
            self._kill(container)
        async with asyncio.TaskGroup() as tasks:
            for container in doomed:
                tasks.create_task(self._within(LATE_DEATH, container.exited.wait()))

    def _watch(self, container: Container) -> None:
        """Be told when its conmon dies, which it should only do once it has written the exit file."""
        process = self._conmon(container)
        if process is None:
            self._conmon_gone(container)
            return
        try:
            fd = self._watched[container.record.id] = os.pidfd_open(process.pid)
        except ProcessLookupError:
            self._conmon_gone(container)
            return
        asyncio.get_running_loop().add_reader(fd, self._conmon_gone, container)

    def _unwatch(self, container_id: str) -> None:
        fd = self._watched.pop(container_id, None)
        if fd is not None:
            asyncio.get_running_loop().remove_reader(fd)
            os.close(fd)

    def _conmon_gone(self, container: Container) -> None:
        """Without conmon a container has no log and no end that anybody would see: it is ended, and said to be."""
        self._unwatch(container.record.id)
        self.look(container.record.id)
        if container.state is RUNNING:
            died = is_alive(container.process) and container.record.boot == self._boot
            self._kill(container)
            code = KILLED if died else UNKNOWN_EXIT
            why = "its monitor (conmon) died" if died else "it ended while nobody watched"
            self._finish(container, code, self._clock.now(), reason="Error" if died else "Unknown", message=why)

    def _kill(self, container: Container) -> None:
        send_signal(container.process, signal.SIGKILL)
        self._cgroups.kill(container.record.cgroup)

    def _abort(self, container: Container) -> None:
        """What a start that failed, or that nobody finished, may have left: conmon first, it would write an end."""
        if process := self._conmon(container):
            send_signal(process, signal.SIGKILL)
        self._cgroups.kill(container.record.cgroup)
        self._config.engine.forget(container.record.id)
        self._cgroups.remove(container.record.cgroup)
        for name in (conmon.PIDFILE, conmon.CONMON_PIDFILE, conmon.EXIT, conmon.OOM):
            (self._bundles.path(container.record.id) / name).unlink(missing_ok=True)
        (self._config.exits / container.record.id).unlink(missing_ok=True)

    def _conmon(self, container: Container) -> Process | None:
        """The conmon of this container, by its pidfile; its command line must name the container."""
        try:
            pid = int((self._bundles.path(container.record.id) / conmon.CONMON_PIDFILE).read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return identify(pid) if container.record.id.encode() in command else None

    def _exit_file(self, container: Container) -> tuple[int, datetime] | None:
        file = self._bundles.path(container.record.id) / conmon.EXIT
        try:
            code, written = int(file.read_text()), file.stat().st_mtime
        except (FileNotFoundError, ValueError):
            return None
        at = datetime.fromtimestamp(written, UTC)
        return code, max(at, container.record.started_at or at)

    def _finish(self, container: Container, code: int, at: datetime, *, reason: str = "", message: str = "") -> None:
        if not reason:
            reason = "OOMKilled" if code and self._was_out_of_memory(container) else "Error" if code else "Completed"
        self._save(container, exit_code=code, finished_at=at, reason=reason, message=message, pid=0, pid_started=0)
        sandbox = self._sandboxes.records.get(container.record.sandbox_id)
        config = container.record.config
        if config.pid_of or (sandbox and sandbox.config.namespaces.pid is not NamespaceMode.CONTAINER):
            self._cgroups.kill(container.record.cgroup)  # no PID namespace of its own has ended with it
        self._cgroups.remove(container.record.cgroup)  # its limits would stand in the way of the Pod's smaller ones
        container.exited.set()
        self._tell(container, ContainerEventType.STOPPED)

    def _was_out_of_memory(self, container: Container) -> bool:
        """The group's own count decides: with cgroup v1 conmon also hears of want in the groups above."""
        if (kills := self._cgroups.oom_kills(container.record.cgroup)) is not None:
            return kills > 0
        return (self._bundles.path(container.record.id) / conmon.OOM).exists()

    def _save(self, container: Container, **changes: object) -> None:
        """What is written is for the next agent: on a full disk we go on, and it finds out by itself."""
        container.record, container.seen = msgspec.structs.replace(container.record, **changes), None
        try:
            write_record(self._bundles.path(container.record.id), container.record)
        except OSError as error:
            log.error("container %s: its state cannot be written: %s", container.record.id, error)

    def _tell(self, container: Container, kind: ContainerEventType) -> None:
        record = container.record
        self.events.send(
            ContainerEvent(type=kind, container_id=record.id, sandbox_id=record.sandbox_id, pod_uid=container.pod_uid)
        )

    async def _within(self, seconds: float, event: Awaitable[object]) -> bool:
        """Whether `event` came before the time was over."""
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(_awaited(event))
            timer = tasks.create_task(self._clock.sleep(seconds))
            await asyncio.wait([waiting, timer], return_when=asyncio.FIRST_COMPLETED)
            came = waiting.done()
            waiting.cancel()
            timer.cancel()
        return came


def merge_resources(old: LinuxResources, new: LinuxResources) -> LinuxResources:
    """Figures of 0 or "" leave the old ones."""
    changed = {name: value for name in LinuxResources.__dataclass_fields__ if (value := getattr(new, name))}
    return replace(old, **changed)


async def _awaited(event: Awaitable[object]) -> None:
    await event
