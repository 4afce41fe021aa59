"""Where Pods find the API: the endpoints of the Service `kubernetes`, kept by the server itself."""

from ipaddress import ip_address

from podo.server.bootstrap.objects import SERVICE_NAME, context_of, served_of
from podo.server.core import Core
from podo.server.registry.generic import Change
from podo.server.strategy import Object

NAMESPACE = "default"


async def publish_endpoints(core: Core, address: str, port: int, *, shared: bool) -> None:
    """Say that the API is at this address; `shared`: beside those where other servers are."""
    for wanted in (endpoints(address, port), endpoint_slice(address, port)):
        served = served_of(core, wanted)
        context = context_of(core, served, NAMESPACE)
        if await core.registry.stored(served, NAMESPACE, SERVICE_NAME) is None:
            await core.registry.create(context, served, wanted)
        else:
            await core.registry.update(context, served, SERVICE_NAME, _changing_to(wanted, shared=shared))


def _changing_to(wanted: Object, *, shared: bool) -> Change:
    async def change(current: Object, revision: int) -> Object:
        kept = {"metadata": current["metadata"]}
        return (with_others(wanted, current) if shared else wanted) | kept

    return change


def with_others(wanted: Object, current: Object) -> Object:
    """`wanted`, and the addresses of other servers that `current` has."""
    merged = dict(wanted)
    if "endpoints" in wanted:
        others = [e for e in current.get("endpoints") or () if e["addresses"] != wanted["endpoints"][0]["addresses"]]
        merged["endpoints"] = sorted([*wanted["endpoints"], *others], key=lambda e: e["addresses"])
        return merged
    [subset] = wanted["subsets"]
    known = [address for old in current.get("subsets") or () for address in old.get("addresses") or ()]
    addresses = {address["ip"]: address for address in (*known, *subset["addresses"])}
    merged["subsets"] = [subset | {"addresses": [addresses[ip] for ip in sorted(addresses)]}]
    return merged


def endpoints(address: str, port: int) -> Object:
    """The Endpoints object."""
    subset = {"addresses": [{"ip": address}], "ports": [{"name": "https", "port": port, "protocol": "TCP"}]}
    labels = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    return _object("v1", "Endpoints", labels) | {"subsets": [subset]}


def endpoint_slice(address: str, port: int) -> Object:
    """The EndpointSlice."""
    return _object("discovery.k8s.io/v1", "EndpointSlice", {"kubernetes.io/service-name": SERVICE_NAME}) | {
        "addressType": f"IPv{ip_address(address).version}",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
    }


def _object(api_version: str, kind: str, labels: dict[str, str]) -> Object:
    metadata = {"name": SERVICE_NAME, "namespace": NAMESPACE, "labels": labels}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}
