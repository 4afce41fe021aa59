"""The OCI runtime program: crun where it works (pure cgroup v2), else runc, and what we do ourselves in its place.

Starting a created container is one read from a FIFO with runc, and removing an ended one is removing its folder: both
are done here without a process, since they are on the way of every Pod. Creating and exec are the program's.
"""

import asyncio
import os
import select
import shutil
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from podo.node.runtime.base import RuntimeFailure, StartFailed
from podo.node.runtime.fds import read_now, ready_to_read

FIFO = "exec.fifo"
DIED = "the container's first process died before its start"


@dataclass(frozen=True)
class Engine:
    """`program` is its path, `root` its state folder (one for each node)."""

    program: str
    root: Path

    @property
    def arguments(self) -> list[str]:
        """The options before any command."""
        return [f"--root={self.root}"]

    @property
    def sends_terminals(self) -> bool:
        """Whether an exec that it waits for can have its terminal sent to us.

        crun can, and tells a terminal of its own no new size. runc passes sizes on, and sends none.
        """
        return os.path.basename(self.program) == "crun"

    async def release(self, container_id: str, pid: int) -> None:
        """Let a created container, whose first process is `pid`, run. Raises StartFailed if that has died meanwhile."""
        if os.path.basename(self.program) == "runc":
            await self._release_by_fifo(container_id, pid)
        else:  # crun's FIFO has another protocol; its own start takes a millisecond
            await self._call("start", container_id)

    def known(self) -> set[str]:
        """The containers that the program remembers."""
        return {entry.name for entry in self.root.iterdir()} if self.root.is_dir() else set()

    def forget(self, container_id: str) -> None:
        """Remove what the program remembers of a container whose processes and cgroups are gone."""
        shutil.rmtree(self.root / container_id, ignore_errors=True)

    async def _release_by_fifo(self, container_id: str, pid: int) -> None:
        """The first process opens the FIFO for writing, and goes on once somebody reads: runc's start is no more."""
        fifo = self.root / container_id / FIFO
        with ExitStack() as closing:
            try:  # the pid first: once the FIFO has a reader the program may run, and end
                watched = os.pidfd_open(pid)
                closing.callback(os.close, watched)
                fd = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                closing.callback(os.close, fd)
            except (FileNotFoundError, ProcessLookupError) as error:
                raise StartFailed(DIED) from error
            while True:
                died = bool(select.select([watched], [], [], 0)[0])
                if read_now(fd):
                    break
                if died:
                    raise StartFailed(DIED)
                await ready_to_read(fd, watched)
        fifo.unlink(missing_ok=True)

    async def _call(self, *arguments: str) -> None:
        process = await asyncio.create_subprocess_exec(
            self.program, *self.arguments, *arguments, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        _, errors = await process.communicate()
        if process.returncode:
            raise StartFailed(errors.decode(errors="replace").strip())


def choose_program(*, pure_v2: bool, wanted: str = "") -> str:
    """The path of crun or runc. crun refuses hybrid set-ups in which v2 has a controller. Raises RuntimeFailure."""
    order = [wanted] if wanted else ["crun", "runc"] if pure_v2 else ["runc"]
    for name in order:
        if path := shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            return path
    raise RuntimeFailure(f"{' or '.join(order)} is not installed; run `podo setup`")
