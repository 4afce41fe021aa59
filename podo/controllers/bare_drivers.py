"""Drivers that come without side-cars: podo is external provisioner, attacher, resizer and snapshotter to them.

Which they are, their CSIDriver says, by an annotation. Their calls are passed on by the agents of the nodes that have
them, which CSINodes tell.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from podo.api.types.core_v1 import Node, PersistentVolume
from podo.api.types.storage_v1 import CSIDriver, CSINode
from podo.client.base import Key
from podo.client.informers import CachedClient
from podo.storage.annotations import bare_drivers, is_bare
from podo.storage.csi.controller import DriverController, DriverSnapshots
from podo.storage.csi.remote import NodeCaller, Post
from podo.storage.drivers import DriverFailure, Snapshotter, VolumeMaker

T = TypeVar("T")


class BareDrivers:
    """Knows them by the informers of `client`; calls go out by `post`."""

    def __init__(self, client: CachedClient, post: Post) -> None:
        self._post = post
        self._drivers, self._csi_nodes = client.informer(CSIDriver), client.informer(CSINode)
        self._nodes = client.informer(Node)
        self._by_handle = client.informer(PersistentVolume).index(by_handle)
        self._known: dict[str, DriverController] = {}

    def find(self, name: str) -> DriverController | None:
        """A driver, if podo is side-car to it."""
        if not is_bare(self._drivers.get(Key("", name))):
            return None
        if name not in self._known:
            self._known[name] = DriverController(name, self._route(name), lambda: self.places(name))
        return self._known[name]

    def snapshots(self, name: str) -> DriverSnapshots | None:
        """Its side that takes snapshots."""
        found = self.find(name)
        return DriverSnapshots(found, self._route(name)) if found else None

    def names(self) -> list[str]:
        """All of them."""
        return bare_drivers(self._drivers)

    def places(self, driver: str) -> list[Mapping[str, str]]:
        """Where the driver's nodes are, each place once."""
        found: list[Mapping[str, str]] = []
        for name, keys in self._with(driver):
            node = self._nodes.get(Key("", name))
            place = {key: node.metadata.labels[key] for key in keys if key in node.metadata.labels} if node else {}
            if place and place not in found:
                found.append(place)
        return found

    def node_id(self, driver: str, node: str) -> str:
        """By what name the driver knows a node; "" if it does not run there."""
        found = self._csi_nodes.get(Key("", node))
        return next((d.node_id for d in found.spec.drivers if d.name == driver), "") if found else ""

    def node_in(self, driver: str, place: Mapping[str, str]) -> str:
        """A node of the driver in a place."""
        for name, _ in self._with(driver):
            node = self._nodes.get(Key("", name))
            if node is not None and place.items() <= node.metadata.labels.items():
                return name
        return ""

    def _with(self, driver: str) -> list[tuple[str, tuple[str, ...]]]:
        """The nodes that have the driver, with the labels that it goes by; those that work first."""
        found = [
            (each.metadata.name, d.topology_keys)
            for each in self._csi_nodes
            for d in each.spec.drivers
            if d.name == driver
        ]
        return sorted(found, key=lambda pair: (not is_ready(self._nodes.get(Key("", pair[0]))), pair[0]))

    def _route(self, driver: str) -> Callable[[str, str], NodeCaller]:
        def route(handle: str, node: str) -> NodeCaller:
            names = [name for name, _ in self._with(driver)]
            if not names:
                raise DriverFailure(f"no node has the driver {driver}")
            if node not in names:
                near = self._near(driver, handle) if handle else None
                node = next((n for n in names if near is not None and near(self._nodes.get(Key("", n)))), names[0])
            return NodeCaller(self._post, node, driver)

        return route

    def _near(self, driver: str, handle: str) -> Callable[[Node | None], bool] | None:
        """Whether a node can use a volume: then its driver knows it, even one that knows only its own node's."""
        for volume in self._by_handle((driver, handle)):
            if volume.spec.node_affinity is not None and volume.spec.node_affinity.required is not None:
                terms = volume.spec.node_affinity.required.node_selector_terms
                return lambda node: (
                    node is not None
                    and any(
                        all(node.metadata.labels.get(e.key) in e.values for e in term.match_expressions)
                        for term in terms
                    )
                )
        return None


class ByName(Mapping[str, T]):
    """What podo has of its own, by a driver's name, and what bare drivers have."""

    def __init__(self, own: Mapping[str, T], names: Callable[[], list[str]], find: Callable[[str], T | None]) -> None:
        self._own, self._names, self._find = own, names, find

    def __getitem__(self, name: str) -> T:
        found = self._own.get(name) or self._find(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        yield from self._own
        yield from (name for name in self._names() if name not in self._own)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def makers_of(own: Mapping[str, VolumeMaker], bare: BareDrivers) -> Mapping[str, VolumeMaker]:
    """Who makes volumes."""
    return ByName(own, bare.names, bare.find)


def snapshotters_of(own: Mapping[str, Snapshotter], bare: BareDrivers) -> Mapping[str, Snapshotter]:
    """Who takes snapshots."""
    return ByName(own, bare.names, bare.snapshots)


def is_ready(node: Node | None) -> bool:
    """Whether a node works."""
    return node is not None and any(c.type == "Ready" and c.status == "True" for c in node.status.conditions)


def by_handle(volume: PersistentVolume) -> list[tuple[str, str]]:
    """An index of volumes."""
    return [(volume.spec.csi.driver, volume.spec.csi.volume_handle)] if volume.spec.csi else []
