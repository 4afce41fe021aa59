"""Registries that are slow, refuse, fail or lie: each failure is told as what it is, and leaves nothing behind."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from podo.clock import SystemClock
from podo.node.images.base import ImageFailure, ImageNotFound, RegistryUnavailable
from podo.node.images.store import ImageStore

pytestmark = pytest.mark.e2e
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
LAYER, CONFIG = b"no tar at all", b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def manifest(layer_size: int = len(LAYER)) -> bytes:
    blobs = ((CONFIG, "container.image.v1+json", len(CONFIG)), (LAYER, "image.rootfs.diff.tar.gzip", layer_size))
    config, layer = (
        {"mediaType": f"application/vnd.docker.{kind}", "digest": digest(blob), "size": size}
        for blob, kind, size in blobs
    )
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}).encode()


@asynccontextmanager
async def registry(manifests, blobs=None) -> AsyncIterator[str]:
    """The domain of a registry that answers as it is told."""

    async def nothing(request):
        return web.Response(status=404)

    async def greet(request):
        return web.json_response({})

    app = web.Application()
    app.router.add_get("/v2/", greet)
    app.router.add_get("/v2/box/manifests/{name}", manifests)
    app.router.add_get("/v2/box/blobs/{digest}", blobs or nothing)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
def store(tmp_path) -> ImageStore:
    return ImageStore(tmp_path / "images", SystemClock())


async def is_empty(store: ImageStore) -> bool:
    await store.collect()
    kept = [path for folder in ("blobs/sha256", "layers", "tmp") for path in (store.root / folder).iterdir()]
    return await store.list() == () and [p.name for p in kept if p.name != "empty"] == []


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        *((status, ImageNotFound) for status in (401, 403, 404)),
        *((status, RegistryUnavailable) for status in (500, 502, 503)),
    ],
)
async def test_a_refusal_is_told_as_what_it_is(store, status, failure):
    async def refuse(request):
        return web.Response(status=status, text="no")

    async with registry(refuse) as domain:
        with pytest.raises(failure):
            await store.pull(f"{domain}/box:v1")
    assert await is_empty(store)


async def test_a_registry_that_wants_less_is_worth_trying_again(store):
    async def refuse(request):
        return web.Response(status=429, headers={"Retry-After": "1"}, text="toomanyrequests")

    async with registry(refuse) as domain:
        with pytest.raises(RegistryUnavailable):
            await store.pull(f"{domain}/box:v1")
    assert await is_empty(store)


@pytest.mark.parametrize("content", [b"{", b"[]", b"<html>login</html>", b"{}"])
async def test_a_manifest_that_is_none_is_refused(store, content):
    async def lie(request):
        return web.Response(body=content, content_type=MANIFEST)

    async with registry(lie) as domain:
        with pytest.raises(ImageFailure):
            await store.pull(f"{domain}/box:v1")
    assert await is_empty(store)


@pytest.mark.parametrize("layer", [LAYER[:-4], LAYER + b"more", b"x" * len(LAYER)], ids=["cut", "longer", "other"])
async def test_a_layer_that_is_not_what_its_digest_says_is_refused(store, layer):
    async def manifests(request):
        return web.Response(body=manifest(), content_type=MANIFEST)

    async def blobs(request):
        return web.Response(body=CONFIG if request.match_info["digest"] == digest(CONFIG) else layer)

    async with registry(manifests, blobs) as domain:
        with pytest.raises(ImageFailure):
            await store.pull(f"{domain}/box:v1")
    assert await is_empty(store)


async def test_another_manifest_than_was_asked_for_is_refused(store):
    async def manifests(request):
        return web.Response(body=manifest(), content_type=MANIFEST)

    async with registry(manifests) as domain:
        with pytest.raises(ImageFailure):
            await store.pull(f"{domain}/box@sha256:{'0' * 64}")
    assert await is_empty(store)


async def test_a_registry_that_never_answers_holds_nobody_who_gives_up(store):
    reached = asyncio.Event()

    async def hang(request):
        reached.set()
        await asyncio.get_running_loop().create_future()

    async with registry(hang) as domain:
        pulling = asyncio.ensure_future(store.pull(f"{domain}/box:v1"))
        await reached.wait()
        pulling.cancel()
        async with asyncio.timeout(5):
            with pytest.raises(asyncio.CancelledError):
                await pulling
    assert await is_empty(store)
