"""Volumes that show the files of an image (KEP-4639), read-only."""

from dataclasses import dataclass
from pathlib import Path

from podo.api.types.core_v1 import Container, Pod, Volume
from podo.clock import Clock
from podo.node.events import PodEvents
from podo.node.images.base import ImageFailure, Images, Rootfs
from podo.node.references import References
from podo.node.volumes.base import VolumeFailure
from podo.node.worker.pulling import NoImage, ensure_image


@dataclass(frozen=True)
class ImageVolumes:
    """A `VolumePlugin`. The image is pulled as a container's would be, with the Pod's pull secrets."""

    images: Images
    rootfs: Rootfs
    references: References
    events: PodEvents
    clock: Clock

    async def mount(self, pod: Pod, volume: Volume, folder: Path) -> Path | None:
        """The root of the image, mounted under `folder`; it goes with the folder. Raises VolumeFailure."""
        source = volume.image
        if source is None:
            return None
        wanted = Container(name=volume.name, image=source.reference, image_pull_policy=source.pull_policy)
        try:
            image = await ensure_image(pod, wanted, self)
            folder.mkdir(parents=True, exist_ok=True)
            return await self.rootfs.mount(image.id, folder)
        except (NoImage, ImageFailure) as error:
            raise VolumeFailure(str(error)) from error

    async def release(self, uid: str) -> None:
        """Nothing but the Pod's own folder, which is unmounted and deleted anyway."""
