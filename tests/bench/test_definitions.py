"""200 definitions and 1,000 custom resources, on a server of its own: everyone else hardly notices."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bench.measures import definitions, memory
from bench.target import Options, prepared
from tests.e2e.cluster import ROOT

pytestmark = pytest.mark.slow
MOST = 1.5


@pytest.fixture
async def options(tmp_path):
    path = tmp_path / "kubeconfig"
    command = ["-m", "podo.main", "server", "--api-only", "--listen", "127.0.0.1:0", "--kubeconfig-out", str(path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with (tmp_path / "log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(sys.executable, *command, env=environment, stdout=log, stderr=log)
    try:
        async with asyncio.timeout(30):
            await written(path)
        yield Options(path, seconds=1.0, process=f"kubeconfig-out {path}$")
    finally:
        server.terminate()
        await server.wait()


async def written(path: Path) -> None:
    while True:
        if path.exists() and path.stat().st_size:
            return
        await asyncio.sleep(0.05)


async def test_discovery_openapi_and_memory_stay_within_half_as_much_again(options):
    async with prepared(options) as target:
        empty, before = await best(target), memory.occupied(target)
        try:
            await definitions.define(target)
            await asyncio.sleep(definitions.REST)
            full, after = await best(target), memory.occupied(target)
        finally:
            await definitions.remove(target.client)
    grown = {name: full[name] / seconds for name, seconds in empty.items()} | {"memory": after / before}
    assert {name: factor for name, factor in grown.items() if factor > MOST} == {}, grown


async def best(target) -> dict[str, float]:
    """The time that each request takes when nobody else has the machine, in seconds."""
    return {name: min((await definitions.sample(target, *asked)).times) for name, asked in definitions.PATHS.items()}
