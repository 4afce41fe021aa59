"""Asks the nodes' agents for their summaries."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec

from podo.clock import Clock
from podo.server.connect.nodes import NodeAccess, place_of
from podo.server.outgoing.addresses import checked_host
from podo.server.strategy import Object

PATH = "/stats/summary?only_cpu_and_memory=true"
TIMEOUT = 5.0
KEPT = 1.0
"""Seconds that a summary is good for."""
log = logging.getLogger(__name__)
Summary = Mapping[str, Any]


class Summaries(Protocol):
    """Gives the summary of each node that answers, by name."""

    async def of(self, nodes: Iterable[Object]) -> Mapping[str, Summary]: ...


class AgentSummaries:
    """Over the node API. A node that does not answer in time has no figures."""

    def __init__(self, access: NodeAccess, clock: Clock) -> None:
        self._access, self._clock = access, clock
        self._known: dict[str, tuple[float, Summary]] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def of(self, nodes: Iterable[Object]) -> Mapping[str, Summary]:
        """Ask all at once."""
        wanted = {str(node["metadata"]["name"]): node for node in nodes}
        for gone in self._known.keys() - wanted.keys() if len(self._known) > 2 * len(wanted) + 16 else ():
            self._known.pop(gone)
            self._turns.pop(gone, None)
        found = await asyncio.gather(*(self._one(name, node) for name, node in wanted.items()))
        return {name: summary for name, summary in zip(wanted, found, strict=True) if summary is not None}

    async def _one(self, name: str, node: Object) -> Summary | None:
        async with self._turns.setdefault(name, asyncio.Lock()):
            known = self._known.get(name)
            if known is not None and self._clock.monotonic() - known[0] < KEPT:
                return known[1]
            summary = await self._ask(name, node)
            if summary is not None:
                self._known[name] = self._clock.monotonic(), summary
            return summary

    async def _ask(self, name: str, node: Object) -> Summary | None:
        from aiohttp import ClientError, ClientSession, TCPConnector

        from podo.api.errors import APIError

        try:
            place = place_of(node)
            checked = await checked_host(place.host)
            host = f"[{checked}]" if ":" in checked else checked
            connector = TCPConnector(ssl=self._access.context, force_close=True)
            async with (
                asyncio.timeout(TIMEOUT),
                ClientSession(connector=connector) as session,
                session.get(
                    f"https://{host}:{place.port}{PATH}", server_hostname=name, allow_redirects=False
                ) as answer,
            ):
                if answer.status != 200:
                    log.info("node %s gives no figures: status %d", name, answer.status)
                    return None
                return msgspec.json.decode(await answer.read(), type=dict[str, Any])
        except (TimeoutError, ClientError, OSError, APIError, msgspec.DecodeError) as error:
            log.info("node %s gives no figures: %s", name, error)
            return None
