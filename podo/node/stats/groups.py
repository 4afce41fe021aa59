"""The control groups of a node, its Pods and their containers, with all that the kernel tells of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from podo.api.types.core_v1 import Pod
from podo.node.cgroups.base import Cgroups
from podo.node.cgroups.details import GroupDetails
from podo.node.resources.limits import cgroup_parent
from podo.node.stats.base import PodUse

BLOCK_DEVICES = Path("/sys/dev/block")


@dataclass(frozen=True)
class Groups:
    """`names` and `details` go by what `node`, `pod_group` and `container_group` say."""

    node: str
    details: Mapping[str, GroupDetails] = field(default_factory=dict)
    devices: Mapping[str, str] = field(default_factory=dict)  # "8:0" → "/dev/sda"

    def of(self, group: str) -> GroupDetails:
        """What a group tells; nothing if it was not read."""
        return self.details.get(group, GroupDetails())


def pod_group(root: str, pod: Pod) -> str:
    """A Pod's group in a node's."""
    return cgroup_parent(root, pod)


def container_group(root: str, pod: Pod, container_id: str) -> str:
    """A container's group, which is called as the container is, whatever the runtime."""
    return f"{cgroup_parent(root, pod)}/{container_id}"


def read_groups(cgroups: Cgroups, root: str, pods: Iterable[tuple[Pod, PodUse]]) -> Groups:
    """Read them all (blocks for a moment)."""
    names = [root]
    for pod, use in pods:
        if use.sandbox is not None:
            names.append(pod_group(root, pod))
            names += [container_group(root, pod, c.container_id) for c in use.sandbox.containers]
    details = {name: cgroups.details(name) for name in names}
    numbers = {number for found in details.values() for number in found.devices}
    return Groups(root, details, {number: device_path(number) for number in sorted(numbers)})


def device_path(number: str, devices: Path = BLOCK_DEVICES) -> str:
    """The node of a block device by its "major:minor", or "" if the machine has it no more."""
    link = devices / number
    return f"/dev/{link.resolve().name}" if link.exists() else ""
