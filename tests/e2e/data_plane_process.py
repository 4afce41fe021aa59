"""A data plane in a process of its own, with an API in memory: what an agent or the server is to the network.

Arguments: a JSON object with `run_root`, and for a node `node`, `address`, `pod_range`. Prints "ready" once Services
are in force. Then each line of its input is a JSON object: {"pod": id, "netns": path} links a Pod and prints its
address; {"endpoints": [addresses]} changes the endpoints of `web` and prints the revision once it is in force here.
"""

import asyncio
import json
import sys
from pathlib import Path
from random import Random

import msgspec

from podo.api.types.core_v1 import Namespace, Node, Service, ServicePort, ServiceSpec
from podo.api.types.discovery_v1 import EndpointSlice
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key
from podo.client.informers import Informers
from podo.clock import SystemClock
from podo.network.base import PodSandbox
from podo.network.config import NetworkConfig
from podo.network.dataplane import host_data_plane, node_data_plane
from podo.server.core import running_core
from podo.store.memory import MemoryStore
from tests.network import build

NODES = (("node-1", "10.245.0.2", "10.244.1.0/24"), ("node-2", "10.245.0.3", "10.244.2.0/24"))
PORTS = (ServicePort(name="http", port=80, protocol="TCP"),)
SERVICES = {
    "web": ServiceSpec(cluster_ip="10.96.0.50", cluster_ips=("10.96.0.50",), ports=PORTS, selector={"app": "web"}),
    "peers": ServiceSpec(cluster_ip="None", cluster_ips=("None",), ports=PORTS, selector={"app": "web"}),
}


async def fill(client):
    """The objects that controllers and users would have made."""
    await client.create(Namespace(metadata=ObjectMeta(name="default")))
    for name, address, pod_range in NODES:
        made = await client.create(build.node(name, pod_range=pod_range))
        status = build.node(name, address=address).status
        await client.update(msgspec.structs.replace(made, status=status), subresource="status")
    for name, spec in SERVICES.items():
        await client.create(Service(metadata=ObjectMeta(name=name, namespace="default"), spec=spec))
        await client.create(build.endpoint_slice(of=name, name=name))


async def set_endpoints(client, addresses):
    """The revision of the change."""
    written = None
    for name in SERVICES:
        have = await client.get(EndpointSlice, Key("default", name))
        endpoints = build.endpoint_slice(*addresses).endpoints
        written = await client.update(msgspec.structs.replace(have, endpoints=endpoints))
    return int(written.metadata.resource_version)


def make_plane(arguments, client, clock):
    config = NetworkConfig(cluster="e2e", run_root=Path(arguments["run_root"]))
    if "node" not in arguments:
        return host_data_plane(config, clock=clock)
    return node_data_plane(
        config,
        node=arguments["node"],
        addresses=(arguments["address"],),
        pod_ranges=(arguments["pod_range"],),
        state=config.run_root / arguments["node"],
        plugins=config.run_root / "cni",
        client=client,
        clock=clock,
    )


async def obey(plane, client, line):
    command = json.loads(line)
    if "endpoints" in command:
        revision = await set_endpoints(client, command["endpoints"])
        await plane.proxy.progress.reached(revision)
        return str(revision)
    box = PodSandbox(id=command["pod"], netns=command["netns"], namespace="default", name=command["pod"], uid="u")
    return ",".join(await plane.pods.setup(box))


async def main(arguments):
    clock = SystemClock()
    async with running_core(MemoryStore(), clock) as core, asyncio.TaskGroup() as tasks:
        client = core.client()
        await fill(client)
        informers = Informers(client, clock, Random(1))
        plane = make_plane(arguments, client, clock)
        tasks.create_task(informers.run())
        tasks.create_task(plane.run(informers))
        for kind in (Node, Service, EndpointSlice):
            await informers.synced(informers.of(kind))
        await plane.proxy.settled()
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(await obey(plane, client, line), flush=True)
        raise SystemExit


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
