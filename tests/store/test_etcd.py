"""What only the etcd store has: a server that may be away, and an address."""

import asyncio
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest

from podo.api.errors import RequestEntityTooLarge, ServiceUnavailable
from podo.store.base import Record, Revision
from podo.store.open import FullStore, open_store
from tests.contract.stores import etcd


def config(url: str):
    from podo.store.etcd import EtcdConfig

    return EtcdConfig.from_url(url)


def test_an_address_may_name_several_members_and_leave_out_the_port():
    assert config("etcd://10.0.0.1,10.0.0.2:2380").endpoints == ("10.0.0.1:2379", "10.0.0.2:2380")


def test_an_address_may_name_the_files_for_tls():
    found = config("etcd://db:2379?ca=/pki/ca.crt&cert=/pki/me.crt&key=/pki/me.key")
    assert (found.ca, found.certificate, found.key) == tuple(map(Path, ("/pki/ca.crt", "/pki/me.crt", "/pki/me.key")))


@pytest.mark.e2e
async def test_where_no_etcd_answers_that_is_said_with_what_to_check():
    with pytest.raises(ServiceUnavailable, match=r"cannot reach etcd at 127.0.0.1:1: check that it runs"):
        async with open_store("etcd://127.0.0.1:1"):
            pass


@pytest.mark.e2e
async def test_an_object_beyond_etcds_limit_is_too_large():
    async with etcd() as server, open_store(server.url) as store:
        with pytest.raises(RequestEntityTooLarge, match="--max-request-bytes"):
            await store.create("/big", bytes(3_000_000))


async def persistently(store: FullStore, key: str) -> Record:
    """Create `key` as soon as etcd is back."""
    while True:
        try:
            return await store.create(key, b"")
        except ServiceUnavailable:
            await asyncio.sleep(0.05)


@pytest.mark.e2e
async def test_a_killed_etcd_loses_no_answered_write_and_watches_go_on_where_they_were():
    async with asyncio.timeout(60), AsyncExitStack() as stack:
        server = await stack.enter_async_context(etcd())
        store = await stack.enter_async_context(open_store(server.url))
        watch = await stack.enter_async_context(aclosing(store.watch("/", since=Revision(1))))
        written: list[Record] = []
        seen: list[Record] = []
        for turn in range(3):
            answers = await asyncio.gather(*(persistently(store, f"/{turn}/{n}") for n in range(20)))
            written += sorted(answers, key=lambda record: record.modified)
            seen += [(await anext(watch)).record for _ in range(10)]  # so that it lags when etcd dies
            await server.kill()
            await server.start()
        assert (await store.list("/")).records == sorted(written)
        assert seen + [(await anext(watch)).record for _ in range(30)] == written
