"""The cgroups of Pods, over `podo.node.cgroups`."""

import logging

from podo.clock import Clock
from podo.node.cgroups.base import Cgroups, QOSClass
from podo.node.runtime.config import LinuxResources

STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # seconds between tries: dying processes hold a group for a while
log = logging.getLogger(__name__)


class NodePodCgroups:
    """Makes and removes them."""

    def __init__(self, cgroups: Cgroups, clock: Clock) -> None:
        self._cgroups, self._clock = cgroups, clock

    async def make(self, name: str, resources: LinuxResources) -> None:
        """Make it, or change its figures."""
        self._cgroups.ensure(name, resources)

    def found(self, root: str) -> list[str]:
        """The names of all that are there below a node's group."""
        classes = [f"{root}/{qos.value.lower()}" for qos in QOSClass]
        return [f"{group}/{name}" for group in classes for name in self._cgroups.children(group) if name[:3] == "pod"]

    async def remove(self, name: str) -> None:
        """Kill what is left in it and remove it; it may be gone already."""
        for pause in STEPS:
            self._cgroups.kill(name)
            if self._cgroups.remove(name):
                return
            await self._clock.sleep(pause)
        log.warning("cgroup %s cannot be removed: processes %s", name, self._cgroups.processes(name))
