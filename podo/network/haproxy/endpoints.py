"""The endpoints of ports of Services, as informers tell of them, and which changes of them are in force."""

import asyncio
from collections.abc import Iterable

from podo.api.types.core_v1 import Service
from podo.api.types.discovery_v1 import EndpointSlice
from podo.client.base import Key
from podo.network.services.backends import Backend, Backends, PortKey, backends, service_of
from podo.network.services.progress import Progress


class Endpoints:
    """EndpointSlices by their Service. `wake` is set when those of `concerned` Services change.

    A round of serving lies between `begin` and `served`; `progress` is what is in force after it.
    """

    def __init__(self, wake: asyncio.Event) -> None:
        self.concerned: set[Key] = set()  # Services that are led to
        self.progress = Progress()
        self._wake, self._slices = wake, dict[Key, dict[str, EndpointSlice]]()
        self._revision = self._begun = 0
        self._busy = True  # something that we were told of is not in force yet

    def changed(self, old: EndpointSlice | None, new: EndpointSlice | None) -> None:
        """Take a change over."""
        for each, present in ((old, False), (new, True)):
            if each is None:
                continue
            self._revision = max(self._revision, int(each.metadata.resource_version or 0))
            key = Key(each.metadata.namespace, service_of(each))
            slices = self._slices.setdefault(key, {})
            slices.pop(each.metadata.name, None)
            if present:
                slices[each.metadata.name] = each
            if not slices:
                del self._slices[key]
            if key in self.concerned:
                self._busy = True
                self._wake.set()
        if not self._busy:
            self.progress.advance(self._revision)

    def begin(self) -> None:
        """What is known now is about to be served; `wake` was cleared before."""
        self._busy, self._begun = True, self._revision

    def served(self) -> None:
        """What was known at `begin` is in force, and all that came since unless it concerns us."""
        self._busy = self._wake.is_set()
        self.progress.advance(self._begun if self._busy else self._revision)

    def of(self, service: Service | None, port: PortKey, key: Key) -> tuple[Backend, ...]:
        """Who serves the port of `service`, which is at `key`: those of IPv4 if there are any."""
        if service is None:
            return ()
        slices: Iterable[EndpointSlice] = self._slices.get(key, {}).values()
        both = (backends(service, slices, node="", version=version).get(port, Backends()) for version in (4, 6))
        return next((each.cluster for each in both if each.cluster), ())
