"""conmon(8): the process that is a container's parent, writes its log, and tells how it ended. It outlives us."""

import asyncio
import contextlib
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from podo.node.runtime.base import RuntimeFailure, StartFailed
from podo.node.runtime.engine import Engine
from podo.node.runtime.fds import FdReader

CTL, ATTACH, PIDFILE, CONMON_PIDFILE, EXIT, OOM = "ctl", "attach", "pidfile", "conmon.pid", "exit", "oom"
COMPLAINTS = "conmon.err"
REOPEN_LOGS = "2 0 0\n"
_MESSAGE = re.compile(r'msg="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class ConmonConfig:
    """`exits` is the folder where it leaves a file for each container that has ended."""

    program: str
    engine: Engine
    exits: Path


class _Created(msgspec.Struct):
    """What conmon says on its sync pipe: the pid, or -1 with a message."""

    data: int = -1
    message: str = ""


async def create(
    config: ConmonConfig, container_id: str, bundle: Path, *, log: Path, tty: bool, stdin: bool, stdin_once: bool
) -> int:
    """Start conmon, which has the engine create the container; the pid of its first process, which waits.

    Raises StartFailed with the engine's words.
    """
    command = arguments(config, container_id, bundle, log=log, tty=tty, stdin=stdin, stdin_once=stdin_once)
    sync, theirs = os.pipe2(os.O_CLOEXEC)
    try:
        try:
            await _spawn(command, theirs, bundle)
        finally:
            os.close(theirs)
        said = await _first_line(sync)
    finally:
        os.close(sync)
    if not said:
        complaint = (bundle / COMPLAINTS).read_text(errors="replace").strip()
        raise StartFailed(f"conmon could not create the container: {complaint or 'no word from it'}")
    created = msgspec.json.decode(said.splitlines()[0], type=_Created)
    if created.data <= 0:
        raise StartFailed(engine_words(created.message))
    return created.data


async def _spawn(command: list[str], sync: int, bundle: Path) -> None:
    """Start the first conmon and see it go: it forks the one that stays, and ends. Its stderr goes to a file, for a
    pipe would be kept open by all that come after it."""
    with (bundle / COMPLAINTS).open("wb") as complaints:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                pass_fds=[sync],
                env=_environment(sync),
                start_new_session=True,
                cwd=bundle,
            )
        except FileNotFoundError as error:
            raise RuntimeFailure(f"{command[0]} is not installed; run `podo setup`") from error
    await process.wait()


def arguments(
    config: ConmonConfig, container_id: str, bundle: Path, *, log: Path, tty: bool, stdin: bool, stdin_once: bool
) -> list[str]:
    """conmon's command line."""
    command = [config.program, "--api-version", "1", "--cid", container_id, "--cuuid", container_id]
    command += ["--name", container_id, "--bundle", str(bundle), "--runtime", config.engine.program]
    command += [word for option in config.engine.arguments for word in ("--runtime-arg", option)]
    command += ["--container-pidfile", str(bundle / PIDFILE), "--conmon-pidfile", str(bundle / CONMON_PIDFILE)]
    command += ["--log-path", f"k8s-file:{log}", "--log-level", "error", "--no-sync-log"]
    command += ["--exit-dir", str(config.exits), "--persist-dir", str(bundle), "--full-attach"]
    command += ["--terminal"] if tty else []
    command += ["--stdin"] if stdin else []
    command += ["--leave-stdin-open"] if stdin and not stdin_once else []
    return command


def engine_words(message: str) -> str:
    """The errors in an engine's log lines, or the whole text if it has none."""
    found: Sequence[str] = _MESSAGE.findall(message)
    text = "; ".join(found) if found else message
    return text.replace('\\"', '"').replace("\\\\", "\\").strip() or "the OCI runtime failed without a word"


def control(bundle: Path, message: str) -> None:
    """Tell the running conmon something (REOPEN_LOGS, `resized`). Quiet if it is gone."""
    with contextlib.suppress(OSError):
        fd = os.open(bundle / CTL, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.write(fd, message.encode())
        finally:
            os.close(fd)


def resized(columns: int, rows: int) -> str:
    """The message for a terminal's new size."""
    return f"1 {rows} {columns}\n"


def _environment(sync: int) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "XDG_RUNTIME_DIR", "NOTIFY_SOCKET") if name in os.environ}
    return kept | {"_OCI_SYNCPIPE": str(sync)}


async def _first_line(fd: int) -> bytes:
    """What is written to a pipe up to the end of its first line, or to the end of the pipe."""
    reader, data = FdReader(fd), b""
    while not data.endswith(b"\n") and (chunk := await reader.read()):
        data += chunk
    return data
