"""Pulls from a real registry on loopback."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from podo.clock import SystemClock
from podo.node.images.base import Credentials, ImageNotFound, PullProgress, RegistryUnavailable
from podo.node.images.skopeo import SkopeoConfig
from podo.node.images.store import ImageStore
from podo.node.runtime.namespaces import drop_namespaces, make_namespaces
from tests.node.images.conftest import build

pytestmark = pytest.mark.e2e

JOE = "joe:$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"  # bcrypt of "secret"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def registry(folder: Path, accounts: str = "") -> Iterator[str]:
    """ "localhost:PORT" of a registry that lives in `folder`."""
    port = free_port()
    folder.mkdir()
    lines = [
        "version: 0.1",
        f"storage: {{filesystem: {{rootdirectory: {folder}}}}}",
        f"http: {{addr: 127.0.0.1:{port}}}",
    ]
    if accounts:
        (folder / "htpasswd").write_text(accounts + "\n")
        lines.append(f"auth: {{htpasswd: {{realm: r, path: {folder}/htpasswd}}}}")
    (folder / "config.yml").write_text("\n".join(lines))
    with subprocess.Popen(
        ["docker-registry", "serve", folder / "config.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            wait_for(port)
            yield f"localhost:{port}"
        finally:
            server.kill()


def wait_for(port: int) -> None:
    while True:
        with socket.socket() as connection:
            if connection.connect_ex(("127.0.0.1", port)) == 0:
                return
        os.sched_yield()


@pytest.fixture
async def pushed(store, builder, context, state):
    """A registry that has the image, and the image's name there."""
    await build(builder, context)
    with registry(state / "registry") as domain:
        await push(store, "box:v1", f"{domain}/team/box:v1")
        yield f"{domain}/team/box:v1"


async def push(store: ImageStore, name: str, target: str, *options: str) -> None:
    with store.layout(name) as layout:
        command = ["skopeo", "copy", "--quiet", "--dest-tls-verify=false", *options, f"oci:{layout}:image"]
        await asyncio.to_thread(subprocess.run, [*command, f"docker://{target}"], check=True)


@pytest.fixture
def other(state) -> ImageStore:
    return ImageStore(state / "other", SystemClock())


async def test_an_image_is_pulled_with_its_digest(store, other, pushed, state):
    seen: list[PullProgress] = []
    image = await other.pull(pushed, progress=seen.append)
    assert image.id == (await store.find("box:v1")).id
    assert image.tags == (pushed,)
    (digest,) = image.digests
    assert digest.startswith(pushed.rsplit(":", 1)[0] + "@sha256:")
    assert await other.find(digest) == image
    assert seen[-1].done == seen[-1].total > 0
    root = await other.mount(image.id, state / "c")
    assert (root / "bin/busybox").exists()
    await other.unmount(state / "c")


async def test_registries_are_reached_from_the_network_that_is_told(pushed, state):
    inside = ImageStore(state / "in", SystemClock(), SkopeoConfig(netns=Path("/proc/self/ns/net")))
    assert (await inside.pull(pushed)).tags == (pushed,)
    make_namespaces(state / "elsewhere", ("network",), hostname="", sysctls={})
    try:
        outside = ImageStore(state / "out", SystemClock(), SkopeoConfig(netns=state / "elsewhere/network"))
        with pytest.raises(RegistryUnavailable, match="connection refused"):
            await outside.pull(pushed)
    finally:
        drop_namespaces(state / "elsewhere")


async def test_a_pull_by_digest_brings_no_tag(store, other, pushed):
    digest = (await other.pull(pushed)).digests[0]
    again = ImageStore(other.root.with_name("again"), SystemClock())
    image = await again.pull(digest)
    assert (image.tags, image.digests) == ((), (digest,))


async def test_a_second_pull_moves_no_layers(other, pushed):
    first = await other.pull(pushed)
    seen: list[PullProgress] = []
    assert await other.pull(pushed, progress=seen.append) == first
    assert seen == []


async def test_a_pulled_image_is_idle_when_no_container_has_it_and_a_built_one_never_is(store, other, pushed, state):
    assert await store.idle() == ()
    image = await other.pull(pushed)
    (idle,) = await other.idle()
    assert idle.image == image
    await other.mount(image.id, state / "c")
    assert await other.idle() == ()
    await other.unmount(state / "c")
    assert await other.idle() == ()  # a dead container may be looked into
    shutil.rmtree(state / "c")
    (again,) = await other.idle()
    assert again.since > idle.since
    await other.remove(image.id)
    assert await other.idle() == ()
    assert list((state / "other/used").iterdir()) == []


async def test_many_pulls_at_once_do_the_work_once(other, pushed):
    twin = ImageStore(other.root, SystemClock())
    images = await asyncio.gather(*(store.pull(pushed) for store in (other, twin) * 3))
    assert len({image.id for image in images}) == 1
    assert len(await other.list()) == 1


async def test_a_tag_that_has_moved_is_followed(store, builder, context, other, pushed):
    first = await other.pull(pushed)
    (context / "Dockerfile").write_text("FROM box:v1\nENV NEW=1\n")
    await build(builder, context, "box:v2")
    await push(store, "box:v2", pushed)
    second = await other.pull(pushed)
    assert second.id != first.id
    assert (await other.find(first.id)).tags == ()
    assert (await other.find(pushed)).id == second.id


@pytest.mark.parametrize("name", ["team/nothing:v1", "team/box:nothing"])
async def test_what_the_registry_lacks_is_not_found(other, pushed, name):
    with pytest.raises(ImageNotFound, match="not found"):
        await other.pull(f"{pushed.split('/')[0]}/{name}")
    assert await other.list() == ()


async def test_a_registry_that_is_down_is_named(other):
    with pytest.raises(RegistryUnavailable, match="connection refused"):
        await other.pull(f"localhost:{free_port()}/x:v1")


async def test_a_private_registry_wants_credentials(store, builder, context, other, state):
    await build(builder, context)
    with registry(state / "private", JOE) as domain:
        name = f"{domain}/box:v1"
        await push(store, "box:v1", name, "--dest-creds=joe:secret")
        with pytest.raises(ImageNotFound, match="needs credentials"):
            await other.pull(name)
        with pytest.raises(ImageNotFound, match="needs credentials"):
            await other.pull(name, Credentials("joe", "wrong"))
        assert (await other.pull(name, Credentials("joe", "secret"))).tags == (name,)


async def test_a_pull_that_is_cancelled_leaves_nothing_half_done(other, pushed):
    for turns in (1, 5, 25, 125):
        pull = asyncio.ensure_future(other.pull(pushed))
        for _ in range(turns):
            await asyncio.sleep(0)
        pull.cancel()
        await asyncio.wait([pull])
    assert list((other.root / "tmp").iterdir()) == []
    assert (await other.pull(pushed)).tags == (pushed,)


async def test_a_mirror_stands_in(other, pushed, state):
    domain = pushed.split("/")[0]
    conf = state / "registries.conf"
    conf.write_text(f'[[registry]]\nprefix = "registry.example"\nlocation = "{domain}"\ninsecure = true\n')
    mirrored = ImageStore(state / "mirrored", SystemClock(), SkopeoConfig(registries_conf=conf))
    image = await mirrored.pull("registry.example/team/box:v1")
    assert image.tags == ("registry.example/team/box:v1",)
