"""The image store: CRI's image verbs, and what a node needs to run from it.

An image's id is "sha256:" and the digest of its configuration; a reference is normalised as containerd does it ("nginx"
is "docker.io/library/nginx:latest"). Safe to use from several agents and CLI processes at once.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol


class ImageFailure(Exception):
    """Something about an image failed; the text is for the user (it goes into events and statuses)."""


class InvalidImageName(ImageFailure):
    """The reference cannot be parsed."""


class ImageNotFound(ImageFailure):
    """It is not in the store, or its registry does not have it (or does not show it to us)."""


class RegistryUnavailable(ImageFailure):
    """The registry cannot be reached or answers with a server error; worth trying again."""


class BuildFailed(ImageFailure):
    """The build stopped; the text names the instruction and, where known, its line."""


@dataclass(frozen=True)
class Credentials:
    """For one pull. `identity_token` or `registry_token` replace the password."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class PullProgress:
    """How far a pull is. Bytes of layers; `total` is 0 until the manifest is read. `status` is for the user."""

    reference: str
    status: str
    done: int = 0
    total: int = 0


Progress = Callable[[PullProgress], None]


@dataclass(frozen=True, kw_only=True)
class ImageConfig:
    """What an image says about how to run it."""

    user: str = ""
    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    working_dir: str = ""
    stop_signal: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image in the store. `size` is its layers, compressed, and its documents, in bytes."""

    id: str
    tags: tuple[str, ...]  # "docker.io/library/hello:v1"
    digests: tuple[str, ...]  # "docker.io/library/hello@sha256:…"
    size: int
    config: ImageConfig
    created: str = ""  # RFC 3339, as the image says
    architecture: str = ""


class Images(Protocol):
    """CRI's image service."""

    async def pull(
        self, reference: str, credentials: Credentials | None = None, progress: Progress | None = None
    ) -> Image:
        """Fetch what is missing and unpack it. Several pulls of the same at once do the work once.

        Raises InvalidImageName, ImageNotFound, RegistryUnavailable, ImageFailure.
        """
        ...

    async def find(self, reference: str) -> Image | None:
        """The image of a reference, digest or id (ImageStatus), or None. Raises InvalidImageName."""
        ...

    async def list(self) -> tuple[Image, ...]:
        """All images, by their first tag."""
        ...

    async def remove(self, reference: str) -> bool:
        """Forget a tag; with the last one (or by id) the image and what only it used. False: there was none."""
        ...

    async def load(self, archive: Path) -> tuple[Image, ...]:
        """Take in a docker-archive, an OCI archive or an OCI layout folder."""
        ...


@dataclass(frozen=True)
class Owners:
    """As whose the files of an image are to be seen: the owner 0 of a layer is `first`, and so on, as the user
    namespace that is bound to `namespace` has them."""

    first: int
    namespace: Path


class Rootfs(Protocol):
    """Root file systems of containers."""

    async def mount(self, image_id: str, container_dir: Path, owners: Owners | None = None) -> Path:
        """Unpack the image if need be, and mount it writable: a root under `container_dir`, which also keeps what is
        written; with `owners`, for a container in a user namespace. Mounting again (after a reboot) shows it again.
        While the folder exists the image's layers stay."""
        ...

    async def unmount(self, container_dir: Path) -> None:
        """Take the mount away; what was written stays until the caller deletes the folder. May be repeated."""
        ...


@dataclass(frozen=True)
class IdleImage:
    """An image that no container has, and since when (or since it was pulled)."""

    image: Image
    since: datetime


class ImageDisk(Protocol):
    """What the garbage collector of a node looks at."""

    async def idle(self) -> tuple[IdleImage, ...]:
        """The images that may go, longest idle first: not those of any node's containers, and none that was built or
        loaded here, since no registry could give it back."""
        ...

    async def used_bytes(self) -> tuple[int, int]:
        """Bytes and inodes that the store takes."""
        ...

    async def collect(self) -> int:
        """Delete blobs and layers that no image and no container uses; the bytes freed."""
        ...


class Builder(Protocol):
    """Containerfiles to images."""

    def build(
        self, context: Path, *, dockerfile: Path | None = None, tag: str = "", args: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """Build; iterate over the log's lines. Leaving the context early stops the build. The image is in the store
        when the iteration ends. Raises BuildFailed."""
        ...
