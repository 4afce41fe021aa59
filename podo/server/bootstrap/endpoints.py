"""Where Pods find the API: the endpoints of the Service `kubernetes`, kept by the servers themselves."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import NamedTuple

from podo.server.bootstrap.objects import SERVICE_NAME, context_of, served_of
from podo.server.core import Core
from podo.server.registry.generic import Change
from podo.server.strategy import Object

NAMESPACE = "default"


class Place(NamedTuple):
    """Where a server can be reached."""

    address: str
    port: int


async def publish_endpoints(core: Core, places: Sequence[Place]) -> None:
    """Say that the API is at these places, and nowhere else."""
    for wanted in (endpoints(places), endpoint_slice(places)):
        served = served_of(core, wanted)
        context = context_of(core, served, NAMESPACE)
        if await core.registry.stored(served, NAMESPACE, SERVICE_NAME) is None:
            await core.registry.create(context, served, wanted)
        else:
            await core.registry.update(context, served, SERVICE_NAME, _changing_to(wanted))


def _changing_to(wanted: Object) -> Change:
    async def change(current: Object, revision: int) -> Object:
        return wanted | {"metadata": current["metadata"]}

    return change


def endpoints(places: Sequence[Place]) -> Object:
    """The Endpoints object: a subset for each port."""
    subsets = [
        {
            "addresses": [{"ip": place.address} for place in sorted(places) if place.port == port],
            "ports": [_port(port)],
        }
        for port in sorted({place.port for place in places})
    ]
    labels = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    return _object("v1", "Endpoints", labels) | {"subsets": subsets}


def endpoint_slice(places: Sequence[Place]) -> Object:
    """The EndpointSlice, which has one port and one family: those of the first place."""
    first = min(places)
    version = ip_address(first.address).version
    alike = [p for p in sorted(places) if p.port == first.port and ip_address(p.address).version == version]
    return _object("discovery.k8s.io/v1", "EndpointSlice", {"kubernetes.io/service-name": SERVICE_NAME}) | {
        "addressType": f"IPv{version}",
        "endpoints": [{"addresses": [place.address], "conditions": {"ready": True}} for place in alike],
        "ports": [_port(first.port)],
    }


def _port(port: int) -> Object:
    return {"name": "https", "port": port, "protocol": "TCP"}


def _object(api_version: str, kind: str, labels: dict[str, str]) -> Object:
    metadata = {"name": SERVICE_NAME, "namespace": NAMESPACE, "labels": labels}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}
