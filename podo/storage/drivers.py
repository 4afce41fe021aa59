"""What a storage driver does, as the Container Storage Interface has it: once a cluster, and on each node.

podo's own driver (`podo.storage.local`) and drivers behind sockets are alike to who uses them. All calls may be
repeated, with the same outcome.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable


class DriverFailure(Exception):
    """The driver could not do it; the text is for an event."""


class NoRoom(DriverFailure):
    """There is no room where the volume was to be: another place may have some."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """How a volume is to be used."""

    block: bool = False
    fs_type: str = ""
    mount_options: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()  # access modes, as the API names them


@dataclass(frozen=True)
class Origin:
    """What a new volume's content is copied from."""

    volume: str = ""  # a handle
    snapshot: str = ""


@dataclass(frozen=True, kw_only=True)
class VolumeRequest:
    """A volume to be made. `name` makes repeated calls one; sizes are bytes."""

    name: str
    size: int
    access: Access
    parameters: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    topology: Mapping[str, str] = field(default_factory=dict)  # of the node that it is for, if that is known
    node: str = ""  # that node's name
    allowed: Sequence[Mapping[str, str]] = ()  # the only places that it may be in, if its class names some
    changeable: Mapping[str, str] = field(default_factory=dict)  # parameters of its VolumeAttributesClass
    origin: Origin | None = None


@dataclass(frozen=True, kw_only=True)
class MadeVolume:
    """A volume that is there. `topologies` are the places that it can be used in, by labels of nodes; none: all."""

    handle: str
    size: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    topologies: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True)
class Grown:
    """A volume after it grew; `on_node`: the node that uses it has something to do still."""

    size: int
    on_node: bool = False


class VolumeMaker(Protocol):
    """The controller's side of a driver. Calls raise DriverFailure."""

    @property
    def name(self) -> str: ...

    async def create(self, request: VolumeRequest) -> MadeVolume: ...

    async def delete(self, handle: str, secrets: Mapping[str, str]) -> None: ...

    async def grow(self, handle: str, size: int, access: Access, secrets: Mapping[str, str]) -> Grown: ...


@dataclass(frozen=True)
class Snapped:
    """A snapshot that a driver has; a volume made from it is at least `size` bytes."""

    handle: str
    size: int
    ready: bool = True  # else the same call says so some time later
    volume: str = ""  # the handle of what it is a snapshot of, in a group


@dataclass(frozen=True, kw_only=True)
class SnapOptions:
    """What a class of snapshots says."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


NO_OPTIONS = SnapOptions()


class Snapshotter(Protocol):
    """A driver that can copy volumes as they are at a moment. Calls raise DriverFailure."""

    async def snapshot(self, name: str, volume: str, options: SnapOptions = NO_OPTIONS) -> Snapped: ...

    async def size_of(self, snapshot: str) -> int: ...

    async def delete(self, handle: str, secrets: Mapping[str, str]) -> None: ...


@runtime_checkable
class GroupSnapshotter(Protocol):
    """A driver that can take snapshots of several volumes as they are at one moment. Calls raise DriverFailure."""

    async def snapshot_group(
        self, name: str, volumes: Sequence[str], options: SnapOptions = NO_OPTIONS
    ) -> tuple[str, list[Snapped]]:
        """The group's handle, and its snapshots."""
        ...

    async def delete_group(self, handle: str, snapshots: Sequence[str], secrets: Mapping[str, str]) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A volume that a node, by the name that its driver has for it, is to have."""

    handle: str
    node_id: str
    access: Access
    read_only: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


class Attacher(Protocol):
    """A driver that brings volumes to nodes and takes them away. Calls raise DriverFailure."""

    async def attach(self, wanted: Attachment) -> Mapping[str, str]:
        """What the node has to know of it."""
        ...

    async def detach(self, wanted: Attachment) -> None: ...


@runtime_checkable
class Modifier(Protocol):
    """A driver that can change volumes as a VolumeAttributesClass says. Calls raise DriverFailure."""

    async def modify(self, handle: str, parameters: Mapping[str, str], secrets: Mapping[str, str]) -> None: ...


@dataclass(frozen=True, kw_only=True)
class PodInfo:
    """For whom a volume is published: drivers may ask to be told."""

    context: Mapping[str, str] = field(default_factory=dict)
    fs_group: int | None = None


@dataclass(frozen=True, kw_only=True)
class NodeVolume:
    """A volume as a node is to use it."""

    handle: str
    access: Access
    attributes: Mapping[str, str] = field(default_factory=dict)
    publish_context: Mapping[str, str] = field(default_factory=dict)  # from attaching
    stage_secrets: Mapping[str, str] = field(default_factory=dict)
    publish_secrets: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = False
    pod: PodInfo = field(default_factory=PodInfo)


class NodeDriver(Protocol):
    """The node's side of a driver. Calls raise DriverFailure."""

    @property
    def name(self) -> str: ...

    @property
    def foreign(self) -> bool:
        """Whether it is no part of podo: it expects the kubelet's folders, and is told what its CSIDriver says."""
        ...

    @property
    def groups(self) -> bool:
        """Whether it gives files to a Pod's group itself."""
        ...

    async def stage(self, volume: NodeVolume, staging: Path) -> None:
        """Make the volume ready on this node, for any Pod."""
        ...

    async def unstage(self, handle: str, staging: Path) -> None: ...

    async def publish(self, volume: NodeVolume, staging: Path | None, target: Path) -> Path:
        """Have the volume at `target` for one Pod; the answer is where it is: for a block volume a device.

        `staging` is None for a volume that was not staged: one that lives as long as its Pod.
        """
        ...

    async def unpublish(self, handle: str, target: Path) -> None: ...


@runtime_checkable
class GrowingNode(Protocol):
    """A node's side that has something to do when a volume has grown. Calls raise DriverFailure."""

    async def grow(self, volume: NodeVolume, staging: Path | None, path: Path, size: int) -> None:
        """Let what is published at `path` use all of its `size` bytes."""
        ...


@dataclass(frozen=True)
class Amounts:
    """Of bytes, or of inodes."""

    total: int = 0
    used: int = 0
    available: int = 0


@dataclass(frozen=True, kw_only=True)
class VolumeFigures:
    """How full a volume is. `abnormal` is what its driver says is wrong: "" nothing; None: it says nothing of that."""

    bytes: Amounts
    inodes: Amounts = Amounts()
    abnormal: str | None = None


@runtime_checkable
class TellingNode(Protocol):
    """A node's side that knows how full its volumes are, and how they are. Calls raise DriverFailure."""

    @property
    def tells(self) -> bool:
        """Whether it does: one behind a socket may or may not."""
        ...

    async def figures(self, handle: str, path: Path, staging: Path | None) -> VolumeFigures:
        """Of what is published at `path`."""
        ...
