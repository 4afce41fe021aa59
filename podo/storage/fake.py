"""A driver without disks: what it was asked for, and failures on demand."""

from collections.abc import Mapping

from podo.storage.drivers import Access, DriverFailure, Grown, MadeVolume, VolumeRequest


class FakeVolumes:
    """A `VolumeMaker`; `failures` are raised one after the other."""

    def __init__(self, name: str = "x.example.com", *, grows_on_node: bool = False) -> None:
        self.name, self._grows_on_node = name, grows_on_node
        self.there: dict[str, int] = {}  # sizes by handle
        self.requests: list[VolumeRequest] = []
        self.failures: list[DriverFailure] = []

    async def create(self, request: VolumeRequest) -> MadeVolume:
        self._fail()
        self.requests.append(request)
        self.there.setdefault(request.name, request.size)
        places = [{"zone": request.topology["zone"]}] if "zone" in request.topology else []
        return MadeVolume(handle=request.name, size=self.there[request.name], topologies=places)

    async def delete(self, handle: str, secrets: Mapping[str, str]) -> None:
        self._fail()
        self.there.pop(handle, None)

    async def grow(self, handle: str, size: int, access: Access, secrets: Mapping[str, str]) -> Grown:
        self._fail()
        self.there[handle] = max(size, self.there[handle])
        return Grown(self.there[handle], on_node=self._grows_on_node)

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
