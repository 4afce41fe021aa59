"""Container runtimes of others that a cluster's nodes use (`podo up --runtime`): named, cleared, filled with images."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from podo.clock import SystemClock
from podo.cluster.config import ClusterConfig
from podo.cluster.errors import ClusterError
from podo.cluster.paths import Paths

if TYPE_CHECKING:
    from podo.node.images.base import Image, Images
    from podo.node.images.store import ImageStore

TIME_LIMIT = 60.0  # seconds to clear a cluster


def address(runtime: str) -> str:
    """What `--runtime` means, as a URL of a socket that is there. Raises ClusterError."""
    from podo.node.runtime.cri.calls import SCHEME, socket_of

    try:
        socket = socket_of(runtime)
    except ValueError as error:
        raise ClusterError(str(error)) from error
    if not socket.is_socket():
        raise ClusterError(f"no container runtime listens at {socket}", hint="start it, or leave --runtime out")
    return f"{SCHEME}{socket}"


def clear(where: Paths, cluster: ClusterConfig, node: str = "") -> None:
    """Remove what the runtime has of a cluster, or of one node of it; with the last cluster podo's plug-in goes too.

    A runtime that does not answer has nothing that runs, and is left alone. May be repeated.
    """
    if not cluster.runtime:
        return
    from podo.node.runtime.cri.calls import CLUSTER, NODE

    marks = {CLUSTER: cluster.name} | ({NODE: node} if node else {})
    asyncio.run(_clear(cluster.runtime, marks, plugin=not node and _is_last(where)))


def _is_last(where: Paths) -> bool:
    """Whether no other cluster of this machine has a door for the plug-in."""
    return not [door for door in where.run.parent.glob("*/nodes/*/cni") if not door.is_relative_to(where.run)]


async def _clear(runtime: str, marks: Mapping[str, str], *, plugin: bool) -> None:
    from podo.network.cni.door import uninstall
    from podo.node.runtime.cri.backend import ask
    from podo.node.runtime.cri.calls import SocketCRI, socket_of
    from podo.rpc.caller import CallFailed

    cri = SocketCRI(socket_of(runtime))

    async def remove(sandbox_id: str) -> None:
        await cri.call("StopPodSandbox", pod_sandbox_id=sandbox_id)
        await cri.call("RemovePodSandbox", pod_sandbox_id=sandbox_id)

    try:
        async with asyncio.timeout(TIME_LIMIT):
            found = (await cri.call("ListPodSandbox", filter={"label_selector": dict(marks)})).items
            async with asyncio.TaskGroup() as tasks:
                for sandbox in found:
                    tasks.create_task(remove(sandbox.id))
            if plugin:
                told = await ask(cri)
                uninstall(told.configurations, told.programs)
    except CallFailed as error:
        if error.code != "UNAVAILABLE":
            raise ClusterError(f"the container runtime keeps something of the cluster: {error}") from error
    except ExceptionGroup as failed:
        raise ClusterError(f"the container runtime keeps something: {failed.exceptions[0]}") from failed
    except TimeoutError as error:
        raise ClusterError("the container runtime does not remove the cluster's Pods") from error
    finally:
        await cri.close()


async def hand_over(runtime: str, store: "ImageStore", images: "Iterable[Image]") -> None:
    """Give images of podo's own store to the runtime, and remove them from there. Raises ImageFailure."""
    from podo.node.runtime.cri.calls import SocketCRI, socket_of
    from podo.node.runtime.cri.images import CRIImages

    socket = socket_of(runtime)
    cri = SocketCRI(socket)
    target = CRIImages(cri, store.root, SystemClock(), socket)
    try:
        for image in images:
            for name in image.tags:
                with store.layout(name) as layout, tempfile.TemporaryDirectory(dir=store.root / "tmp") as folder:
                    archive = Path(folder) / "image.tar"
                    into = f"docker-archive:{archive}:{name}"
                    await store.skopeo.run(name, "copy", "--quiet", f"oci:{layout}:image", into)
                    await target.load(archive)
            await store.remove(image.id)
    finally:
        await cri.close()


@asynccontextmanager
async def images_of(runtime: str) -> AsyncIterator["Images"]:
    """The images that the runtime has."""
    from podo.node.runtime.cri.calls import SocketCRI, socket_of
    from podo.node.runtime.cri.images import CRIImages

    cri = SocketCRI(socket_of(runtime))
    try:
        yield CRIImages(cri, Path("/"), SystemClock())
    finally:
        await cri.close()
