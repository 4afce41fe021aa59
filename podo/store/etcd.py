"""The store for more than one server: etcd's own keys, revisions and watches (docs/adr/0011).

aetcd gives us etcd's messages and stubs; the calls are our own, since its client knows no limit, no past revision and
no watch that can be resumed. Only this file imports it, and gRPC with it: both are slow to load.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc
from aetcd import rpc

from podo.api.errors import APIError, BadRequest, Expired, RequestEntityTooLarge, ServiceUnavailable
from podo.clock import Clock
from podo.store import refusals
from podo.store.base import Event, EventType, Page, Record, Revision
from podo.store.keys import key_after, prefix_end
from podo.store.retention import Retention

_FROM_FIRST, _NO_END = b"\0", b"\0"  # etcd's words for the range of all keys
_PAUSES = (0.1, 0.5, 2.0, 5.0)  # seconds before a broken watch is taken up again; the last one repeats
_CHANNEL = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 5_000),
)


@dataclass(frozen=True)
class EtcdConfig:
    """`endpoints` are HOST:PORT; several must be IP addresses. With `ca`, TLS, and a client certificate if given."""

    endpoints: tuple[str, ...]
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    retention: Retention = field(default_factory=Retention)
    timeout: float = 10.0  # seconds a call may take

    @classmethod
    def from_url(cls, url: str) -> "EtcdConfig":
        """etcd://HOST:PORT[,IP:PORT…][?ca=FILE[&cert=FILE&key=FILE]]."""
        parts = urlsplit(url)
        endpoints, files = tuple(filter(None, parts.netloc.split(","))), parse_qs(parts.query)
        if not endpoints or parts.path not in ("", "/") or files.keys() - {"ca", "cert", "key"}:
            raise BadRequest(f'"{url}" is no etcd: give etcd://HOST:PORT[,IP:PORT...][?ca=FILE[&cert=FILE&key=FILE]]')
        ca, certificate, key = (Path(files[name][0]) if name in files else None for name in ("ca", "cert", "key"))
        return cls(tuple(e if ":" in e else f"{e}:2379" for e in endpoints), ca, certificate, key)


@asynccontextmanager
async def open_etcd(config: EtcdConfig, clock: Clock) -> AsyncIterator["EtcdStore"]:
    """A store on the etcd of `config`; ServiceUnavailable if none answers there. Compacts it while open."""
    async with _channel(config) as channel:
        store = EtcdStore(channel, config, clock)
        await store.revision()
        async with asyncio.TaskGroup() as tasks:
            compaction = tasks.create_task(_compact_by_age(store, config.retention, clock), name="etcd compaction")
            try:
                yield store
            finally:
                compaction.cancel()
                store.close()


def _channel(config: EtcdConfig) -> Any:
    several = len(config.endpoints) > 1
    target = "ipv4:" + ",".join(config.endpoints) if several else config.endpoints[0]
    if not config.ca:
        return grpc.aio.insecure_channel(target, options=_CHANNEL)
    ca, key, certificate = (path.read_bytes() if path else None for path in (config.ca, config.key, config.certificate))
    return grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(ca, key, certificate), options=_CHANNEL)


async def _compact_by_age(store: "EtcdStore", retention: Retention, clock: Clock) -> None:
    """Forget what is older than the retention's age. Several servers may do this to one etcd."""
    seen: Revision | None = None
    while True:
        try:
            if seen is not None:
                await store.compact(seen)
            seen = await store.revision()
        except APIError:  # etcd is away, or another server went further: again after `age`
            pass
        await clock.sleep(retention.age.total_seconds())


class EtcdStore:
    """See `podo.store.base`. Open it by `open_etcd`."""

    def __init__(self, channel: Any, config: EtcdConfig, clock: Clock) -> None:
        self._config, self._clock = config, clock
        self._kv, self._watch = rpc.KVStub(channel), rpc.WatchStub(channel)
        self._streams: set[Any] = set()
        self._closed = False

    def close(self) -> None:
        """End all watches. Later calls raise ServiceUnavailable."""
        self._closed = True
        for call in self._streams:
            call.cancel()

    async def revision(self) -> Revision:
        request = rpc.RangeRequest(key=_FROM_FIRST, count_only=True)
        return Revision((await self._call(self._kv.Range, request)).header.revision)

    async def get(self, key: str) -> Record | None:
        answer = await self._call(self._kv.Range, rpc.RangeRequest(key=key.encode()))
        return _record(answer.kvs[0]) if answer.kvs else None

    async def list(self, prefix: str, *, limit: int = 0, start: str = "", at: Revision | None = None) -> Page:
        first, end = _range(prefix, start)
        request = rpc.RangeRequest(key=first, range_end=end, limit=limit, revision=at or 0)
        answer = await self._call(self._kv.Range, request, revision=at)
        records = [_record(kv) for kv in answer.kvs]
        next_key = key_after(records[-1].key) if answer.more else ""
        return Page(records, at or Revision(answer.header.revision), next_key, answer.count - len(records))

    async def create(self, key: str, value: bytes) -> Record:
        absent = _compare(key, rpc.Compare.EQUAL, version=0)
        answer = await self._transact((absent,), _put(key, value), ())
        if not answer.succeeded:
            raise refusals.exists(key)
        revision = Revision(answer.header.revision)
        return Record(key, value, revision, revision)

    async def update(self, key: str, value: bytes, *, expect: Revision) -> Record:
        written = _get(key, keys_only=True)
        answer = await self._transact(_current(key, expect), (*_put(key, value), *written), written)
        kvs = answer.responses[-1].response_range.kvs
        if not answer.succeeded:
            raise _refused(key, kvs, expect)
        return _record(kvs[0])._replace(value=value)

    async def delete(self, key: str, *, expect: Revision | None = None) -> Record:
        deletion = rpc.RequestOp(request_delete_range=rpc.DeleteRangeRequest(key=key.encode(), prev_kv=True))
        answer = await self._transact(_current(key, expect), (deletion,), _get(key, keys_only=True))
        if not answer.succeeded:
            raise _refused(key, answer.responses[0].response_range.kvs, expect)
        last = _record(answer.responses[0].response_delete_range.prev_kvs[0])
        return last._replace(modified=Revision(answer.header.revision))

    async def compact(self, revision: Revision) -> None:
        try:
            await self._call(self._kv.Compact, rpc.CompactionRequest(revision=revision), revision=revision)
        except Expired:  # already done
            pass

    async def watch(self, prefix: str, *, since: Revision) -> AsyncGenerator[Event, None]:
        """A broken connection is taken up again where it broke."""
        failures = 0
        while True:
            try:
                async for event in self._stream(prefix, since):
                    failures, since = 0, event.record.modified
                    yield event
            except ServiceUnavailable:
                if self._closed:
                    raise
                await self._clock.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
                failures += 1

    async def _stream(self, prefix: str, since: Revision) -> AsyncIterator[Event]:
        """One connection's events. Several of one revision (a transaction of another client) would come together."""
        first, end = _range(prefix, "")
        request = rpc.WatchCreateRequest(key=first, range_end=end, start_revision=since + 1, prev_kv=True)
        self._check_open()
        call = self._watch.Watch()
        self._streams.add(call)
        try:
            with self._errors(since):
                await call.write(rpc.WatchRequest(create_request=request))
                async for response in call:
                    if response.compact_revision:
                        raise refusals.forgotten(since, Revision(response.compact_revision))
                    if response.canceled:
                        raise ServiceUnavailable(f"etcd ended the watch: {response.cancel_reason}")
                    for event in response.events:
                        yield _event(event, since)
            raise ServiceUnavailable("etcd ended the watch")
        finally:
            self._streams.discard(call)
            call.cancel()

    def _check_open(self) -> None:
        if self._closed:
            raise refusals.closed()

    async def _transact(self, compare: tuple[Any, ...], then: tuple[Any, ...], otherwise: tuple[Any, ...]) -> Any:
        return await self._call(self._kv.Txn, rpc.TxnRequest(compare=compare, success=then, failure=otherwise))

    async def _call(self, method: Any, request: Any, *, revision: Revision | None = None) -> Any:
        self._check_open()
        with self._errors(revision):
            return await method(request, timeout=self._config.timeout)

    @contextmanager
    def _errors(self, revision: Revision | None) -> Iterator[None]:
        """Raise gRPC's errors as ours; `revision` is the one that was asked for."""
        try:
            yield
        except asyncio.CancelledError:  # also how gRPC tells of a call that `close` ended
            task = asyncio.current_task()
            if self._closed and not (task and task.cancelling()):
                raise refusals.closed() from None
            raise
        except grpc.aio.AioRpcError as error:
            raise _translated(error, ", ".join(self._config.endpoints), revision) from error


def _range(prefix: str, start: str) -> tuple[bytes, bytes]:
    return max(prefix, start).encode() or _FROM_FIRST, prefix_end(prefix).encode() or _NO_END


def _record(kv: Any) -> Record:
    return Record(kv.key.decode(), kv.value, Revision(kv.create_revision), Revision(kv.mod_revision))


def _event(event: Any, since: Revision) -> Event:
    record = _record(event.kv)
    previous = _record(event.prev_kv) if event.prev_kv.mod_revision else None
    if event.type == rpc.Event.PUT and record.created == record.modified:
        return Event(EventType.ADDED, record, None)
    if previous is None:  # compacted while this watch lagged behind
        raise refusals.forgotten(since, record.modified)
    if event.type == rpc.Event.PUT:
        return Event(EventType.MODIFIED, record, previous)
    return Event(EventType.DELETED, previous._replace(modified=record.modified), previous)


def _current(key: str, expect: Revision | None) -> tuple[Any, ...]:
    """That `key` exists (a missing one has version 0 and modification 0), at the revision `expect` if given."""
    exists = _compare(key, rpc.Compare.GREATER, version=0)
    return (exists,) if expect is None else (exists, _compare(key, rpc.Compare.EQUAL, mod_revision=expect))


def _compare(key: str, result: Any, **number: int) -> Any:
    """That this number of `key` (version or mod_revision) compares so."""
    target = rpc.Compare.MOD if "mod_revision" in number else rpc.Compare.VERSION
    return rpc.Compare(key=key.encode(), target=target, result=result, **number)


def _put(key: str, value: bytes) -> tuple[Any, ...]:
    return (rpc.RequestOp(request_put=rpc.PutRequest(key=key.encode(), value=value)),)


def _get(key: str, *, keys_only: bool) -> tuple[Any, ...]:
    return (rpc.RequestOp(request_range=rpc.RangeRequest(key=key.encode(), keys_only=keys_only)),)


def _refused(key: str, kvs: Any, expect: Revision | None) -> APIError:
    """Why a transaction did not succeed: `kvs` is what there is under `key`."""
    if not kvs:
        return refusals.missing(key)
    return refusals.stale(key, expect or Revision(0), Revision(kvs[0].mod_revision))


def _translated(error: Any, endpoints: str, revision: Revision | None) -> APIError:
    """Our error for gRPC's. etcd has no codes of its own on the wire, so its words decide."""
    words: str = error.details() or ""
    if "compacted" in words:
        return refusals.forgotten(revision or Revision(0), None)
    if "future revision" in words:
        return refusals.ahead(revision or Revision(0), None)
    if "request is too large" in words or "message larger than max" in words:  # etcd's limit, or its gRPC's
        return RequestEntityTooLarge(f"etcd refuses the object: {words}; see its --max-request-bytes")
    if "space exceeded" in words:
        return ServiceUnavailable(
            f"etcd at {endpoints} has no space left: compact and defragment it, then `etcdctl alarm disarm` ({words})"
        )
    if error.code() is grpc.StatusCode.UNAVAILABLE:
        return ServiceUnavailable(f"cannot reach etcd at {endpoints}: check that it runs and has a leader ({words})")
    return ServiceUnavailable(f"etcd at {endpoints} fails: {words} ({error.code().name})")
