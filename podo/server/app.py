"""The API server, from its configuration to the moment that it answers."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from podo.clock import Clock, SystemClock
from podo.server.allocation.pools import Addresses, Ports
from podo.server.allocation.services import ServiceAllocation
from podo.server.answer import Answer, text_answer
from podo.server.authentication.certificate import CertificateAuthenticator
from podo.server.authentication.token_file import StaticTokens, read_tokens
from podo.server.authentication.union import Union
from podo.server.authorization.base import AllowAll
from podo.server.bodies import Bodies
from podo.server.bootstrap.objects import bootstrap
from podo.server.core import Core, running_core
from podo.server.fields import Fields, built_in_versions
from podo.server.forms import NoTables
from podo.server.http.handler import Handler, PathHandler, PathRequest
from podo.server.http.resources import Resources
from podo.server.http.serving import TLSFiles, bind, listening, tls_context
from podo.server.http.watching import Watching
from podo.server.metrics import Requests
from podo.server.patching import Patches
from podo.store.open import FullStore, open_store


@dataclass(frozen=True, kw_only=True)
class ServerConfig:
    """What an API server is told. Port 0 takes a free one; `tls` None serves plain HTTP (for tests)."""

    host: str = "127.0.0.1"
    port: int = 6443
    store: str = "memory"
    service_cidr: str = "10.96.0.0/16"
    tls: TLSFiles | None = None
    token_file: Path | None = None
    service_account_key: Path | None = None
    service_account_issuer: str = "https://kubernetes.default.svc.cluster.local"


@dataclass(frozen=True)
class Server:
    """A server that answers: where, and its core for what runs beside it."""

    core: Core
    host: str
    port: int


@asynccontextmanager
async def serving(config: ServerConfig, clock: Clock | None = None) -> AsyncIterator[Server]:
    """Build and serve until left. Raises OSError where the address is taken, APIError where the store will not open."""
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        sock = bind(config.host, config.port)
        stack.callback(sock.close)
        store = await stack.enter_async_context(open_store(config.store, clock=clock))
        core = await stack.enter_async_context(
            running_core(
                store,
                clock,
                fields=Fields(built_in_versions),
                patcher=Patches(built_in_versions),
                shared=config.store.startswith("etcd:"),
            )
        )
        host, port = sock.getsockname()[:2]
        install_hooks(core, store, config.service_cidr)
        await bootstrap(core, service_cidr=config.service_cidr, port=port)
        handler = handler_of(config, core)
        tls = tls_context(config.tls) if config.tls else None
        await stack.enter_async_context(listening(handler, [sock], tls))
        yield Server(core, host, port)


def install_hooks(core: Core, store: FullStore, service_cidr: str) -> None:
    """What kinds need around their writes."""
    chance = random.Random()
    ranges = core.catalog.by_path("networking.k8s.io", "v1", "servicecidrs")
    addresses = core.catalog.by_path("networking.k8s.io", "v1", "ipaddresses")
    assert ranges is not None
    assert addresses is not None
    pool = Addresses(core.registry, ranges, addresses, service_cidr.split(","), chance)
    core.registry.hooks["", "Service"] = ServiceAllocation(pool, Ports(store, core.cache, chance))


def handler_of(config: ServerConfig, core: Core) -> Handler:
    """The chain, put together."""
    tokens = StaticTokens(read_tokens(config.token_file) if config.token_file else {})
    requests = Requests()
    resources = Resources(core, decoder=Bodies(), tables=NoTables(), watching=Watching(core))
    return Handler(
        identify=Union([CertificateAuthenticator(), tokens]),
        authorizer=AllowAll(),
        resources=resources,
        paths=plain_paths(core, requests),
        requests=requests,
        clock=core.clock,
    )


def plain_paths(core: Core, requests: Requests) -> dict[str, PathHandler]:
    """What is served beside resources."""

    async def healthy(request: PathRequest) -> Answer:
        return text_answer("ok")

    async def metrics(request: PathRequest) -> Answer:
        return text_answer("".join(requests.lines()))

    return {"/healthz": healthy, "/livez": healthy, "/readyz": healthy, "/metrics": metrics}


async def run(config: ServerConfig) -> None:
    """Serve until cancelled."""
    async with serving(config):
        await asyncio.Event().wait()
