"""The scale of whatever has one: built-in kinds and custom ones, found by what the cluster serves."""

from typing import NamedTuple

from msgspec.structs import replace

from podo.api import resources
from podo.api.errors import APIError
from podo.api.types.autoscaling_v1 import Scale
from podo.api.types.autoscaling_v2 import CrossVersionObjectReference
from podo.client.base import Client, Key, Kind
from podo.controllers.served import ServedResources

SUBRESOURCE = "scale"


class NoScale(Exception):
    """There is none; the text is for condition and event."""


class Scaled(NamedTuple):
    """A scale, and whose it is."""

    kind: Kind[Scale]
    key: Key
    scale: Scale

    @property
    def wanted(self) -> int:
        """How many there should be."""
        return self.scale.spec.replicas or 0

    @property
    def actual(self) -> int:
        """How many there are."""
        return self.scale.status.replicas or 0


class Scales:
    """Reads and sets them."""

    def __init__(self, client: Client, served: ServedResources) -> None:
        self._client, self._served = client, served

    async def find(self, namespace: str, target: CrossVersionObjectReference) -> Scaled:
        """The target's. Raises NoScale."""
        group, _ = resources.split_api_version(target.api_version)
        resource = self._served.by_group(group, target.kind)
        if resource is None:
            raise NoScale(f'no matches for kind "{target.kind}" in group "{group}"')
        kind, key = Kind(resource, Scale), Key(namespace, target.name)
        try:
            return Scaled(kind, key, await self._client.get(kind, key, subresource=SUBRESOURCE))
        except APIError as error:
            raise NoScale(str(error)) from error

    async def set(self, scaled: Scaled, replicas: int) -> None:
        """Give it so many. Raises APIError."""
        wanted = replace(scaled.scale, spec=replace(scaled.scale.spec, replicas=replicas))
        await self._client.update(wanted, of=scaled.kind, subresource=SUBRESOURCE)
