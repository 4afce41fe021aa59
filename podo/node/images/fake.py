"""An image store in memory: what it has, what a registry has, and what goes wrong."""

from datetime import datetime
from pathlib import Path

from podo.node.images.base import Credentials, IdleImage, Image, ImageConfig, ImageFailure, ImageNotFound, Progress


class FakeImages:
    """`present` and `registry` hold images by the name that users write; `failure`, if any, breaks each pull."""

    def __init__(self, *present: str) -> None:
        self.present = {name: fake_image(name) for name in present}
        self.registry: dict[str, Image] = {}
        self.failure: ImageFailure | None = None
        self.pulled: list[tuple[str, Credentials | None]] = []
        self.unused: dict[str, datetime] = {}  # since when, by name

    async def pull(
        self, reference: str, credentials: Credentials | None = None, progress: Progress | None = None
    ) -> Image:
        self.pulled.append((reference, credentials))
        if self.failure:
            raise self.failure
        if reference not in self.registry:
            raise ImageNotFound(f"{reference}: not found")
        self.present[reference] = self.registry[reference]
        return self.present[reference]

    async def find(self, reference: str) -> Image | None:
        return next((i for n, i in self.present.items() if reference in (n, i.id)), None)

    async def list(self) -> tuple[Image, ...]:
        return tuple(self.present.values())

    async def remove(self, reference: str) -> bool:
        names = [n for n, image in self.present.items() if reference in (n, image.id)]
        for name in names:
            del self.present[name]
        return bool(names)

    async def idle(self) -> tuple[IdleImage, ...]:
        found = [IdleImage(self.present[name], since) for name, since in self.unused.items() if name in self.present]
        return tuple(sorted(found, key=lambda idle: idle.since))

    async def load(self, archive: Path) -> tuple[Image, ...]:
        return ()


def fake_image(name: str, config: ImageConfig | None = None, size: int = 1000) -> Image:
    """An image called `name`."""
    digest = f"sha256:{abs(hash(name)):064x}"
    return Image(
        id=digest,
        tags=(f"docker.io/library/{name}",),
        digests=(f"docker.io/library/{name.partition(':')[0]}@{digest}",),
        size=size,
        config=config or ImageConfig(),
    )
