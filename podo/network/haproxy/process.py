"""The haproxy process: started, reloaded without losing a connection, asked and told at run time."""

import asyncio
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from podo.clock import Clock
from podo.network.files import write_atomically

_START_LIMIT, _POLL, _BATCH = 10.0, 0.01, 40


class ProxyFailure(Exception):
    """haproxy is not there, or refuses what it is given; the text is for the user."""


class WebProxy(Protocol):
    """What the keeper needs of haproxy."""

    async def load(self, configuration: str, generation: str, files: Mapping[str, bytes]) -> None:
        """Serve this from now on; `files` lie beside the configuration, by relative names. Raises ProxyFailure."""
        ...

    async def tell(self, commands: Iterable[str]) -> None:
        """Change what it does without a reload. Raises ProxyFailure."""
        ...

    async def stop(self) -> None:
        """Serve nothing. May be repeated."""
        ...

    async def ended(self) -> None:
        """Return when it is not running, though it was not told to stop."""
        ...


class Haproxy:
    """haproxy as a master and workers, in `folder`. It ends with this process, however that ends."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._master: Process | None = None

    async def load(self, configuration: str, generation: str, files: Mapping[str, bytes]) -> None:
        """Check the configuration, and start or reload; return once it is in force. Raises ProxyFailure."""
        await asyncio.to_thread(_write, self._folder, {**files, "haproxy.cfg": configuration.encode()})
        await self._check()
        if self._master is None or self._master.returncode is not None:
            await self._start()
        else:
            self._master.send_signal(signal.SIGUSR2)
        try:
            async with asyncio.timeout(_START_LIMIT):
                while not await self._is_at(generation):
                    await self._clock.sleep(_POLL)
        except TimeoutError as error:
            raise ProxyFailure("haproxy did not take its configuration in time") from error

    async def _check(self) -> None:
        config = str(self._folder / "haproxy.cfg")
        try:
            process = await asyncio.create_subprocess_exec(
                "haproxy", "-c", "-f", config, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE
            )
        except FileNotFoundError as error:
            raise ProxyFailure("haproxy is not installed: apt install haproxy, or podo setup") from error
        _, errors = await process.communicate()
        if process.returncode != 0:
            raise ProxyFailure(f"haproxy refuses its configuration: {_reasons(errors.decode(errors='replace'))}")

    async def _start(self) -> None:
        log = await asyncio.to_thread((self._folder / "haproxy.log").open, "ab")
        with log:
            # if we are killed, nobody is left who could reload it: so it goes with us
            self._master = await asyncio.create_subprocess_exec(
                *("setpriv", "--pdeathsig", "TERM", "haproxy", "-W", "-f", str(self._folder / "haproxy.cfg")),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def _is_at(self, generation: str) -> bool:
        if self._master is None or self._master.returncode is not None:
            raise ProxyFailure("haproxy ended at once; its reason is in haproxy.log")
        try:
            return f"description: {generation}" in (await self._ask("show info")).splitlines()
        except OSError:
            return False

    async def tell(self, commands: Iterable[str]) -> None:
        """Run runtime commands. Raises ProxyFailure if one is refused."""
        rest = list(commands)
        try:
            while rest:
                batch, rest = rest[:_BATCH], rest[_BATCH:]
                answer = await self._ask("; ".join(batch))
                if said := [line for line in answer.splitlines() if line and not _is_good(line)]:
                    raise ProxyFailure(f"haproxy refuses a change: {said[0]}")
        except OSError as error:
            raise ProxyFailure(f"haproxy does not answer: {error}") from error

    async def _ask(self, command: str) -> str:
        reader, writer = await asyncio.open_unix_connection(self._folder / "runtime.sock")
        try:
            writer.write(command.encode() + b"\n")
            return (await reader.read()).decode()
        finally:
            writer.close()

    async def stop(self) -> None:
        """End it, with all connections. May be repeated."""
        master, self._master = self._master, None
        if master is not None and master.returncode is None:
            master.terminate()
            await master.wait()

    async def ended(self) -> None:
        """Return when it ended by itself."""
        master = self._master
        if master is None:
            await asyncio.get_running_loop().create_future()
        else:
            await master.wait()
            if self._master is not master:
                await asyncio.get_running_loop().create_future()


def _reasons(said: str) -> str:
    """The alerts among what haproxy says of a configuration; all of it if there are none."""
    alerts = [line.partition(" : ")[2] for line in said.splitlines() if line.startswith("[ALERT]")]
    return "; ".join(alerts) or said.strip()


def _is_good(line: str) -> bool:
    """Whether what haproxy says to a command is that it did it."""
    return "changed" in line or "no need to change" in line


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    (folder / "certificates").mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in files.items():
        path = folder / name
        if not path.exists() or path.read_bytes() != content:
            write_atomically(path, content)
    for path in (folder / "certificates").iterdir():
        if f"certificates/{path.name}" not in files:
            path.unlink()
