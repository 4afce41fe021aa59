"""Commands in running containers, by the OCI runtime's exec: the process is ours, with pipes or a terminal of ours."""

import asyncio
import fcntl
import os
import shutil
import signal
import struct
import tempfile
import termios
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from podo.clock import Clock
from podo.node.runtime.base import Chunk, RuntimeFailure, StartFailed
from podo.node.runtime.config import ExecConfig
from podo.node.runtime.conmon import engine_words
from podo.node.runtime.console import NAME, ConsoleSocket
from podo.node.runtime.engine import Engine
from podo.node.runtime.exits import watch_folder
from podo.node.runtime.fds import FdWriter, read_now, ready_to_read
from podo.node.runtime.observed import ExecResult
from podo.node.runtime.spec import exec_process

SYNC_OUTPUT_LIMIT = 16 << 20  # bytes of each stream that an exec_sync keeps
DRAIN = 0.1  # seconds
PID, LOG = "pid", "log"


class ExecSession:
    """A running exec. Implements `Session`. Use `start_exec`."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, fds: "_Fds") -> None:
        self._process, self._folder, self._fds = process, folder, fds

    async def read(self) -> Chunk | None:
        while outputs := self._fds.outputs:
            for stream, fd in list(outputs.items()):
                data = read_now(fd)
                if data:
                    return Chunk(stream, data)
                if data == b"":
                    self._fds.close_output(stream)
                    break
            else:
                await ready_to_read(*outputs.values())
        return None

    async def write(self, data: bytes) -> None:
        if self._fds.input is None:
            return
        try:
            await FdWriter(self._fds.input).write(data)
        except (BrokenPipeError, OSError):
            await self.close_stdin()

    async def close_stdin(self) -> None:
        self._fds.close_input()

    async def resize(self, columns: int, rows: int) -> None:
        if self._fds.terminal is not None:
            fcntl.ioctl(self._fds.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            if self._process.returncode is None:
                self._process.send_signal(signal.SIGWINCH)

    async def wait(self) -> int:
        code = await self._process.wait()
        return code if code >= 0 else 128 - code

    async def close(self) -> None:
        self.kill()
        self._fds.close()
        await self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """End the command's own process in the container and, since runc waits for all that has its pipes, runc."""
        if self._process.returncode is not None:
            return
        try:
            os.kill(int((self._folder / PID).read_text()), signal.SIGKILL)
        except (FileNotFoundError, ValueError, ProcessLookupError):  # not started yet, or just ended
            pass
        self._process.kill()

    def failure(self) -> str:
        """Why the command could not be started; "" if it was."""
        try:
            lines = (self._folder / LOG).read_bytes().splitlines()
        except FileNotFoundError:
            return ""
        errors = _errors(lines)
        return engine_words("; ".join(errors)) if errors else ""


class _Fds:
    """Our ends of an exec's streams and, until it has started, the other ends."""

    def __init__(self, config: ExecConfig, *, is_sent_terminal: bool = False) -> None:
        self.input: int | None = None
        self.outputs: dict[int, int] = {}
        self.terminal: int | None = None
        self.theirs: list[int] = []
        self._spare = -1
        if config.tty and is_sent_terminal:
            null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
            self.theirs = [null, null, null]
            return
        if config.tty:
            self.terminal, slave = os.openpty()
            os.set_blocking(self.terminal, False)
            _make_raw(slave)
            self.input, self.outputs, self.theirs = self.terminal, {1: self.terminal}, [slave] * 3
            return
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        self.theirs = [null, null, null]
        if config.stdin:
            self.theirs[0], self.input = os.pipe2(os.O_CLOEXEC)
        for stream, wanted in ((1, config.stdout), (2, config.stderr)):
            if wanted:
                self.outputs[stream], self.theirs[stream] = os.pipe2(os.O_CLOEXEC)
                os.set_blocking(self.outputs[stream], False)
        self._spare = null

    def use_terminal(self, terminal: int) -> None:
        """The engine has sent it."""
        self.input, self.outputs, self.terminal = terminal, {1: terminal}, terminal

    def close_theirs(self) -> None:
        for fd in {*self.theirs, self._spare} - {-1}:
            os.close(fd)
        self.theirs = []

    def close_input(self) -> None:
        """A terminal has no end of input but its own sign for it."""
        if self.input is None:
            return
        if self.terminal is None:
            os.close(self.input)
        self.input = None

    def close_output(self, stream: int) -> None:
        """It has ended. A terminal stays open for its input."""
        fd = self.outputs.pop(stream)
        if fd != self.terminal:
            os.close(fd)

    def close(self) -> None:
        self.close_input()
        for stream in list(self.outputs):
            self.close_output(stream)
        if self.terminal is not None:
            os.close(self.terminal)
            self.terminal = None


async def start_exec(
    engine: Engine, container_id: str, spec: Mapping[str, Any], config: ExecConfig, scratch: Path
) -> ExecSession:
    """Start a command; `scratch` is where its small files may lie. Raises StartFailed, RuntimeFailure."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="exec-", dir=scratch))
        process_file = folder / "process.json"
        process_file.write_bytes(msgspec.json.encode(exec_process(spec, config.command, tty=config.tty)))
    except OSError as error:
        raise RuntimeFailure(f"cannot prepare the command: {error}") from error
    command = [engine.program, *engine.arguments, f"--log={folder / 'log'}", "--log-format=json", "exec"]
    command += ["--process", str(process_file), "--pid-file", str(folder / PID)]
    command += ["--console-socket", str(folder / NAME)] if config.tty and engine.sends_terminals else []
    command += [container_id]
    fds = _Fds(config, is_sent_terminal=engine.sends_terminals)
    try:
        process = await _run(command, folder, fds, sends_terminal=config.tty and engine.sends_terminals)
    except BaseException:
        fds.close_theirs()
        fds.close()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    session = ExecSession(process, folder, fds)
    try:
        await _started(folder, process)
        if why := session.failure():
            raise StartFailed(why)
    except BaseException:
        await session.close()
        raise
    return session


async def _run(command: list[str], folder: Path, fds: _Fds, *, sends_terminal: bool) -> asyncio.subprocess.Process:
    """Start the engine, and take the terminal that it sends."""
    streams = fds.theirs
    with ExitStack() as closing:
        console = closing.enter_context(ConsoleSocket(folder)) if sends_terminal else None
        process = await asyncio.create_subprocess_exec(
            *command, stdin=streams[0], stdout=streams[1], stderr=streams[2], start_new_session=True
        )
        fds.close_theirs()
        try:
            if console and (terminal := await console.terminal(process)) >= 0:
                fds.use_terminal(terminal)
        except BaseException:
            process.kill()
            raise
    return process


async def _started(folder: Path, process: asyncio.subprocess.Process) -> None:
    """Return when the command runs (its pid is written), or when the runtime has given up on it."""
    appeared = asyncio.Event()

    def look(_: str) -> None:
        if (folder / PID).exists():
            appeared.set()

    with watch_folder(folder, look):
        look("")
        async with asyncio.TaskGroup() as tasks:
            either = [tasks.create_task(appeared.wait()), tasks.create_task(process.wait())]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            for task in either:
                task.cancel()


async def run_exec(session: ExecSession, clock: Clock, timeout: float) -> ExecResult:
    """Collect the output until the command has ended; kill it after `timeout` seconds (0: never)."""
    output = {1: bytearray(), 2: bytearray()}
    late = False

    async def collect() -> None:
        while chunk := await session.read():
            kept = output[chunk.stream]
            kept += chunk.data[: SYNC_OUTPUT_LIMIT - len(kept)]

    async def kill() -> None:
        nonlocal late
        await clock.sleep(timeout)
        late = True
        session.kill()

    async with asyncio.TaskGroup() as tasks:
        collecting = tasks.create_task(collect())
        limit = [tasks.create_task(kill())] if timeout > 0 else []
        code = await session.wait()
        # What it wrote is in the pipes now; what it left running may hold them open for ever (with crun, for
        # runc itself waits for them, as it does under containerd).
        grace = tasks.create_task(clock.sleep(DRAIN))
        await asyncio.wait([collecting, grace], return_when=asyncio.FIRST_COMPLETED)
        for task in (*limit, grace, collecting):
            task.cancel()
    if late:
        raise TimeoutError(f"command timed out after {timeout:g}s")
    return ExecResult(code, bytes(output[1]), bytes(output[2]))


def _make_raw(terminal: int) -> None:
    """No echo and no lines: the terminal inside the container does that. Output stays cooked, since runc takes "\\n" to
    "\\r\\n" away from the inner one; crun makes ours raw itself."""
    attributes = termios.tcgetattr(terminal)
    attributes[0] = attributes[3] = 0  # input and local flags
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)


def _errors(lines: list[bytes]) -> list[str]:
    found = []
    for line in lines:
        try:
            entry = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError:
            continue
        if entry.get("level") == "error":
            found.append(str(entry.get("msg", "")))
    return found
