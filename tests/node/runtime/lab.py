"""A runtime with what a test needs around it: an image, a folder for logs, programs that answer."""

import asyncio
import io
import itertools
import json
import os
import secrets
import subprocess
import tarfile
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podo.clock import SystemClock
from podo.network.base import PodSandbox
from podo.node.cgroups.machine import open_cgroups
from podo.node.images.manifest import architecture
from podo.node.images.store import ImageStore
from podo.node.pod_cgroups import NodePodCgroups
from podo.node.runtime.base import Runtime
from podo.node.runtime.config import ContainerConfig
from podo.node.runtime.crun import OCIRuntime, RuntimeConfig
from podo.node.runtime.fake import FakeRuntime
from tests.node.images import tars
from tests.node.leftovers import nothing_left

BUSYBOX = Path("/bin/busybox")
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\njoe:x:1000:100::/:/bin/sh\n",
    "etc/hosts": "127.0.0.1 localhost\n",
    "etc/group": "users:x:100:\nwheel:x:10:joe\n",
}
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CONFIG = {"Env": [PATH, "GREETING=hello"], "Cmd": ["/bin/sh"]}


class LoopbackOnly:
    """A `PodNetwork` of addresses without links."""

    def __init__(self) -> None:
        self._last, self.links = itertools.count(1), {}

    async def setup(self, sandbox: PodSandbox) -> tuple[str, ...]:
        assert sandbox.netns.exists()
        self.links[sandbox.id] = f"10.9.9.{next(self._last)}"
        return (self.links[sandbox.id],)

    async def teardown(self, sandbox: PodSandbox) -> None:
        self.links.pop(sandbox.id, None)


@dataclass
class Lab:
    """`restart` (real only) makes a new runtime over the same folders, as a restarted agent does."""

    runtime: Runtime
    image: str
    logs: str = ""
    cgroup: str = "podo-test"
    state: Path | None = None
    restart: Callable[[], OCIRuntime] | None = None
    network: LoopbackOnly | None = None
    images_root: Path | None = None

    def log_directory(self, name: str) -> str:
        return f"{self.logs}/default_{name}_uid-{name}" if self.logs else ""

    async def settled(self, container_id: str) -> None:
        """Wait until a shell that was just started has set its trap."""
        if not isinstance(self.runtime, FakeRuntime):
            await self.runtime.exec_sync(container_id, ("sh", "-c", "until [ -e /ready ]; do sleep 0.01; done"))

    async def echo_server(self, sandbox: str, container, port: int) -> None:
        """Answer on a port of a sandbox. `container` makes a ContainerConfig."""
        if isinstance(self.runtime, FakeRuntime):
            self.runtime.listening.add((sandbox, port))
            return
        config: ContainerConfig = container(self, "nc", "-ll", "-p", str(port), "-e", "/bin/cat", name="echo")
        server = await self.runtime.create_container(sandbox, config)
        await self.runtime.start_container(server)
        listening = f"until grep -q ':{port:04X} ' /proc/net/tcp /proc/net/tcp6; do sleep 0.01; done"
        await self.runtime.exec_sync(server, ("sh", "-c", listening))


def busybox_archive(path: Path, name: str, config: dict[str, Any] = CONFIG) -> None:
    """Write a docker-archive of an image with busybox, a user joe (1000:100, of wheel) and a variable."""
    applets = subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True, check=True).stdout.split()
    entries = [tars.entry(folder, None, mode=0o755) for folder in ("bin", "etc", "root")]
    entries += [tars.entry("tmp", None, mode=0o1777), tars.entry("bin/busybox", BUSYBOX.read_bytes(), mode=0o755)]
    entries += [tars.symlink(f"bin/{applet}", "busybox") for applet in applets if applet != "busybox"]
    entries += [tars.entry(file, text.encode()) for file, text in FILES.items()]
    layer, diff_id = tars.layer(path.parent, *entries)
    described = {"architecture": architecture(), "os": "linux", "config": config}
    described |= {"rootfs": {"type": "layers", "diff_ids": [diff_id]}}
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    with tarfile.open(path, "w") as archive:
        archive.add(layer, "layer.tar")
        for file, content in (("config.json", described), ("manifest.json", manifest)):
            data = json.dumps(content).encode()
            info = tarfile.TarInfo(file)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


async def load_busybox(state: Path, store: ImageStore) -> str:
    """The id of the image box:v1."""
    busybox_archive(state / "box.tar", "docker.io/library/box:v1")
    (image,) = await store.load(state / "box.tar")
    return image.id


_images: list[tuple[tempfile.TemporaryDirectory[str], str]] = []  # one store for all tests


async def images() -> tuple[ImageStore, str]:
    """The store with busybox, and the image's id."""
    if not _images:
        folder = tempfile.TemporaryDirectory(prefix="podo-test-images-")  # deleted when the interpreter ends
        state = Path(folder.name)
        _images.append((folder, await load_busybox(state, ImageStore(state / "images", SystemClock()))))
    folder, image = _images[0]
    return ImageStore(Path(folder.name) / "images", SystemClock()), image


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """For a fixture: its test runs in another task, which is cancelled (so it fails) when the time is over."""

    def cancel() -> None:
        for task in asyncio.all_tasks():
            task.cancel(f"took more than {seconds} s")

    timer = asyncio.get_running_loop().call_later(seconds, cancel)
    try:
        yield
    finally:
        timer.cancel()


@asynccontextmanager
async def real_lab() -> AsyncIterator[Lab]:
    """Everything in a folder of its own, and gone afterwards: checked."""
    store, image = await images()
    name = f"podo-test-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder, nothing_left(Path(folder), name):
        os.chmod(folder, 0o711)  # as /run/podo is: users of containers' user namespaces come through
        state, clock, network = Path(folder), SystemClock(), LoopbackOnly()
        config = RuntimeConfig(state=state / "node", run=state / "run")

        def runtime() -> OCIRuntime:
            return OCIRuntime(config, store, network, clock)

        async with runtime() as first:
            lab = Lab(first, image, str(state / "logs"), name, state, runtime, network, store.root)
            try:
                yield lab
            finally:
                await asyncio.shield(_clean(lab))


async def _clean(lab: Lab) -> None:
    for sandbox in (await lab.runtime.observe()).sandboxes:
        await lab.runtime.remove_pod_sandbox(sandbox.id)
    await NodePodCgroups(open_cgroups(), SystemClock()).remove(lab.cgroup)  # as the agent does: dying processes hold it
