"""A server that answers over loopback, and a client of it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from podo.clock import SystemClock
from podo.server.app import ServerConfig, serving


@pytest.fixture
async def api(tmp_path) -> AsyncIterator[aiohttp.ClientSession]:
    """A client with an administrator's token, relative to the server."""
    tokens = tmp_path / "tokens.csv"
    tokens.write_text('secret,admin,1,"system:masters"\n')
    config = ServerConfig(port=0, token_file=tokens, service_cidr="10.0.0.0/24")
    async with serving(config, SystemClock()) as server:
        base, headers = f"http://127.0.0.1:{server.port}", {"Authorization": "Bearer secret", "User-Agent": "tests/1.0"}
        async with aiohttp.ClientSession(base, headers=headers, auto_decompress=False) as session:
            yield session
