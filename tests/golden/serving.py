"""The API alone, as the recorded server was run: nothing else that changes objects."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from podo.clock import SystemClock
from podo.cluster import pki
from podo.cluster.config import ClusterConfig
from podo.server.app import ServerConfig, serving
from podo.server.connect.nodes import NodeAccess

CIDR = "10.0.0.0/24"
TOKENS = 'tok,admin,admin,"system:masters"\n'


@asynccontextmanager
async def api(folder: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A client with an administrator's token; `folder` is for what the server reads."""
    tokens = folder / "tokens"
    tokens.write_text(TOKENS)
    cluster = ClusterConfig(
        name="api",
        node_networks=("127.0.0.0/8",),
        pod_networks=(),
        service_networks=(CIDR,),
        api_port=0,
    )
    pki.ensure(folder, cluster, datetime.now(UTC))
    access = NodeAccess(
        certificate=folder / "kubelet-client.crt", key=folder / "kubelet-client.key", authority=folder / "ca.crt"
    )
    config = ServerConfig(
        port=0,
        token_file=tokens,
        service_cidr=CIDR,
        service_account_key=folder / "sa.key",
        node_access=access,
        measures=False,
    )
    async with serving(config, SystemClock()) as server:
        connector = aiohttp.TCPConnector(limit=0)
        base = f"http://127.0.0.1:{server.port}"
        async with aiohttp.ClientSession(base, connector=connector) as session:
            yield session
