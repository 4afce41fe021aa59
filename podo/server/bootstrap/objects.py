"""Create the objects that a cluster starts with, where they are missing. `objects.json` has one a line."""

import asyncio
from copy import deepcopy
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import msgspec

from podo.api.errors import AlreadyExists
from podo.api.resources import split_api_version
from podo.api.timestamps import format_time
from podo.server.context import Context
from podo.server.core import MASTER, Core
from podo.server.registry.kinds import Served
from podo.server.strategy import Object

FILE = Path(__file__).with_name("objects.json")
MANAGER = "kube-apiserver"
SERVICE_NAME = "kubernetes"
CIDR_READY = "Kubernetes default Service CIDR is ready"


def default_objects() -> list[Object]:
    """All but those that depend on the cluster's addresses."""
    return msgspec.json.decode(FILE.read_bytes(), type=list[Object])


async def bootstrap(core: Core, *, service_cidr: str, port: int) -> list[Object]:
    """Create what is missing, namespaces before what lies in them; what was there already.

    `service_cidr` is one range, or one of each family: the first is that of the API itself, which listens at `port`.
    """
    objects = [*default_objects(), service_cidr_object(service_cidr)]
    old: list[Object] = []

    async def note(obj: Object) -> None:
        if not await ensure(core, obj):
            old.append(obj)

    for wave in (True, False):
        async with asyncio.TaskGroup() as tasks:
            for obj in objects:
                if (obj["kind"] == "Namespace") is wave:
                    tasks.create_task(note(obj))
    await ensure(core, api_service(ip_network(service_cidr.partition(",")[0]), port))
    await _mark_ready(core)
    return old


async def ensure(core: Core, obj: Object) -> bool:
    """Create an object where it is missing; whether it was."""
    served, metadata = served_of(core, obj), obj["metadata"]
    key = served.stored.key(metadata.get("namespace", ""), metadata["name"])
    if core.cache.resource(served.stored.prefix).get(key) is not None:
        return False
    try:
        await core.registry.create(context_of(core, served, metadata.get("namespace", "")), served, obj)
    except AlreadyExists:
        return False  # another server was faster
    return True


def served_of(core: Core, obj: Object) -> Served:
    """The kind of a built-in object."""
    group, version = split_api_version(obj["apiVersion"])
    served = core.catalog.by_kind(group, version, obj["kind"])
    assert served is not None, obj["kind"]
    return served


def context_of(core: Core, served: Served, namespace: str, subresource: str = "") -> Context:
    """What the server itself asks for."""
    resource = served.resource
    return Context(
        MASTER,
        core.clock.now(),
        group=resource.group,
        version=resource.version,
        subresource=subresource,
        namespace=namespace,
        manager=MANAGER,
    )


def service_cidr_object(service_cidr: str) -> Object:
    """The range of cluster IPs, as the API shows it."""
    spec = {"cidrs": service_cidr.split(",")}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "ServiceCIDR",
        "metadata": {"name": SERVICE_NAME},
        "spec": spec,
    }


def api_service(network: IPv4Network | IPv6Network, port: int) -> Object:
    """The Service by which Pods reach the API: always the first address of the range."""
    address = str(network[1])
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": SERVICE_NAME,
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "type": "ClusterIP",
            "clusterIP": address,
            "clusterIPs": [address],
            "ipFamilies": [f"IPv{network.version}"],
            "ipFamilyPolicy": "SingleStack",
            "sessionAffinity": "None",
            "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": port}],
        },
    }


async def _mark_ready(core: Core) -> None:
    """Say that the range of cluster IPs is in use."""
    served = served_of(core, {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR"})

    async def change(current: Object, revision: int) -> Object:
        changed = deepcopy(current)
        if not changed.get("status", {}).get("conditions"):
            condition = {"type": "Ready", "status": "True", "reason": "", "message": CIDR_READY}
            changed["status"] = {"conditions": [condition | {"lastTransitionTime": format_time(core.clock.now())}]}
        return changed

    await core.registry.update(context_of(core, served, "", "status"), served, SERVICE_NAME, change)
