"""One haproxy kept at a configuration, and its servers at endpoints: by commands where that does, else by a reload."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from podo.clock import Clock
from podo.network.haproxy.process import WebProxy
from podo.network.haproxy.servers import Servers, server_commands, slots_for, withdrawals
from podo.network.services.backends import Backend

log = logging.getLogger(__name__)
RETRY_SECONDS = 2.0
Write = Callable[[Mapping[str, Servers], str], str]
"""Gives a configuration for the servers of each backend, by its name, and a generation."""


class Serving:
    """What a haproxy serves now."""

    def __init__(self, proxy: WebProxy, clock: Clock) -> None:
        self._proxy, self._clock = proxy, clock
        self._servers: dict[str, Servers] = {}
        self._loaded = ""  # the generation that is in force

    async def serve(self, endpoints: Mapping[str, Sequence[Backend]], write: Write, files: dict[str, bytes]) -> None:
        """Serve what `write` gives, with these endpoints of each backend and these files. Raises ProxyFailure."""
        commands: list[str] = []
        leaving: list[str] = []
        servers: dict[str, Servers] = {}
        for name, wanted in endpoints.items():
            before = self._servers.get(name, (None,) * slots_for(0))
            leaving += withdrawals(name, before, wanted)
            told, servers[name] = server_commands(name, before, wanted)
            commands += told
        shape = {name: (None,) * len(each) for name, each in servers.items()}
        generation = _digest(write(shape, ""), files)
        if generation != self._loaded:
            if self._loaded:
                await self._proxy.tell(leaving)  # a reload takes its time; who leaves does not wait for it
            await self._proxy.load(write(servers, generation), generation, files)
        else:
            await self._proxy.tell(commands)
        self._loaded, self._servers = generation, servers

    def forget(self) -> None:
        """What is served is not known any more: the next time is a reload."""
        self._loaded = ""

    async def stop(self) -> None:
        """Serve nothing. May be repeated."""
        self._loaded, self._servers = "", {}
        await self._proxy.stop()

    async def woken(self, wake: asyncio.Event) -> None:
        """Return when `wake` is set, or haproxy has ended; it is not set any more then."""
        waits = [asyncio.ensure_future(wake.wait()), asyncio.ensure_future(self._proxy.ended())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if waits[1].done():
                log.error("haproxy has ended; starting it again")
                self.forget()
                await self._clock.sleep(RETRY_SECONDS)
        finally:
            for each in waits:
                each.cancel()
        wake.clear()


def _digest(text: str, files: dict[str, bytes]) -> str:
    digest = sha256(text.encode())
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + files[name])
    return digest.hexdigest()[:16]
