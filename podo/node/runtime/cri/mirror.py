"""What is there, as far as we have heard: looked at each second, and at once when something seems to have happened.

A runtime tells what happens to containers (GetContainerEvents), or where it does not, the kernel tells of the end of a
container's first process. Both are hints to look.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from podo.clock import Clock
from podo.node.runtime.broadcast import EventBroadcast
from podo.node.runtime.config import ContainerConfig, SandboxConfig
from podo.node.runtime.cri import reading
from podo.node.runtime.cri.calls import CRI, NOT_FOUND, UNIMPLEMENTED
from podo.node.runtime.cri.records import Records
from podo.node.runtime.observed import (
    ContainerEvent,
    ContainerEventType,
    ContainerState,
    ObservedContainer,
    ObservedSandbox,
    SandboxState,
)
from podo.rpc.caller import CallFailed

EVERY = 1.0  # seconds between looks at everything
SOON = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)  # seconds between looks at a container whose process has ended
KILLED = 137
_TOLD = {
    ContainerState.CREATED: ContainerEventType.CREATED,
    ContainerState.RUNNING: ContainerEventType.STARTED,
    ContainerState.EXITED: ContainerEventType.STOPPED,
}
log = logging.getLogger(__name__)


@dataclass
class Sandbox:
    """A sandbox of ours."""

    config: SandboxConfig
    seen: ObservedSandbox


@dataclass
class Container:
    """A container of ours. `given_up`: it was stopped before it ever ran, of which CRI has no state."""

    config: ContainerConfig
    seen: ObservedContainer
    given_up: bool = False


class Mirror:
    """All sandboxes and containers that carry `marks`. `run` must run beside its users."""

    def __init__(self, cri: CRI, marks: Mapping[str, str], folder: Path, clock: Clock, name: str = "cri") -> None:
        self._cri, self._marks, self._clock, self._name = cri, dict(marks), clock, name
        self._sandbox_records, self._container_records = Records(folder / "sandboxes"), Records(folder / "containers")
        self._looking, self._looks = asyncio.Lock(), set[asyncio.Task[None]]()
        self._watched: dict[str, int] = {}  # pidfd, by container
        self.sandboxes: dict[str, Sandbox] = {}
        self.containers: dict[str, Container] = {}
        self.events = EventBroadcast()
        self.complains: Callable[[str], None] = lambda complaint: None  # why it cannot be asked; "": it can again

    async def run(self) -> None:
        """Look again and again until cancelled."""
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._listen())
                both.create_task(self._relist())
        finally:
            for look in self._looks:
                look.cancel()
            for container_id in list(self._watched):
                self._unwatch(container_id)

    async def recover(self) -> None:
        """The first look: what nobody knows what it was for (of a crash) is removed. Raises CallFailed."""
        await self.look_at_all()
        chosen = {"label_selector": self._marks}
        for container in (await self._cri.call("ListContainers", filter=chosen)).containers:
            if container.id not in self.containers and container.pod_sandbox_id in self.sandboxes:
                await self._cri.call("RemoveContainer", container_id=container.id)
        for sandbox in (await self._cri.call("ListPodSandbox", filter=chosen)).items:
            if sandbox.id not in self.sandboxes:
                await self._cri.call("StopPodSandbox", pod_sandbox_id=sandbox.id)
                await self._cri.call("RemovePodSandbox", pod_sandbox_id=sandbox.id)
        self._sandbox_records.keep(set(self.sandboxes))
        self._container_records.keep(set(self.containers))

    async def look_at_all(self) -> None:
        """Learn what there is. Raises CallFailed."""
        async with self._looking:
            chosen = {"label_selector": self._marks}
            sandboxes = (await self._cri.call("ListPodSandbox", filter=chosen)).items
            containers = (await self._cri.call("ListContainers", filter=chosen)).containers
            for sandbox in sandboxes:
                await self._see_sandbox(sandbox)
            for container in containers:
                known = self.containers.get(container.id)
                if known is None or reading.STATES[container.state] is not known.seen.state:
                    await self._see_container(container.id, container.pod_sandbox_id)
            for gone in self.containers.keys() - {each.id for each in containers}:
                self.forget_container(gone)
            for gone in self.sandboxes.keys() - {each.id for each in sandboxes}:
                self.forget_sandbox(gone)

    async def look(self, container_id: str) -> None:
        """Learn of one container of ours. Raises CallFailed."""
        async with self._looking:
            if known := self.containers.get(container_id):
                await self._see_container(container_id, known.seen.sandbox_id)

    async def look_at_sandbox(self, sandbox_id: str) -> None:
        """Learn of one sandbox of ours and of its containers. Raises CallFailed."""
        async with self._looking:
            if known := self.sandboxes.get(sandbox_id):
                await self._ask_sandbox(sandbox_id, known.config)
        for container in self.of(sandbox_id):
            await self.look(container.seen.id)

    async def add_sandbox(self, sandbox_id: str, config: SandboxConfig) -> None:
        """It was just made. Raises CallFailed."""
        self._sandbox_records.write(sandbox_id, config)
        async with self._looking:
            await self._ask_sandbox(sandbox_id, config)

    async def add_container(self, container_id: str, sandbox_id: str, config: ContainerConfig) -> None:
        """It was just made. Raises CallFailed."""
        self._container_records.write(container_id, config)
        async with self._looking:
            await self._see_container(container_id, sandbox_id)

    def change_container(self, container_id: str, config: ContainerConfig) -> None:
        """It is to be something else from now on."""
        self._container_records.write(container_id, config)
        known = self.containers[container_id]
        known.config, known.seen = config, replace(known.seen, resources=config.resources)

    def give_up(self, container_id: str) -> None:
        """It will never be started."""
        known, now = self.containers[container_id], self._clock.now()
        known.given_up = True
        self._update(
            known,
            replace(known.seen, state=ContainerState.EXITED, exit_code=KILLED, finished_at=now, reason="Error"),
        )

    def forget_container(self, container_id: str) -> None:
        """It is gone."""
        self._unwatch(container_id)
        self._container_records.forget(container_id)
        if known := self.containers.pop(container_id, None):
            self._tell(known.seen, ContainerEventType.DELETED)

    def forget_sandbox(self, sandbox_id: str) -> None:
        """It is gone with all that was in it."""
        for container in self.of(sandbox_id):
            self.forget_container(container.seen.id)
        self._sandbox_records.forget(sandbox_id)
        self.sandboxes.pop(sandbox_id, None)

    def of(self, sandbox_id: str) -> list[Container]:
        """The containers of a sandbox."""
        return [each for each in self.containers.values() if each.seen.sandbox_id == sandbox_id]

    # Inside

    async def _relist(self) -> None:
        complaint = ""
        while True:
            await self._clock.sleep(EVERY)
            before, complaint = complaint, ""
            try:
                await self.look_at_all()
            except CallFailed as error:
                complaint = str(error)
            if bool(complaint) != bool(before):
                log.warning("the runtime %s", f"cannot be asked: {complaint}" if complaint else "answers again")
                self.complains(complaint)

    async def _listen(self) -> None:
        while True:
            try:
                async for event in self._cri.events():
                    await self._look_quietly(event.container_id)
            except CallFailed as error:
                if error.code == UNIMPLEMENTED:
                    return
            await self._clock.sleep(EVERY)

    async def _look_quietly(self, container_id: str) -> None:
        try:
            await self.look(container_id)
        except CallFailed as error:
            log.info("container %s cannot be looked at: %s", container_id, error)

    async def _see_sandbox(self, found: Any) -> None:
        known = self.sandboxes.get(found.id)
        if known is not None:
            if (found.state == reading.READY) != (known.seen.state is SandboxState.READY):
                await self._ask_sandbox(found.id, known.config)
            return
        config = self._sandbox_records.read(found.id, SandboxConfig)
        if config is not None:
            await self._ask_sandbox(found.id, config)

    async def _ask_sandbox(self, sandbox_id: str, config: SandboxConfig) -> None:
        status = (await self._cri.call("PodSandboxStatus", pod_sandbox_id=sandbox_id)).status
        self.sandboxes[sandbox_id] = Sandbox(config, reading.sandbox(status, config))

    async def _see_container(self, container_id: str, sandbox_id: str) -> None:
        known, sandbox = self.containers.get(container_id), self.sandboxes.get(sandbox_id)
        config = known.config if known else self._container_records.read(container_id, ContainerConfig)
        if config is None or sandbox is None or (known and known.given_up):
            return
        try:
            answer = await self._cri.call("ContainerStatus", container_id=container_id, verbose=True)
        except CallFailed as error:
            if error.code != NOT_FOUND:
                raise
            self.forget_container(container_id)
            return
        pid = reading.pid(answer.info)
        seen = reading.container(
            answer.status, config, sandbox=sandbox.config, sandbox_id=sandbox_id, pid=pid, runtime=self._name
        )
        if known is None:
            known = self.containers[container_id] = Container(config, replace(seen, state=ContainerState.UNKNOWN))
        self._update(known, seen)

    def _update(self, known: Container, seen: ObservedContainer) -> None:
        before, known.seen = known.seen.state, seen
        if seen.state is ContainerState.RUNNING and seen.pid and seen.id not in self._watched:
            self._watch(seen.id, seen.pid)
        if seen.state is ContainerState.EXITED:
            self._unwatch(seen.id)
        if seen.state is not before and (event := _TOLD.get(seen.state)):
            self._tell(seen, event)

    def _tell(self, seen: ObservedContainer, event: ContainerEventType) -> None:
        self.events.send(
            ContainerEvent(type=event, container_id=seen.id, sandbox_id=seen.sandbox_id, pod_uid=seen.pod_uid)
        )

    def _watch(self, container_id: str, pid: int) -> None:
        try:
            fd = self._watched[container_id] = os.pidfd_open(pid)
        except OSError:  # it has ended, or is of another machine (a VM)
            return
        asyncio.get_running_loop().add_reader(fd, self._ended, container_id)

    def _unwatch(self, container_id: str) -> None:
        if (fd := self._watched.pop(container_id, None)) is not None:
            asyncio.get_running_loop().remove_reader(fd)
            os.close(fd)

    def _ended(self, container_id: str) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._watched[container_id])
        look = loop.create_task(self._look_until_ended(container_id))
        self._looks.add(look)
        look.add_done_callback(self._looks.discard)

    async def _look_until_ended(self, container_id: str) -> None:
        for pause in SOON:
            await self._look_quietly(container_id)
            known = self.containers.get(container_id)
            if known is None or known.seen.state is ContainerState.EXITED:
                return
            await self._clock.sleep(pause)
