"""Which Pod has which devices, and what its containers get with them: on disk, for the next agent."""

from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from podo.node.images.blobs import write_atomically
from podo.node.runtime.config import Device, Mount


class Grant(msgspec.Struct, frozen=True):
    """Devices of one resource for one container, and what its plug-in answered."""

    ids: tuple[str, ...]
    env: dict[str, str] = {}
    mounts: tuple[Mount, ...] = ()
    devices: tuple[Device, ...] = ()
    annotations: dict[str, str] = {}
    cdi: tuple[str, ...] = ()


Containers = dict[str, dict[str, Grant]]
"""By container and resource."""


class _Kept(msgspec.Struct):
    resources: list[str] = []
    pods: dict[str, Containers] = {}


class Ledger:
    """The grants of a node, by uid of the Pod; `resources` are all that were ever offered here."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept = _read(file)

    @property
    def resources(self) -> list[str]:
        return self._kept.resources

    def of(self, uid: str) -> Containers:
        """What a Pod has; empty if it has nothing."""
        return self._kept.pods.get(uid, {})

    def taken(self, resource: str) -> frozenset[str]:
        """The devices of a resource that Pods have."""
        return frozenset(id for grant in self._grants(resource) for id in grant.ids)

    def holders(self) -> frozenset[str]:
        """The uids of the Pods that have any."""
        return frozenset(uid for uid, containers in self._kept.pods.items() if containers)

    def offer(self, resource: str) -> None:
        """A resource that there was not before."""
        if resource not in self._kept.resources:
            self._kept.resources.append(resource)
            self._save()

    def give(self, uid: str, containers: Containers) -> None:
        """A Pod has these now."""
        self._kept.pods[uid] = containers
        self._save()

    def keep_only(self, uids: Collection[str]) -> None:
        """All other Pods are gone, and have nothing more."""
        gone = self._kept.pods.keys() - set(uids)
        for uid in gone:
            del self._kept.pods[uid]
        if gone:
            self._save()

    def _grants(self, resource: str) -> Iterator[Grant]:
        for containers in self._kept.pods.values():
            for grants in containers.values():
                if resource in grants:
                    yield grants[resource]

    def _save(self) -> None:
        write_atomically(self._file, msgspec.json.encode(self._kept), durable=False)


def _read(file: Path) -> _Kept:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Kept)
    except (FileNotFoundError, msgspec.DecodeError):
        return _Kept()
