"""The nodes that an autoscaler may add and remove: those of a local cluster."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from podo.cluster import config
from podo.cluster.config import NodeBounds
from podo.cluster.paths import Paths


class NodePool(Protocol):
    """Like nodes. A change that fails raises ClusterError or OSError, and may have been done in part."""

    def bounds(self) -> NodeBounds | None:
        """Between how many; None: nobody wants the number to change."""
        ...

    def names(self) -> Sequence[str]:
        """Those that shall run now."""
        ...

    async def add(self, count: int) -> None:
        """Add nodes, and wait until they are Ready."""
        ...

    async def remove(self, name: str) -> None:
        """Remove one for good."""
        ...


class LocalPool:
    """Of the cluster whose paths these are. Its description is read anew each time: commands change it."""

    def __init__(self, where: Paths) -> None:
        self._where = where

    def bounds(self) -> NodeBounds | None:
        return config.load(self._where).autoscaling

    def names(self) -> Sequence[str]:
        return [n.name for n in config.load(self._where).nodes if not n.stopped]

    async def add(self, count: int) -> None:
        from podo.cluster import nodes

        found = config.load(self._where)
        cpu, memory = (found.autoscaling.cpu, found.autoscaling.memory) if found.autoscaling else ("", "")
        state = str(self._where.state)
        await asyncio.to_thread(nodes.add, found.name, state, cpu=cpu, memory=memory, wait=60, count=count)

    async def remove(self, name: str) -> None:
        from podo.cluster import nodes

        await asyncio.to_thread(nodes.remove, config.load(self._where).name, str(self._where.state), name)
