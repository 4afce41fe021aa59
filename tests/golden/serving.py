"""The API alone, as the recorded server was run: nothing else that changes objects."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from podo.clock import SystemClock
from podo.server.app import ServerConfig, serving

TOKENS = 'tok,admin,admin,"system:masters"\n'


@asynccontextmanager
async def api(folder: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A client with an administrator's token; `folder` is for what the server reads."""
    tokens = folder / "tokens"
    tokens.write_text(TOKENS)
    config = ServerConfig(port=0, token_file=tokens, service_cidr="10.0.0.0/24")
    async with serving(config, SystemClock()) as server:
        connector = aiohttp.TCPConnector(limit=0)
        base = f"http://127.0.0.1:{server.port}"
        async with aiohttp.ClientSession(base, connector=connector) as session:
            yield session
