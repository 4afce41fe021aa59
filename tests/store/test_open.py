import subprocess
import sys

import pytest

from podo.api.errors import BadRequest
from podo.store.open import open_store


async def test_memory_is_a_new_store_each_time():
    async with open_store("memory") as store:
        await store.create("/a", b"")
    async with open_store("memory") as store:
        assert (await store.list("")).records == []


async def test_sqlite_is_the_store_in_that_file(tmp_path):
    for expected in (0, 1):
        async with open_store(f"sqlite:{tmp_path}/state.db") as store:
            assert len((await store.list("")).records) == expected
            await store.create(f"/{expected}", b"")


@pytest.mark.parametrize("url", ["", "sqlite:", "postgres://db", "etcd:host", "Memory", "etcd://", "etcd://h:1/x?y=z"])
async def test_what_names_no_store_is_refused_with_the_forms_that_do(url):
    with pytest.raises(BadRequest, match=r"give (memory, sqlite:FILE or etcd://HOST:PORT|etcd://HOST:PORT)"):
        async with open_store(url):
            pass


def test_etcd_and_grpc_are_loaded_only_for_an_etcd():
    program = "import sys, podo.store.open, podo.store.sqlite; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert not {"grpc", "aetcd", "google.protobuf"} & set(modules)
