"""Every measure of the API, short, on a real API server without nodes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.__main__ import Run, chosen
from bench.client import Client
from bench.measures import MEASURES
from bench.measures.base import Need
from bench.target import Options, Target, prepared
from podo.client import kubeconfig
from podo.server.app import ServerConfig, serving

pytestmark = pytest.mark.slow  # a server each
API_ONLY = [measure for measure in MEASURES if measure.need is Need.NOTHING]


@pytest.fixture
async def options(tmp_path: Path) -> AsyncIterator[Options]:
    tokens = tmp_path / "tokens.csv"
    tokens.write_text("secret,bench,1,system:masters\n")
    config = ServerConfig(port=0, store=f"sqlite:{tmp_path}/state.db", token_file=tokens)
    async with serving(config) as server:
        path = tmp_path / "kubeconfig"
        credentials = kubeconfig.Credentials(server=f"http://{server.host}:{server.port}", token="secret")
        kubeconfig.write(path, kubeconfig.render("bench", credentials))
        yield Options(path, seconds=0.05, rounds=2, stored=(300,), scale=(30, 300), watchers=5)


async def names(options: Options, path: str) -> list[str]:
    found = await Client.from_kubeconfig(options.kubeconfig).one("GET", path)
    return [item["metadata"]["name"] for item in found["items"]]


@pytest.mark.parametrize("measure", API_ONLY, ids=lambda measure: measure.name)
async def test_a_measure_of_the_api_reads_something_plausible(options, measure):
    async with prepared(options) as target:
        readings = [reading async for reading in measure.run(target)]
        assert readings
        for reading in readings:
            assert reading.count > 0
            assert "failed" not in reading.note
            assert 0 < (reading.p50 or 1) <= (reading.p99 or 1) < 5
            assert reading.rate is None or reading.rate > 1


async def test_each_verb_is_timed_with_as_many_objects_as_asked_for(options):
    measure = next(measure for measure in MEASURES if measure.name == "scale")
    async with prepared(options) as target:
        cases = [reading.case async for reading in measure.run(target)]
    assert len(cases) == len(set(cases)) == 14
    assert {case.rpartition(", ")[2] for case in cases} == {"30 stored", "300 stored"}


async def test_a_load_of_fewer_requests_than_connections_ends(options):
    async with prepared(options) as target:
        await target.stock(3, 10)
        found = await names(options, f"/api/v1/namespaces/{target.namespace}/configmaps")
    assert len([name for name in found if name.startswith("stock-3-")]) == 3


async def test_a_run_says_what_it_left_out_and_leaves_nothing_behind(options):
    before = await names(options, "/api/v1/namespaces")
    run = Run(chosen(["get", "rollout", "memory"]))
    await run.on(options)
    assert next((name, reading.case) for name, _, reading in run.lines) == ("get", "GET Pod, 1 connections")
    assert dict(run.skipped) == {
        "rollout": "needs a Ready node, and this server has none",
        "memory": "needs --process REGEX, to know which processes are the cluster's",
    }
    assert await names(options, "/api/v1/namespaces") == before
    assert await names(options, "/api/v1/pods") == []


async def test_a_measure_that_fails_is_said_and_does_not_end_the_run(options):
    async def broken(target: Target):
        await target.client.one("GET", "/api/v1/namespaces/none/pods/none")
        yield

    failing = next(measure for measure in MEASURES if measure.name == "get")
    run = Run((type(failing)("broken", "", broken), failing))
    await run.on(options)
    assert run.skipped[0][0] == "broken"
    assert run.skipped[0][1].startswith("FAILED: GET /api/v1/namespaces/none/pods/none: 404: ")
    assert run.lines
