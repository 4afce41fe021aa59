"""Starting a cluster to measure it, here an API server alone."""

import socket
import sys
from pathlib import Path

import pytest

from bench.client import Client, Refused
from bench.own import own_cluster
from bench.start import ROUNDS, started
from bench.target import Options


def options(folder: Path, **more: str) -> Options:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    kubeconfig = folder / "kubeconfig"
    server = f"{sys.executable} -m podo.main server --api-only --listen 127.0.0.1:{port} --kubeconfig-out {kubeconfig}"
    return Options(kubeconfig, **({"start": server} | more))


@pytest.mark.slow
async def test_a_cluster_is_started_some_times_the_last_one_stays_and_is_stopped_at_the_end(tmp_path):
    stops, prepared = tmp_path / "stops", tmp_path / "prepared"
    wanted = options(tmp_path, stop=f"sh -c 'echo >>{stops}'", prepare=f"touch {prepared}")
    async with started(wanted, nodes=False, log=tmp_path / "log") as readings:
        assert [(reading.case, reading.count) for reading in readings] == [("start → API ready", ROUNDS)]
        client = Client.from_kubeconfig(wanted.kubeconfig)
        await client.one("GET", "/readyz")
        assert prepared.exists()
    with pytest.raises(OSError, match=r"."):
        await client.one("GET", "/readyz")
    assert len(stops.read_text()) == 2 * ROUNDS


async def test_a_start_that_fails_is_said_with_its_log(tmp_path):
    with pytest.raises(Refused, match=r"start command failed with status 3: see .*/log"):
        async with started(options(tmp_path, start="sh -c 'echo why; exit 3'"), nodes=False, log=tmp_path / "log"):
            pass
    assert (tmp_path / "log").read_text() == "why\n"


def test_our_own_cluster_has_a_name_that_no_user_would_give_to_his():
    own = own_cluster(Options(Path()))
    assert all("--name podo-bench" in command for command in (own.start, own.stop, own.prepare))
    assert own.kubeconfig == Path("/var/lib/podo/podo-bench/kubeconfig")
