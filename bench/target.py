"""The cluster under test: what it can do, the namespace we use in it, and the objects that many measures need."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench import objects
from bench.client import Client, Refused
from bench.load import load
from bench.processes import meter

KINDS = (objects.deployments, objects.pods, objects.configmaps)
_GONE_SECONDS = 60


@dataclass(frozen=True)
class Options:
    """What the command line says. Times in seconds."""

    kubeconfig: Path
    seconds: float = 3.0  # how long a load lasts
    rounds: int = 20  # how often a single thing is timed
    stored: tuple[int, ...] = (10_000,)
    scale: tuple[int, ...] = (1_000, 10_000, 100_000)
    watchers: int = 1_000
    deployments: int = 1_000  # of the fleet on fake nodes
    image: str = "hello:v1"
    process: str = ""  # a regular expression for the command lines of the cluster's processes
    start: str = ""  # the command that starts a new cluster
    stop: str = ""  # the command that removes it
    prepare: str = ""  # a command to run once it has started: to give its nodes the image
    patience: float = 120.0


@dataclass(frozen=True)
class Target:
    """A cluster that answers, and `namespace`, which is ours alone."""

    client: Client
    options: Options
    namespace: str
    nodes: int  # Ready ones; 0: the API alone

    async def create(self, path: str, manifest: objects.Manifest) -> dict[str, Any]:
        return await self.client.one("POST", path, manifest)

    async def clear(self) -> None:
        """Delete all our objects at once."""
        for path in KINDS:
            await self.client.one("DELETE", path(self.namespace), query={"gracePeriodSeconds": "0"}, allow=(404, 405))

    async def stock(self, count: int, size: int, every: int = 100) -> None:
        """Have `count` ConfigMaps of `size` characters; each `every`th is labelled hit=<count>."""
        path = objects.configmaps(self.namespace)

        def create(connection: int, number: int) -> bytes:
            index = number * 32 + connection
            labels = {"hit": str(count)} if index % every == 0 else None
            manifest = objects.configmap(f"stock-{count}-{index}", size, labels)
            return self.client.encode("POST", path, objects.encoded(manifest))

        sample = await load(self.client, create, connections=32, count=count)
        if sample.failed:
            raise Refused(f"{sample.failed} of {count} objects were not created: {sample.first_failure}")


@asynccontextmanager
async def prepared(options: Options) -> AsyncIterator[Target]:
    """The target, with a namespace for this run, which is removed at the end."""
    client = replace(Client.from_kubeconfig(options.kubeconfig), cluster_cpu=meter(options.process))
    nodes = await ready_nodes(client)
    name = f"bench-{secrets.token_hex(4)}"
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await client.one("POST", "/api/v1/namespaces", namespace)
    target = Target(client, options, name, nodes)
    try:
        await _service_account(client, name, wait=bool(nodes))
        yield target
    finally:
        await target.clear()
        await _remove(client, name)


async def ready_nodes(client: Client) -> int:
    """How many nodes are Ready."""
    nodes = (await client.one("GET", "/api/v1/nodes", allow=(404,))).get("items") or []
    return sum(is_true(node, "Ready") for node in nodes)


def is_true(item: dict[str, Any], condition: str) -> bool:
    """Whether this condition of a Node, Pod or Deployment is True."""
    conditions = (item.get("status") or {}).get("conditions") or []
    return any(c["type"] == condition and c["status"] == "True" for c in conditions)


async def _service_account(client: Client, namespace: str, *, wait: bool) -> None:
    """Pods need the default ServiceAccount; where no controller makes it, we do."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    for _ in range(50 if wait else 0):
        if (await client.one("GET", f"{path}/default", allow=(404,))).get("kind") == "ServiceAccount":
            return
        await asyncio.sleep(0.1)
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    await client.one("POST", path, account, allow=(409,))


async def _remove(client: Client, name: str) -> None:
    """Delete the namespace; where no controller finishes that, we do."""
    path = f"/api/v1/namespaces/{name}"
    await client.one("DELETE", path, allow=(404, 409))
    for _ in range(_GONE_SECONDS * 10):
        found = await client.one("GET", path, allow=(404,))
        if found.get("kind") != "Namespace":
            return
        if not await ready_nodes(client):
            found["spec"] = {"finalizers": []}
            await client.one("PUT", f"{path}/finalize", found, allow=(404, 409))
        await asyncio.sleep(0.1)
