"""From the address of a store to the store: the one place that knows all implementations."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from podo.api.errors import BadRequest
from podo.clock import Clock, SystemClock
from podo.store.base import Compacting, Numbered, Store
from podo.store.memory import MemoryStore
from podo.store.retention import Retention

FORMS = "memory, sqlite:FILE or etcd://HOST:PORT"


class FullStore(Store, Compacting, Numbered, Protocol):
    """What every store of ours can do."""


@asynccontextmanager
async def open_store(
    url: str, *, clock: Clock | None = None, retention: Retention | None = None
) -> AsyncIterator[FullStore]:
    """The store at `url`, which has one of the FORMS, until the block ends.

    BadRequest if `url` names none; ServiceUnavailable, with what to do, if it cannot be opened. `retention` is None for
    the store's own; etcd is told to forget by age alone, and keeps by its own settings what other clients put there.
    """
    scheme, _, rest = url.partition(":")
    clock = clock or SystemClock()
    if url == "memory":
        memory = MemoryStore(retention, clock)
        try:
            yield memory
        finally:
            memory.close()
    elif scheme == "sqlite" and rest:
        from podo.store.sqlite import SqliteConfig, open_sqlite

        path = Path(rest)
        config = SqliteConfig(path, retention) if retention else SqliteConfig(path)
        async with open_sqlite(config, clock) as sqlite:
            yield sqlite
    elif scheme == "etcd" and rest.startswith("//"):
        from podo.store.etcd import EtcdConfig, open_etcd

        async with open_etcd(EtcdConfig.from_url(url), clock) as etcd:
            yield etcd
    else:
        raise BadRequest(f'"{url}" is no store: give {FORMS}')
