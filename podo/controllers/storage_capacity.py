"""Say how much room bare drivers have, for each class and place (KEP-1472): what external-provisioner is told to do.

Schedulers then leave out nodes where a volume would find no room.
"""

import hashlib
from collections.abc import Mapping

from msgspec.structs import replace

from podo.api.errors import AlreadyExists
from podo.api.types.meta_v1 import LabelSelector, ObjectMeta
from podo.api.types.storage_v1 import CSIDriver, CSINode, CSIStorageCapacity, StorageClass
from podo.client.base import Key, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.bare_drivers import BareDrivers
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.volume_provisioning import readable
from podo.storage.annotations import is_bare
from podo.storage.drivers import DriverFailure

NAMESPACE, EVERY = "kube-system", 60.0  # where the objects are; seconds between questions
DRIVER, MANAGED_BY = "csi.storage.k8s.io/drivername", "csi.storage.k8s.io/managed-by"
MANAGER = "podo"


class StorageCapacity:
    """Reads classes, drivers and their nodes; writes CSIStorageCapacities. Keys are classes."""

    name = "storage-capacity"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter, drivers: BareDrivers) -> None:
        self._client, self._drivers = client, drivers
        self._classes, self._infos = client.informer(StorageClass), client.informer(CSIDriver)
        self._capacities = client.informer(CSIStorageCapacity)
        self.watches = (
            Watch(StorageClass, to=itself),
            Watch(CSIDriver, to=self._of_driver),
            Watch(CSINode, to=lambda node: [key_of(c) for c in self._classes]),
        )

    async def reconcile(self, key: Key) -> Outcome:
        found = self._classes.get(key)
        info = self._infos.get(Key("", found.provisioner)) if found else None
        wanted = await self._wanted(found) if found and is_bare(info) and info and info.spec.storage_capacity else {}
        mine = {
            c.metadata.name: c
            for c in self._capacities
            if c.storage_class_name == key.name and c.metadata.labels.get(MANAGED_BY) == MANAGER
        }
        for name in mine.keys() - wanted.keys():
            await self._client.delete(CSIStorageCapacity, Key(NAMESPACE, name))
        for name, each in wanted.items():
            if name not in mine:
                try:
                    await self._client.create(each)
                except AlreadyExists:
                    continue
            elif mine[name].capacity != each.capacity:
                await self._client.update(replace(mine[name], capacity=each.capacity))
        return Outcome(EVERY) if wanted else DONE

    async def _wanted(self, found: StorageClass) -> dict[str, CSIStorageCapacity]:
        """The objects of a class, one a place; none for a place that does not answer."""
        driver = self._drivers.find(found.provisioner)
        wanted: dict[str, CSIStorageCapacity] = {}
        for place in self._drivers.places(found.provisioner) if driver else ():
            assert driver is not None
            parameters = {k: v for k, v in found.parameters.items() if not k.startswith("csi.storage.k8s.io/")}
            try:
                size = await driver.capacity(parameters, place, self._drivers.node_in(found.provisioner, place))
            except DriverFailure:
                continue
            if size is None:
                return {}
            made = capacity_of(found, place, size)
            wanted[made.metadata.name] = made
        return wanted

    def _of_driver(self, driver: CSIDriver) -> list[Key]:
        return [key_of(c) for c in self._classes if c.provisioner == driver.metadata.name]


def capacity_of(found: StorageClass, place: Mapping[str, str], size: int) -> CSIStorageCapacity:
    """How much room there is for a class at a place."""
    labels = dict(place)
    text = f"{found.metadata.name}/{sorted(labels.items())}"
    return CSIStorageCapacity(
        metadata=ObjectMeta(
            name=f"csisc-{hashlib.sha256(text.encode()).hexdigest()[:12]}",
            namespace=NAMESPACE,
            labels={DRIVER: found.provisioner, MANAGED_BY: MANAGER},
        ),
        storage_class_name=found.metadata.name,
        node_topology=LabelSelector(match_labels=labels),
        capacity=readable(size),
    )
