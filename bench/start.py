"""From the command that starts a new cluster to its API being ready, and to a node being Ready.

Apart from `measures/`, since those are given a cluster. The last cluster that this starts is left for them.
"""

import asyncio
import shlex
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bench.client import Client, Refused
from bench.reading import Reading, of_times
from bench.target import Options, ready_nodes
from podo.client.kubeconfig import KubeconfigError

AIM = "≤ 1.0 s"
ROUNDS = 5
_POLL, _GRACE = 0.005, 3.0  # seconds


@asynccontextmanager
async def started(options: Options, *, nodes: bool, log: Path) -> AsyncIterator[list[Reading]]:
    """Start and stop the cluster some times; its readings, and the last one running until the block ends."""
    api_times, node_times = [], []
    for number in range(ROUNDS):
        await _stop(options, log)
        begin = time.perf_counter()
        process = await _spawn(options.start, log)
        try:
            await _until(lambda: _api_ready(options), options.patience, process, log)
            api_times.append(time.perf_counter() - begin)
            if nodes:
                await _until(lambda: _node_ready(options), options.patience, process, log)
                node_times.append(time.perf_counter() - begin)
                await _ended(process)
            if number == ROUNDS - 1:
                await _prepare(options, log)
                readings = [of_times("start → API ready", api_times)]
                yield readings + ([of_times("start → node Ready", node_times)] if nodes else [])
        finally:
            if process.returncode is None:  # a server in the foreground
                process.terminate()
                await process.wait()
            await _stop(options, log)


async def _spawn(command: str, log: Path) -> asyncio.subprocess.Process:
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(*shlex.split(command), stdout=output, stderr=output)


async def _stop(options: Options, log: Path) -> None:
    if options.stop:
        await (await _spawn(options.stop, log)).wait()
    options.kubeconfig.unlink(missing_ok=True)  # else we would ask the last cluster


async def _prepare(options: Options, log: Path) -> None:
    """Raises Refused if the command fails."""
    if options.prepare and (status := await (await _spawn(options.prepare, log)).wait()):
        raise Refused(f"`{options.prepare}` failed with status {status}: see {log}")


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Let a command that starts a cluster and returns do so; one that stays in the foreground is left there."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_GRACE):
            await process.wait()


async def _until(
    reached: Callable[[], Awaitable[bool]], patience: float, process: asyncio.subprocess.Process, log: Path
) -> None:
    """Raises Refused if the process fails before that, TimeoutError after `patience` seconds."""
    async with asyncio.timeout(patience):
        while not await reached():
            if process.returncode:
                raise Refused(f"the start command failed with status {process.returncode}: see {log}")
            await asyncio.sleep(_POLL)


async def _api_ready(options: Options) -> bool:
    try:
        await Client.from_kubeconfig(options.kubeconfig).one("GET", "/readyz")
    except (OSError, KubeconfigError, Refused):
        return False
    return True


async def _node_ready(options: Options) -> bool:
    return await ready_nodes(Client.from_kubeconfig(options.kubeconfig)) > 0
