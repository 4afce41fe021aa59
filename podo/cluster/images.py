"""Images of a cluster from the command line: built, loaded, pulled, listed, removed. All nodes share one store."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from podo.clock import SystemClock
from podo.cluster import config, runtimes
from podo.cluster.config import check_name
from podo.cluster.errors import ClusterError
from podo.cluster.paths import Paths, paths
from podo.node.images.base import Image, ImageFailure, Images, PullProgress
from podo.node.images.buildah import Buildah, BuildahConfig
from podo.node.images.store import ImageStore

Progress = Callable[[str], None]
T = TypeVar("T")


def _where(name: str, state_dir: str) -> Paths:
    """The cluster's paths; its store may be filled before the cluster is up."""
    check_name(name)
    return paths(name, Path(state_dir) if state_dir else None)


def _store(where: Paths) -> ImageStore:
    try:
        return ImageStore(where.images, SystemClock())
    except PermissionError as error:
        raise ClusterError(f"{error.filename}: permission denied", hint="use sudo") from error


def _runtime(where: Paths) -> str:
    """The runtime of others that the cluster's nodes have their containers from; "" without."""
    return config.load(where).runtime if where.config.exists() else ""


@asynccontextmanager
async def _images(where: Paths) -> AsyncIterator[Images]:
    """What the nodes have: in podo's own store, or in their runtime."""
    if runtime := _runtime(where):
        async with runtimes.images_of(runtime) as images:
            yield images
    else:
        yield _store(where)


def _run(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`. A failure of an image becomes one of the command."""
    try:
        return asyncio.run(work)
    except ImageFailure as error:
        raise ClusterError(str(error)) from error


def build(
    name: str,
    state_dir: str,
    context: Path,
    *,
    tag: str,
    file: Path | None,
    arguments: Sequence[str],
    progress: Progress,
) -> str:
    """Build an image; its reference. Raises ClusterError with the line of the Dockerfile that failed."""
    if not context.is_dir():
        raise ClusterError(f"{context} is no folder", hint="name the folder with the Dockerfile: podo build -t NAME .")
    given = dict(_argument(each) for each in arguments)
    where = _where(name, state_dir)
    store = _store(where)
    builder = Buildah(store, SystemClock(), BuildahConfig(where.state / "build", where.run / "build"))

    async def work() -> None:
        async with builder.build(context, dockerfile=file, tag=tag, args=given) as lines:
            async for line in lines:
                progress(f"  {line.rstrip()}")
        if runtime := _runtime(where):
            built = await store.find(tag)
            await runtimes.hand_over(runtime, store, [built] if built else [])

    _run(work())
    return tag


def _argument(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ClusterError(f"--build-arg {text}: no value", hint="write NAME=VALUE")
    return key, value


def load(name: str, state_dir: str, archive: Path) -> list[str]:
    """Load an archive; the references of its images."""
    if not archive.exists():
        raise ClusterError(f"{archive} does not exist")
    where = _where(name, state_dir)
    store = _store(where)

    async def work() -> tuple[Image, ...]:
        images = await store.load(archive)
        if runtime := _runtime(where):
            await runtimes.hand_over(runtime, store, images)
        return images

    return [_title(image) for image in _run(work())]


def pull(name: str, state_dir: str, reference: str, progress: Progress) -> str:
    """Pull an image; its reference."""

    def report(at: PullProgress) -> None:
        share = f" {at.done * 100 // at.total} % of {at.total / 2**20:.1f} MiB" if at.total else ""
        progress(f"  {at.reference}: {at.status}{share}")

    async def work() -> Image:
        async with _images(_where(name, state_dir)) as images:
            return await images.pull(reference, progress=report)

    return _title(_run(work()))


def rm(name: str, state_dir: str, reference: str) -> None:
    """Remove an image. Raises ClusterError if there is none."""

    async def work() -> bool:
        async with _images(_where(name, state_dir)) as images:
            return await images.remove(reference)

    if not _run(work()):
        raise ClusterError(f"there is no image {reference!r}", hint="podo image ls lists them")


def ls(name: str, state_dir: str) -> list[dict[str, Any]]:
    """A row for each image."""
    where = _where(name, state_dir)
    if not where.images.exists():
        return []

    async def work() -> tuple[Image, ...]:
        async with _images(where) as images:
            return await images.list()

    return [
        {
            "image": _title(image),
            "id": image.id.removeprefix("sha256:")[:12],
            "size": f"{image.size / 2**20:.1f} MiB",
            "bytes": image.size,
            "tags": list(image.tags),
            "digest": image.digests[0] if image.digests else "",
            "created": image.created,
        }
        for image in _run(work())
    ]


def _title(image: Image) -> str:
    """The shortest name that a user would give it."""
    if not image.tags:
        return image.id
    return image.tags[0].removeprefix("docker.io/library/").removeprefix("docker.io/")
