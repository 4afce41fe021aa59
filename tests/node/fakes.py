"""A node without a machine: fake runtime, images and volumes around true workers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podo.api.types.core_v1 import Pod, PodStatus
from podo.client.base import Client
from podo.client.informers import Informers
from podo.clock import VirtualClock
from podo.node.events import PodEvents
from podo.node.images.fake import FakeImages
from podo.node.probes.checks import NodeChecks
from podo.node.references import References
from podo.node.runtime.config import LinuxResources
from podo.node.runtime.fake import FakeRuntime
from podo.node.runtime.fake_programs import Programs, shell_words
from podo.node.volumes.base import Places
from podo.node.volumes.fake import FakeVolumes
from podo.node.worker.facts import NodeFacts
from podo.node.worker.loop import PodWorker
from podo.node.worker.parts import Parts


class FakeCgroups:
    """Remembers which Pods have one."""

    def __init__(self) -> None:
        self.made: dict[str, LinuxResources] = {}

    async def make(self, name: str, resources: LinuxResources) -> None:
        self.made[name] = resources

    async def remove(self, name: str) -> None:
        self.made.pop(name, None)

    def found(self, root: str) -> list[str]:
        return [name for name in self.made if name.startswith(f"{root}/")]


class KeptStatuses:
    """Every status that was set, in order."""

    def __init__(self) -> None:
        self.all: list[PodStatus] = []
        self.forgotten = False

    def last(self, pod: Pod) -> PodStatus:
        return self.all[-1] if self.all else pod.status

    def set(self, pod: Pod, status: PodStatus) -> None:
        if not self.all or self.all[-1] != status:
            self.all.append(status)

    def seen(self, pod: Pod) -> None:
        pass

    async def flushed(self, uid: str) -> None:
        pass

    def forget(self, uid: str) -> None:
        self.forgotten = True


class KeptEvents:
    """A recorder that keeps what it is told."""

    def __init__(self) -> None:
        self.all: list[tuple[str, str, str]] = []

    def normal(self, about: Any, reason: str, message: str) -> None:
        self.all.append(("Normal", reason, message))

    def warning(self, about: Any, reason: str, message: str) -> None:
        self.all.append(("Warning", reason, message))

    def reasons(self) -> list[str]:
        return [reason for _, reason, _ in self.all]


@dataclass
class Stage:
    """One worker and all that it works with."""

    clock: VirtualClock
    runtime: FakeRuntime
    parts: Parts
    images: FakeImages
    volumes: FakeVolumes
    cgroups: FakeCgroups
    statuses: KeptStatuses
    events: KeptEvents
    worker: PodWorker
    task: "asyncio.Task[None]" = field(init=False)

    @property
    def status(self) -> PodStatus:
        return self.statuses.all[-1]

    async def settle(self, seconds: float = 0) -> None:
        await self.clock.run_for(seconds)

    async def has_left(self) -> bool:
        """Whether the worker has come to its end (it deletes folders in a thread: that takes true time)."""
        await asyncio.wait({self.task}, timeout=10)
        return self.task.done()

    def container(self, name: str = "app") -> Any:
        found = self.worker.observed.latest(name)
        assert found is not None, f"no container {name}"
        return found


def facts(folder: Path, **fields: Any) -> NodeFacts:
    """Of a node that keeps its things below `folder`."""
    given: dict[str, Any] = {
        "node_name": "node-1",
        "host_ips": ("10.245.0.2",),
        "places": Places(folder / "pods", folder / "volatile"),
        "logs": folder / "logs",
        "cgroup_root": "podo/c/node-1",
        "memory_capacity": 8 * 2**30,
        "cluster_dns": ("10.96.0.10",),
        "resolv_conf": folder / "resolv.conf",
        "hosts": folder / "hosts",
    }
    return NodeFacts(**given | fields)


def parts(folder: Path, clock: VirtualClock, runtime: FakeRuntime, client: Client, **fields: Any) -> Parts:
    """All parts, fake where the machine would be."""
    given: dict[str, Any] = {
        "runtime": runtime,
        "images": FakeImages("hello:v1"),
        "volumes": FakeVolumes(),
        "cgroups": FakeCgroups(),
        "checks": NodeChecks(runtime),
        "references": References(client, Informers(client, clock), clock),
        "statuses": KeptStatuses(),
        "events": PodEvents(KeptEvents()),
        "client": client,
        "clock": clock,
        "facts": facts(folder),
    }
    return Parts(**given | fields)


@asynccontextmanager
async def stage(
    folder: Path, clock: VirtualClock, client: Client, pod: Pod, *, programs: Programs = shell_words, **fields: Any
) -> AsyncIterator[Stage]:
    """A worker for `pod`, running; the runtime's events reach it."""
    events = KeptEvents()
    async with FakeRuntime(clock, programs=programs) as runtime, asyncio.TaskGroup() as tasks:
        made = parts(folder, clock, runtime, client, events=PodEvents(events), **fields)
        worker = PodWorker(pod, made)
        setting = Stage(clock, runtime, made, made.images, made.volumes, made.cgroups, made.statuses, events, worker)  # type: ignore[arg-type]  # the fakes that `parts` made
        telling = tasks.create_task(_tell(runtime, worker))
        await asyncio.sleep(0)
        setting.task = tasks.create_task(worker.run())
        await setting.settle()
        try:
            yield setting
        finally:
            setting.task.cancel()
            telling.cancel()


async def _tell(runtime: FakeRuntime, worker: PodWorker) -> None:
    async with runtime.events() as events:
        async for _ in events:
            worker.poke()
