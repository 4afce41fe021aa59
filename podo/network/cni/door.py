"""Where podo's network is asked for by a runtime of others, through the plug-in of `link_plugin.py`."""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from podo.network.base import NetworkFailure, PodNetwork, PodSandbox
from podo.network.cni import link_plugin
from podo.network.files import write_atomically
from podo.rpc.short_path import shortened

PLUGIN, CONFIGURATION = "podo-link", "00-podo.conflist"
VERSION = "0.4.0"  # of CNI: what runtimes of all ages understand
log = logging.getLogger(__name__)


class PodDoor:
    """Links the Pods that are expected. `folder` is the node's own folder of doors, `<run>/nodes/<node>/cni`."""

    def __init__(self, folder: Path, pods: PodNetwork) -> None:
        self._folder, self._pods = folder, pods
        self._expected: dict[str, PodSandbox] = {}

    def expect(self, pod: PodSandbox) -> None:
        """From now on the plug-in may ask for it (its id and its namespace come with the question)."""
        self._expected[pod.uid] = pod
        (self._folder / pod.uid).touch()

    def forget(self, uid: str) -> None:
        """There is no such Pod any more. May be repeated."""
        self._expected.pop(uid, None)
        (self._folder / uid).unlink(missing_ok=True)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Answer within the block."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for leftover in self._folder.iterdir():
            leftover.unlink(missing_ok=True)
        with shortened(self._folder / link_plugin.DOOR) as path:
            server = await asyncio.start_unix_server(self._visit, path)
        async with server:
            yield

    async def answer(self, request: dict[str, str]) -> dict[str, Any]:
        """What the plug-in prints, but for its version."""
        expected = self._expected.get(request["uid"])
        if expected is None:
            return {} if request["command"] == "DEL" else {"error": f"the Pod {request['uid']} is not expected"}
        pod = replace(expected, id=request["container"], netns=Path(request["netns"] or "/nonexistent"))
        try:
            if request["command"] == "DEL":
                await self._pods.teardown(pod)
                return {}
            addresses = await self._pods.setup(pod)
        except (NetworkFailure, OSError) as error:
            return {"error": str(error)}
        return result(addresses, request["device"], request["netns"])

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(await reader.readline())
            writer.write(json.dumps(await self.answer(request)).encode() + b"\n")
            await writer.drain()
        except (ValueError, KeyError, ConnectionError) as error:
            log.warning("a plug-in cannot be answered: %s", error)
        finally:
            writer.close()


def result(addresses: tuple[str, ...], device: str, netns: str) -> dict[str, Any]:
    """An answer to ADD: an interface in the Pod with its addresses."""
    return {
        "interfaces": [{"name": device, "sandbox": netns}],
        "ips": [
            {"version": "6", "address": f"{each}/128", "interface": 0}
            if ":" in each
            else {"version": "4", "address": f"{each}/32", "interface": 0}
            for each in addresses
        ],
        "dns": {},
    }


def install(configurations: Path, programs: Path, agents: Path, *, replaces: bool) -> bool:
    """Have the runtime that looks into these folders link its Pods by podo. Whether it does now.

    A configuration of somebody else stays in force, unless podo's `replaces` it (by coming first). Blocks.
    """
    configurations.mkdir(parents=True, exist_ok=True)
    others = [f for f in configurations.iterdir() if f.suffix in (".conflist", ".conf", ".json")]
    if any(f.name != CONFIGURATION for f in others) and not replaces:
        return False
    programs.mkdir(parents=True, exist_ok=True)
    program = programs / PLUGIN
    text = f"#!{sys.executable} -IS\n{Path(link_plugin.__file__).read_text()}".encode()
    if not program.exists() or program.read_bytes() != text:
        write_atomically(program, text)
    program.chmod(0o755)
    plugin = {"type": PLUGIN, "agents": str(agents)}
    made = {"cniVersion": VERSION, "name": "podo", "plugins": [plugin]}
    written = json.dumps(made, indent=1).encode()
    if not (configurations / CONFIGURATION).exists() or (configurations / CONFIGURATION).read_bytes() != written:
        write_atomically(configurations / CONFIGURATION, written)
    return True


def uninstall(configurations: Path, programs: Path) -> None:
    """Undo it. May be repeated. Blocks."""
    (configurations / CONFIGURATION).unlink(missing_ok=True)
    (programs / PLUGIN).unlink(missing_ok=True)
