"""Run rclone: short commands, to their end. Its configuration has credentials: only we can read that file."""

import asyncio
import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from podo.storage.drivers import DriverFailure

PROGRAM = "rclone"
LIMIT = 60.0  # seconds for a command
PATIENCE = ("--contimeout", "5s", "--timeout", "10s", "--low-level-retries", "1", "--retries", "1")
WORDS = 300  # characters of what rclone says that are worth an event


async def rclone(configuration: str, *arguments: str) -> str:
    """What a command prints. Raises DriverFailure with what it says."""
    with configured(configuration) as file:
        command = [PROGRAM, "--config", file, *PATIENCE, *arguments]
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=environment()
            )
        except FileNotFoundError as error:
            raise DriverFailure(f"{PROGRAM} is not installed") from error
        try:
            async with asyncio.timeout(LIMIT):
                output, errors = await process.communicate()
        except TimeoutError as error:
            raise DriverFailure(f"the store does not answer within {LIMIT:.0f} s") from error
        finally:
            await ended(process)
    if process.returncode:
        raise DriverFailure(said(errors.decode(errors="replace")))
    return output.decode(errors="replace")


@contextlib.contextmanager
def configured(configuration: str) -> Iterator[str]:
    """A file with it, in memory if there is such."""
    with tempfile.NamedTemporaryFile(prefix="podo-store-", dir=_memory(), mode="w") as file:
        file.write(configuration)
        file.flush()
        yield file.name


async def ended(process: asyncio.subprocess.Process) -> None:
    """End a process that may have ended already, and take leave of it; one that the kernel holds is left to it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await process.wait()


def environment() -> dict[str, str]:
    """For rclone: none of the settings that it would take from the environment."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("RCLONE_", "AWS_", "AZURE_"))}
    return mine | {"HOME": "/nonexistent", "XDG_CONFIG_HOME": "/nonexistent"}


def said(text: str) -> str:
    """What rclone says, without times, repetitions and signatures: fit for an event."""
    if code := re.search(r"ServiceCode=(\w+)", text):
        return f"the store refuses: {code[1]}"
    lines = [re.sub(r"^[\d/]+ [\d:]+ (\w+ *: )?", "", line).strip() for line in text.splitlines()]
    last = next((line for line in reversed(lines) if line), "rclone failed without a word")
    return re.sub(r"(sig|Signature|Credential)=[^&\s]+", r"\1=…", last)[:WORDS]


def _memory() -> Path | None:
    """A folder that is not on a disk, where there is one."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() else None
