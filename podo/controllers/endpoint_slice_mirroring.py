"""EndpointSlices for Endpoints that somebody keeps himself, for a Service without selector."""

from collections.abc import Iterable, Mapping

import msgspec

from podo.api.errors import APIError, is_terminating
from podo.api.types.core_v1 import EndpointAddress, Endpoints, EndpointSubset, Service
from podo.api.types.discovery_v1 import Endpoint, EndpointConditions, EndpointPort, EndpointSlice
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.ownership import reference_to
from podo.controllers.service_pods import IPV4, IPV6, family_of
from podo.controllers.slice_changes import (
    MANAGED_BY,
    SERVICE_NAME,
    Changes,
    Wanted,
    managed_by,
    plan_group,
    ports_key,
    reuse,
    write,
)

MANAGER = "endpointslicemirroring-controller.k8s.io"
SKIP, LEADER = "endpointslice.kubernetes.io/skip-mirror", "control-plane.alpha.kubernetes.io/leader"
OWN_ANNOTATIONS = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "endpoints.kubernetes.io/last-change-trigger-time",
)
MOST = 1000
"""Addresses of a subset that are mirrored."""


by_mirrored = managed_by(MANAGER)
"""Index keys: the Endpoints that a slice of ours mirrors."""


class EndpointSliceMirroringController:
    """Reads Endpoints and Service; writes EndpointSlices."""

    name = "endpointslicemirroring"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._events = client, events.recorder("endpoint-slice-mirroring-controller")
        self._services, self._endpoints = client.informer(Service), client.informer(Endpoints)
        self._slices = client.informer(EndpointSlice).index(by_mirrored)
        self.watches = (
            Watch(Endpoints, to=itself),
            Watch(Service, to=itself, when=_selects_otherwise),
            Watch(EndpointSlice, to=by_mirrored),
        )

    async def reconcile(self, key: Key) -> Outcome:
        endpoints, service = self._endpoints.get(key), self._services.get(key)
        observed = [s for s in self._slices(key) if not s.metadata.deletion_timestamp]
        if endpoints is None or service is None or service.spec.selector or not is_mirrored(endpoints):
            await write(self._client, Changes(delete=observed))
            return DONE
        if skipped := sum(max(0, _count(subset) - MOST) for subset in endpoints.subsets):
            text = f"A max of {MOST} addresses can be mirrored to EndpointSlices per Endpoints subset. "
            self._events.warning(endpoints, "TooManyAddressesToMirror", f"{text}{skipped} addresses were skipped")
        try:
            await write(self._client, mirror(endpoints, observed))
        except APIError as error:
            if is_terminating(error):
                return DONE
            message = f"Error updating EndpointSlices for {key}: {error}"
            self._events.warning(endpoints, "FailedToUpdateEndpointSlices", message)
            raise
        return DONE


def is_mirrored(endpoints: Endpoints) -> bool:
    """Whether its keeper wants slices of it: not of those that are another's, or no more than a lock."""
    meta = endpoints.metadata
    return meta.labels.get(SKIP) != "true" and LEADER not in meta.annotations and not meta.deletion_timestamp


def mirror(endpoints: Endpoints, observed: Iterable[EndpointSlice]) -> Changes:
    """The changes that make the slices say what the Endpoints say."""
    have, changes = sorted(observed, key=key_of), Changes()
    kept: set[int] = set()
    for (family, ports), found in mirrored(endpoints.subsets).items():
        same = [s for s in have if s.address_type == family and ports_key(s.ports) == ports_key(ports)]
        kept |= {id(s) for s in same}
        plan_group(changes, _empty(endpoints, family, ports), found, same)
    changes.update = [_described(s, endpoints) for s in changes.update]
    touched = {key_of(s) for s in changes.update} | {key_of(s) for s in changes.delete}
    for each in have:
        if id(each) in kept and key_of(each) not in touched and (after := _described(each, endpoints)) != each:
            changes.update.append(after)
    changes.delete += [s for s in have if id(s) not in kept]
    for family in (IPV4, IPV6):
        reuse_within(changes, family)
    return changes


def reuse_within(changes: Changes, family: str) -> None:
    """Turn slices that would go into ones that would be made, of one address family."""
    part = Changes(
        create=[s for s in changes.create if s.address_type == family],
        delete=[s for s in changes.delete if s.address_type == family],
    )
    changes.create = [s for s in changes.create if s.address_type != family]
    changes.delete = [s for s in changes.delete if s.address_type != family]
    reuse(part)
    changes.create += part.create
    changes.update += part.update
    changes.delete += part.delete


def mirrored(subsets: Iterable[EndpointSubset]) -> Wanted:
    """The endpoints of all subsets by address family and ports."""
    wanted: Wanted = {}
    for subset in subsets:
        ports = tuple(
            EndpointPort(name=p.name, port=p.port, protocol=p.protocol or "TCP", app_protocol=p.app_protocol)
            for p in subset.ports
        )
        both = [(a, True) for a in subset.addresses] + [(a, False) for a in subset.not_ready_addresses]
        for address, ready in both[:MOST]:
            wanted.setdefault((family_of(address.ip), ports), []).append(endpoint(address, ready))
    return wanted


def endpoint(address: EndpointAddress, ready: bool) -> Endpoint:
    """An address as an endpoint."""
    return Endpoint(
        addresses=(address.ip,),
        conditions=EndpointConditions(ready=ready),
        hostname=address.hostname,
        node_name=address.node_name,
        target_ref=address.target_ref,
    )


def _empty(endpoints: Endpoints, family: str, ports: tuple[EndpointPort, ...]) -> EndpointSlice:
    meta = endpoints.metadata
    made = ObjectMeta(
        generate_name=f"{meta.name}-",
        namespace=meta.namespace,
        labels=_labels(endpoints),
        annotations=_annotations(meta.annotations),
        owner_references=(reference_to(endpoints),),
    )
    return EndpointSlice(metadata=made, address_type=family, ports=ports)


def _described(found: EndpointSlice, endpoints: Endpoints) -> EndpointSlice:
    """With the labels and annotations that the Endpoints have now."""
    annotations = _annotations(endpoints.metadata.annotations)
    meta = msgspec.structs.replace(found.metadata, labels=_labels(endpoints), annotations=annotations)
    return msgspec.structs.replace(found, metadata=meta)


def _labels(endpoints: Endpoints) -> dict[str, str]:
    meta = endpoints.metadata
    return {**meta.labels, SERVICE_NAME: meta.name, MANAGED_BY: MANAGER}


def _annotations(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name not in OWN_ANNOTATIONS}


def _count(subset: EndpointSubset) -> int:
    return len(subset.addresses) + len(subset.not_ready_addresses)


def _selects_otherwise(old: Service | None, new: Service | None) -> bool:
    return old is None or new is None or bool(old.spec.selector) != bool(new.spec.selector)
