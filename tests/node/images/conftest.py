from pathlib import Path

import pytest

from podo.clock import SystemClock
from podo.node.images.buildah import Buildah, BuildahConfig
from podo.node.images.store import ImageStore
from tests.node.leftovers import nothing_left

BUSYBOX = """\
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ENV GREETING=hello
CMD ["/bin/sh"]
"""


@pytest.fixture
def state(tmp_path):
    """A state folder; what is mounted below it or runs from it when the test ends is an error (and taken away)."""
    with nothing_left(tmp_path):
        yield tmp_path


@pytest.fixture
def store(state) -> ImageStore:
    return ImageStore(state / "images", SystemClock())


@pytest.fixture
def builder(state, store) -> Buildah:
    return Buildah(store, SystemClock(), BuildahConfig(state / "build", state / "run"))


@pytest.fixture
def context(state) -> Path:
    """A build context with busybox and its Dockerfile."""
    folder = state / "context"
    folder.mkdir()
    (folder / "busybox").write_bytes(Path("/bin/busybox").read_bytes())
    (folder / "busybox").chmod(0o755)
    (folder / "Dockerfile").write_text(BUSYBOX)
    return folder


async def build(builder: Buildah, context: Path, tag: str = "box:v1", **options) -> list[str]:
    """The lines of the build's log."""
    async with builder.build(context, tag=tag, **options) as lines:
        return [line async for line in lines]
