"""Make and delete containers and buckets, one for each claim; or folders of a bucket that a class names."""

from collections.abc import Mapping

from podo.storage.drivers import Access, DriverFailure, Grown, MadeVolume, VolumeRequest
from podo.storage.objects.rclone import rclone
from podo.storage.objects.stores import REMOTE, checked, configuration, container_of


class ObjectVolumes:
    """The `VolumeMaker` for one kind of store. Stores have no limits: a volume is as large as was asked for."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def create(self, request: VolumeRequest) -> MadeVolume:
        if request.access.block:
            raise DriverFailure("an object store has no block volumes")
        if request.origin is not None:
            raise DriverFailure("volumes of an object store cannot be made from others")
        within = request.parameters.get("container") or request.parameters.get("bucket") or ""
        place = checked(f"{within}/{request.name}" if within else request.name)
        await rclone(configuration(self.name, request.secrets), "mkdir", f"{REMOTE}:{container_of(place)}")
        return MadeVolume(handle=place, size=request.size)

    async def delete(self, handle: str, secrets: Mapping[str, str]) -> None:
        place, store = checked(handle), configuration(self.name, secrets)
        try:
            await rclone(store, "purge", f"{REMOTE}:{place}")
        except DriverFailure as error:
            if not _is_gone(str(error)):
                raise

    async def grow(self, handle: str, size: int, access: Access, secrets: Mapping[str, str]) -> Grown:
        return Grown(size)


def _is_gone(words: str) -> bool:
    return any(
        w in words for w in ("ContainerNotFound", "NoSuchBucket", "directory not found", "ContainerBeingDeleted")
    )
