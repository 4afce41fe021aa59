"""A storage class that works with nothing to install: podo's own drivers and a class, made when a cluster starts.

All are made once: a class that an administrator changes stays as it is, one that is deleted comes back only with the
next start of the server.
"""

import contextlib
from collections.abc import Callable
from typing import TypeVar

from podo.api.errors import AlreadyExists
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.storage_v1 import CSIDriver, CSIDriverSpec, StorageClass
from podo.client.base import Key, find
from podo.client.informers import CachedClient
from podo.controllers.base import DONE, Outcome, Watch
from podo.storage.annotations import DEFAULT_CLASS, WAIT_FOR_CONSUMER
from podo.storage.local import CLASS, DRIVER
from podo.storage.objects import DRIVERS

T = TypeVar("T", CSIDriver, StorageClass)


class DefaultStorage:
    """Creates CSIDrivers and a StorageClass."""

    name = "default-storage"
    watches: tuple[Watch[Key], ...] = ()

    def __init__(self, client: CachedClient) -> None:
        self._client = client

    def attach(self, add: Callable[[Key], None]) -> None:
        """There is one thing to do, once."""
        add(Key("", CLASS))

    async def reconcile(self, key: Key) -> Outcome:
        for wanted in (driver(), *stores()):
            await self._have(CSIDriver, wanted)
        await self._have(StorageClass, storage_class())
        return DONE

    async def _have(self, kind: type[T], wanted: T) -> None:
        if await find(self._client, kind, Key("", wanted.metadata.name)) is None:
            with contextlib.suppress(AlreadyExists):
                await self._client.create(wanted)


def driver() -> CSIDriver:
    """How volumes of podo's own driver are used: nothing to attach, and files may be given to a Pod's group."""
    return CSIDriver(
        metadata=ObjectMeta(name=DRIVER),
        spec=CSIDriverSpec(attach_required=False, pod_info_on_mount=False, fs_group_policy="File"),
    )


def stores() -> list[CSIDriver]:
    """The drivers of object stores: nothing to attach, and all users may use the files."""
    spec = CSIDriverSpec(attach_required=False, pod_info_on_mount=False, fs_group_policy="None")
    return [CSIDriver(metadata=ObjectMeta(name=name), spec=spec) for name in DRIVERS]


def storage_class() -> StorageClass:
    """The default class."""
    return StorageClass(
        metadata=ObjectMeta(name=CLASS, annotations={DEFAULT_CLASS: "true"}),
        provisioner=DRIVER,
        reclaim_policy="Delete",
        volume_binding_mode=WAIT_FOR_CONSUMER,
        allow_volume_expansion=True,
    )
