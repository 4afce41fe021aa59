"""Runs a CNI plug-in: a program that gets its orders in its environment and input, and answers in JSON."""

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from typing import Any, Protocol

from podo.network.base import NetworkFailure

FOLDERS = ("/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni")
DEVICE = "eth0"
_LIMIT = 60.0  # seconds


class Plugins(Protocol):
    """Runs plug-ins."""

    async def run(
        self, kind: str, command: str, environment: Mapping[str, str], given: dict[str, Any]
    ) -> dict[str, Any]:
        """What the plug-in `kind` answers to ADD, DEL, CHECK, GC or STATUS; {} if nothing. Raises NetworkFailure."""
        ...


class PluginPrograms:
    """The programs of some folders."""

    def __init__(self, folders: tuple[str, ...] = FOLDERS) -> None:
        self._path = ":".join(folders)

    async def run(
        self, kind: str, command: str, environment: Mapping[str, str], given: dict[str, Any]
    ) -> dict[str, Any]:
        """Run it. Raises NetworkFailure with what the plug-in says."""
        program = shutil.which(kind, path=self._path)
        if program is None:
            raise NetworkFailure(f"no CNI plug-in {kind!r} in {self._path}")
        own = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "CNI_COMMAND": command, "CNI_PATH": self._path}
        process = await asyncio.create_subprocess_exec(
            program, env=own | dict(environment), stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        try:
            async with asyncio.timeout(_LIMIT):
                output, errors = await process.communicate(json.dumps(given).encode())
        except (TimeoutError, asyncio.CancelledError) as error:
            process.kill()
            await process.wait()
            if isinstance(error, TimeoutError):
                raise NetworkFailure(f"CNI plug-in {kind} did not answer {command} within {_LIMIT:.0f} s") from error
            raise
        answer = _answer(output)
        if process.returncode != 0:
            said = " ".join(str(answer[key]) for key in ("msg", "details") if answer.get(key))
            said = said or errors.decode(errors="replace").strip() or f"it ended with {process.returncode}"
            raise NetworkFailure(f"CNI plug-in {kind} failed ({command}): {said}")
        return answer


def _answer(output: bytes) -> dict[str, Any]:
    try:
        found = json.loads(output or b"{}")
    except ValueError:
        return {"msg": output.decode(errors="replace").strip()}
    return found if isinstance(found, dict) else {}
