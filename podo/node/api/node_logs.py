"""GET /logs/: the files of a node's folder of logs, and /logs/?query=: what services of the node have written."""

import asyncio
import html
import os
import shutil
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from podo.api.errors import BadRequest, NotFound
from podo.node.api.log_query import NO_ENTRIES, OWN, LogQuery, journal_arguments, own_lines, parse_query
from podo.node.api.server import Request, plain
from podo.node.rootpaths import PathEscapes, resolve
from podo.node.stats.machine import boot_seconds

PIECE = 256 << 10
PATIENCE = 30.0
"""Seconds that the journal is given."""


@dataclass(frozen=True)
class LogPlace:
    """Where a node's logs are: the agent's own, if it goes to a file, and the folder that may be read."""

    node: str
    folder: Path
    own: Path | None

    @classmethod
    def of_this_process(cls, node: str, descriptors: Path = Path("/proc/self/fd")) -> "LogPlace":
        """By where this process writes: a file of its own, or the system's journal."""
        target = Path(os.readlink(descriptors / "2"))
        if target.is_absolute() and target.is_file():
            return cls(node, target.parent, target)
        return cls(node, Path("/var/log"), None)


class NodeLogs:
    """Answers for the logs of a node."""

    def __init__(self, place: LogPlace) -> None:
        self._place = place

    async def __call__(self, request: Request) -> web.StreamResponse:
        if request.http.method not in ("GET", "HEAD"):
            raise BadRequest("logs can be read only")
        if "query" in request.query:
            query = parse_query(request.query)
            if query.file:
                return await self._file(request, query.file)
            return plain(await self._services(query) or NO_ENTRIES)
        return await self._file(request, "/".join(request.parts))

    async def _services(self, query: LogQuery) -> str:
        if self._place.own and OWN.issuperset(query.services):
            return await asyncio.to_thread(self._of_the_agent, self._place.own, query)
        for name in query.services:
            for guess in (f"{name}.log", f"{name}/{name}.log", name):
                if (path := self._reach(guess)) and path.is_file():
                    return await asyncio.to_thread(path.read_text, errors="replace")
        return await journal(query)

    def _of_the_agent(self, own: Path, query: LogQuery) -> str:
        head = f"{self._place.node} kubelet[{os.getpid()}]"
        booted = datetime.fromtimestamp(boot_seconds(), UTC)
        with own.open(errors="replace") as lines:
            return "".join(own_lines(lines, query, head, booted))

    def _reach(self, name: str) -> Path | None:
        """A place in the folder, whatever links are in it; None if it leads through nonsense."""
        try:
            return resolve(self._place.folder, name)
        except (PathEscapes, OSError):
            return None

    async def _file(self, request: Request, name: str) -> web.StreamResponse:
        path = self._reach(name)
        if path is None or not path.exists():
            raise NotFound(f"404 page not found: {name}")
        if path.is_dir():
            return web.Response(text=listing(path), content_type="text/html")
        if not stat.S_ISREG(path.stat().st_mode):
            raise BadRequest(f"{name} is no file")
        response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
        await response.prepare(request.http)
        async for piece in pieces(path):
            await response.write(piece)
        await response.write_eof()
        return response


def listing(folder: Path) -> str:
    """As Go's file server lists a folder."""
    names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in folder.iterdir())
    links = "".join(f'<a href="{html.escape(name)}">{html.escape(name)}</a>\n' for name in names)
    return f"<!doctype html>\n<pre>\n{links}</pre>\n"


async def pieces(path: Path) -> AsyncIterator[bytes]:
    """The file's content."""
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


async def journal(query: LogQuery) -> str:
    """What the system's journal has; nothing where there is none."""
    if (command := shutil.which("journalctl")) is None:
        return ""
    process = await asyncio.create_subprocess_exec(
        command, *journal_arguments(query), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(PATIENCE):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return ""
    return output.decode(errors="replace")
