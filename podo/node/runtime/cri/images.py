"""The images of a CRI runtime, as ours."""

import asyncio
import json
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from podo.clock import Clock
from podo.node.images import reference
from podo.node.images.base import (
    Credentials,
    IdleImage,
    Image,
    ImageConfig,
    ImageFailure,
    ImageNotFound,
    Owners,
    Progress,
    PullProgress,
    RegistryUnavailable,
)
from podo.node.images.manifest import parse_config
from podo.node.runtime.cri.calls import CRI, NOT_FOUND
from podo.rpc.caller import CallFailed

_MISSING = ("not found", "pull access denied", "insufficient_scope", "unauthorized", "authorization failed")
NAMESPACE = "k8s.io"  # containerd's, of what CRI has


class CRIImages:
    """Implements `Images` and `ImageDisk`; as `Rootfs` it has nothing, since CRI has no such verb.

    `root` is where the runtime keeps images. At `socket` it loads archives, which CRI cannot, by containerd's `ctr`.
    """

    def __init__(self, cri: CRI, root: Path, clock: Clock, socket: Path | None = None) -> None:
        self._cri, self.root, self._clock, self._socket = cri, root, clock, socket
        self._configs: dict[str, tuple[ImageConfig, Mapping[str, Any]]] = {}  # by id: content-addressed
        self._idle_since: dict[str, datetime] = {}

    async def pull(self, text: str, credentials: Credentials | None = None, progress: Progress | None = None) -> Image:
        wanted = reference.parse(text)
        if progress:
            progress(PullProgress(str(wanted), "pulling"))
        given = credentials or Credentials()
        auth = {
            "username": given.username,
            "password": given.password,
            "identity_token": given.identity_token,
            "registry_token": given.registry_token,
        }
        try:
            answer = await self._cri.image(
                "PullImage", limit=None, image={"image": str(wanted)}, auth=auth if credentials else None
            )
        except CallFailed as error:
            raise pull_failure(error) from error
        image = await self.find(answer.image_ref) or await self.find(text)
        if image is None:
            raise ImageNotFound(f"{wanted}: not found after it was pulled")
        return image

    async def find(self, text: str) -> Image | None:
        wanted = text if reference.is_image_id(text) else str(reference.parse(text))
        try:
            answer = await self._cri.image("ImageStatus", image={"image": wanted}, verbose=True)
        except CallFailed as error:
            if error.code == NOT_FOUND:
                return None
            raise ImageFailure(str(error)) from error
        if not answer.image.id:
            return None
        self._configs[answer.image.id] = _specification(answer.info)
        return self._image(answer.image)

    async def list(self) -> tuple[Image, ...]:
        try:
            found = (await self._cri.image("ListImages")).images
        except CallFailed as error:
            raise ImageFailure(str(error)) from error
        return tuple(sorted((self._image(each) for each in found), key=lambda i: (i.tags or ("~",), i.id)))

    async def remove(self, text: str) -> bool:
        found = await self.find(text)
        if found is None:
            return False
        try:
            await self._cri.image("RemoveImage", image={"image": found.id})
        except CallFailed as error:
            raise ImageFailure(str(error)) from error
        return True

    async def load(self, archive: Path) -> tuple[Image, ...]:
        """By containerd's own command. Raises ImageFailure."""
        if self._socket is None or shutil.which("ctr") is None:
            raise ImageFailure("archives are loaded by containerd's ctr, which is not installed")
        before = {image.id: image for image in await self.list()}
        command = ["ctr", "--address", str(self._socket), "--namespace", NAMESPACE, "images", "import", str(archive)]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        _, complaint = await process.communicate()
        if process.returncode:
            raise ImageFailure(f"ctr cannot import {archive}: {complaint.decode(errors='replace').strip()}")
        return tuple(i for i in await self.list() if before.get(i.id) != i) or await self.list()

    # ImageDisk

    async def idle(self) -> tuple[IdleImage, ...]:
        """Those that no container of the runtime has, whoever made it."""
        busy: set[str] = set()
        try:
            for container in (await self._cri.call("ListContainers")).containers:
                status = (await self._cri.call("ContainerStatus", container_id=container.id)).status
                busy |= {status.image_ref, status.image_id, status.image.image}
            found = (await self._cri.image("ListImages")).images
        except CallFailed as error:
            raise ImageFailure(str(error)) from error
        now = self._clock.now()
        idle = [
            self._image(each)
            for each in found
            if not each.pinned and not busy & {each.id, *each.repo_tags, *each.repo_digests} and each.repo_digests
        ]
        self._idle_since = {image.id: self._idle_since.get(image.id, now) for image in idle}
        return tuple(sorted((IdleImage(i, self._idle_since[i.id]) for i in idle), key=lambda each: each.since))

    async def used_bytes(self) -> tuple[int, int]:
        try:
            found = (await self._cri.image("ImageFsInfo")).image_filesystems
        except CallFailed as error:
            raise ImageFailure(str(error)) from error
        return sum(each.used_bytes.value for each in found), sum(each.inodes_used.value for each in found)

    async def collect(self) -> int:
        """The runtime collects what nothing uses by itself."""
        return 0

    # Rootfs

    async def mount(self, image_id: str, container_dir: Path, owners: Owners | None = None) -> Path:
        """Raises ImageFailure."""
        raise ImageFailure("image volumes need podo's own runtime: CRI does not hand root file systems out")

    async def unmount(self, container_dir: Path) -> None:
        """Nothing was mounted."""

    # Inside

    def _image(self, found: Any) -> Image:
        config, document = self._configs.get(found.id, (None, {}))
        if config is None:
            user = str(found.uid.value) if found.HasField("uid") else found.username
            config = ImageConfig(user=user)
        return Image(
            id=found.id,
            tags=tuple(found.repo_tags),
            digests=tuple(found.repo_digests),
            size=found.size,
            config=config,
            created=document.get("created") or "",
            architecture=document.get("architecture") or "",
        )


def pull_failure(error: CallFailed) -> ImageFailure:
    """Why an image could not be pulled."""
    if error.code == NOT_FOUND or any(words in error.details for words in _MISSING):
        return ImageNotFound(str(error))
    if error.code == "UNAVAILABLE" or "connection refused" in error.details or "i/o timeout" in error.details:
        return RegistryUnavailable(str(error))
    return ImageFailure(str(error))


def _specification(info: Mapping[str, str]) -> tuple[ImageConfig, Mapping[str, Any]]:
    """How to run an image, from its verbose status (`imageSpec` is OCI's image configuration)."""
    try:
        document = json.loads(info.get("info", "{}")).get("imageSpec") or {}
    except (ValueError, AttributeError):
        document = {}
    return parse_config(document), document
