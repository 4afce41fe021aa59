"""The store and its builder on the real machine: skopeo, buildah, overlay."""

import asyncio
import shutil
import subprocess
import tarfile
from pathlib import Path

import msgspec
import pytest

from podo.clock import SystemClock
from podo.node.images.base import BuildFailed, ImageFailure, ImageNotFound
from podo.node.images.store import ImageStore
from tests.node.images.conftest import build

pytestmark = pytest.mark.e2e


async def test_a_built_image_has_its_name_and_its_configuration(store, builder, context):
    lines = await build(builder, context)
    assert any("STEP 2/5: COPY busybox" in line for line in lines)
    (image,) = await store.list()
    assert image.tags == ("docker.io/library/box:v1",)
    assert (image.config.cmd, image.config.env[-1]) == (("/bin/sh",), "GREETING=hello")
    assert image.size > 1_000_000
    for name in ("box:v1", "docker.io/library/box:v1", image.id):
        assert await store.find(name) == image
    assert await store.find("box:v2") is None


async def test_a_root_is_mounted_written_and_mounted_again(store, builder, context, state):
    await build(builder, context)
    image = await store.find("box:v1")
    folder = state / "container"
    root = await store.mount(image.id, folder)
    assert await asyncio.to_thread(subprocess.check_output, ["chroot", root, "/bin/echo", "hi"]) == b"hi\n"
    (root / "new").write_text("x")
    await store.unmount(folder)
    await store.unmount(folder)
    assert not (root / "new").exists()
    assert (await store.mount(image.id, folder) / "new").read_text() == "x"
    await store.unmount(folder)


async def test_two_roots_of_an_image_do_not_see_each_other(store, builder, context, state):
    await build(builder, context)
    image = await store.find("box:v1")
    first, second = [await store.mount(image.id, state / name) for name in ("a", "b")]
    (first / "bin/busybox").unlink()
    assert (second / "bin/busybox").exists()
    for name in ("a", "b"):
        await store.unmount(state / name)


async def test_an_image_in_use_keeps_its_layers(store, builder, context, state):
    await build(builder, context)
    image = await store.find("box:v1")
    root = await store.mount(image.id, state / "c")
    assert await store.remove("box:v1")
    assert await store.find("box:v1") is None
    assert (root / "bin/busybox").exists()
    await store.unmount(state / "c")
    assert (await store.mount(image.id, state / "c") / "bin/busybox").exists()  # as after a reboot
    await store.unmount(state / "c")


async def test_what_nothing_uses_is_collected(store, builder, context, state):
    await build(builder, context)
    image = await store.find("box:v1")
    await store.mount(image.id, state / "c")
    await store.unmount(state / "c")
    shutil.rmtree(state / "c")
    assert await store.remove("box:v1")
    assert not await store.remove("box:v1")
    assert list((state / "images/blobs/sha256").iterdir()) == []
    assert list((state / "images/layers").iterdir()) == []


async def test_a_build_starts_from_an_image_of_the_store(store, builder, context):
    await build(builder, context)
    (context / "Dockerfile").write_text("FROM box:v1\nRUN echo $GREETING > /said\nARG WHO\nENV WHO=$WHO\n")
    await build(builder, context, "child:v1", args={"WHO": "me"})
    child = await store.find("child:v1")
    assert "WHO=me" in child.config.env
    assert child.id != (await store.find("box:v1")).id


async def test_a_second_build_reuses_the_first(store, builder, context):
    await build(builder, context)
    first = await store.find("box:v1")
    lines = await build(builder, context, "box:v2")
    assert any("Using cache" in line for line in lines)
    assert (await store.find("box:v2")).id == first.id


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "FROM scratch\nCOPY busybox /bin/sh\nRUN echo oops >&2; exit 3\n",
            r"Dockerfile:3: RUN .*: exit status 3\n  oops",
        ),
        ("FROM scratch\n\nCOPY nothere /x\n", r"Dockerfile:3: COPY nothere /x: .*no such file or directory"),
        ("FROM scratch\nCOPYY a b\n", r'Dockerfile:2: COPYY a b: .*Unknown instruction: "COPYY"'),
        ("", r'no contents in "'),
    ],
)
async def test_a_wrong_dockerfile_is_named_with_its_line(store, builder, context, text, said):
    (context / "Dockerfile").write_text(text)
    with pytest.raises(BuildFailed, match=said):
        await build(builder, context)
    assert await store.list() == ()


async def test_a_build_that_is_left_early_stops(store, builder, context, state):
    (context / "Dockerfile").write_text("FROM scratch\nCOPY busybox /bin/sh\nRUN while :; do :; done\n")
    async with asyncio.timeout(20), builder.build(context, tag="x") as lines:
        async for line in lines:
            if "RUN" in line:
                break
    assert await store.list() == ()


async def saved(store: ImageStore, name: str, target: Path, transport: str) -> Path:
    with store.layout(name) as layout:
        command = ["skopeo", "copy", "--quiet", f"oci:{layout}:image", f"{transport}:{target}:{name}"]
        await asyncio.to_thread(subprocess.run, command, check=True)
    return target


@pytest.mark.parametrize("transport", ["docker-archive", "oci-archive", "oci"])
async def test_an_archive_is_loaded(store, builder, context, state, transport):
    await build(builder, context)
    image = await store.find("box:v1")
    archive = await saved(store, "docker.io/library/box:v1", state / "archive", transport)
    other = ImageStore(state / "other", SystemClock())
    (loaded,) = await other.load(archive)
    assert (loaded.id, loaded.tags, loaded.config) == (image.id, image.tags, image.config)
    root = await other.mount(loaded.id, state / "c")
    assert (root / "bin/sh").is_symlink()
    await other.unmount(state / "c")


async def test_what_is_no_archive_is_named(store, state):
    (state / "junk").write_bytes(b"junk" * 1000)
    with pytest.raises(ImageFailure, match="is not an image archive"):
        await store.load(state / "junk")
    with pytest.raises(ImageFailure, match="no such file"):
        await store.load(state / "nothing")
    with tarfile.open(state / "empty.tar", "w"):
        pass
    with pytest.raises(ImageFailure, match="neither"):
        await store.load(state / "empty.tar")


async def test_an_archive_with_a_damaged_layer_is_refused(store, builder, context, state):
    await build(builder, context)
    layout = await saved(store, "docker.io/library/box:v1", state / "layout", "oci")
    largest = max((layout / "blobs/sha256").iterdir(), key=lambda blob: blob.stat().st_size)
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 1
    largest.write_bytes(data)
    other = ImageStore(state / "other", SystemClock())
    with pytest.raises(ImageFailure):
        await other.load(layout)
    assert await other.list() == ()


async def test_a_tag_is_a_further_name(store, builder, context):
    await build(builder, context)
    assert (await store.tag("box:v1", "example.com/box:v2")).tags[-1] == "example.com/box:v2"
    assert await store.remove("box:v1")
    assert (await store.find("example.com/box:v2")).tags == ("example.com/box:v2",)
    with pytest.raises(ImageNotFound):
        await store.tag("box:v1", "y")


async def test_the_index_survives_its_process(store, builder, context, state):
    await build(builder, context)
    again = ImageStore(state / "images", SystemClock())
    assert await again.list() == await store.list()
    assert msgspec.json.decode((state / "images/index.json").read_bytes())[0]["tags"] == ["docker.io/library/box:v1"]
