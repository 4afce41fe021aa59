"""What runs a node's containers and keeps its images, composed: podo's own, or a runtime of others that speaks CRI."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from podo import __version__
from podo.api.types.core_v1 import NodeRuntimeHandler
from podo.clock import Clock
from podo.network.base import PodNetwork
from podo.node.cgroups.base import Cgroups
from podo.node.config import AgentConfig
from podo.node.housekeeping.image_list import watch_images
from podo.node.images.base import ImageDisk, Images, Rootfs
from podo.node.images.skopeo import SkopeoConfig
from podo.node.images.store import ImageStore
from podo.node.runtime.base import Runtime
from podo.node.runtime.crun import OCIRuntime, RuntimeConfig

Run = Callable[[PodNetwork, Cgroups, tuple[Path, ...]], AbstractAsyncContextManager[Runtime]]
"""The runtime, over a network for its Pods, the machine's cgroups and the folders with device specifications (CDI)."""
HANDLERS = ("", "crun", "runc")  # of RuntimeClasses: all the same one


class NodeImages(Images, Rootfs, ImageDisk, Protocol):
    """All that a node needs of a store of images. `root` is where it is."""

    root: Path


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A runtime and its images.

    `handlers` are those that RuntimeClasses may name; None: the runtime will say. `features` is what the Node tells of
    them; None: what the machine can. `watch_images` calls back whenever images have changed, until cancelled;
    `report_health` with why the runtime does not work ("": it does).
    """

    version: str  # "podo://1.0"
    images: NodeImages
    run: Run
    watch_images: Callable[[Callable[[], None]], Awaitable[None]]
    handlers: frozenset[str] | None = frozenset(HANDLERS)
    features: tuple[NodeRuntimeHandler, ...] | None = None
    report_health: Callable[[Callable[[str], None]], None] = lambda complains: None


async def open_backend(config: AgentConfig, clock: Clock) -> Backend:
    """The one that the configuration names. Raises RuntimeFailure if it is not there, or cannot serve podo."""
    if config.runtime:
        from podo.node.runtime.cri.backend import open_cri

        return await open_cri(config, clock)
    return own_backend(config, clock)


def own_backend(config: AgentConfig, clock: Clock) -> Backend:
    """podo's own: conmon with crun or runc, and the store that all nodes of a cluster share."""
    images = ImageStore(config.images_dir, clock, SkopeoConfig(netns=config.host_netns))

    def run(network: PodNetwork, cgroups: Cgroups, cdi: tuple[Path, ...]) -> OCIRuntime:
        settings = RuntimeConfig(state=config.state_dir, run=config.run_dir, engine=config.engine, cdi=cdi)
        return OCIRuntime(settings, images, network, clock, cgroups=cgroups)

    return Backend(
        version=f"podo://{__version__}", images=images, run=run, watch_images=partial(watch_images, images.root)
    )
