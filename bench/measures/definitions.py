"""What 200 definitions and 1,000 custom resources cost others: discovery, OpenAPI and memory, before and with them.

Documents are asked for compressed, as clients written in Go do, and are there already: what is timed is what every
client pays, not what the first one after a change does.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from bench import objects
from bench.client import JSON, Client
from bench.load import Sample, load
from bench.measures import memory
from bench.reading import Reading, percentile
from bench.target import Target

KINDS, OBJECTS, GROUPS, FIELDS = 200, 1_000, 20, 20
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
PATHS = {
    "discovery": ("/apis", AGGREGATED),
    "OpenAPI v2": ("/openapi/v2", JSON),
    "OpenAPI v3, index": ("/openapi/v3", JSON),
    "OpenAPI v3, one group": ("/openapi/v3/apis/apps/v1", JSON),
    "LIST of a built-in kind": ("/api/v1/namespaces", JSON),
}
REST = 2.0  # seconds


async def measure(target: Target) -> AsyncIterator[Reading]:
    has_memory = bool(target.options.process)
    empty = {name: await sample(target, *asked) for name, asked in PATHS.items()}
    before = memory.occupied(target) if has_memory else 0
    for name, found in empty.items():
        yield found.reading(f"{name}, empty")
    try:
        await define(target)
        await asyncio.sleep(REST)
        for name, asked in PATHS.items():
            found = await sample(target, *asked)
            yield found.reading(f"{name}, {KINDS} definitions")
            grown = percentile(found.times, 0.5) / percentile(empty[name].times, 0.5)
            yield Reading(f"{name}: grown", value=f"{grown:.2f} ×")
        if has_memory:
            reading = memory.reading(target, f"memory, {KINDS} definitions (PSS)")
            yield replace(reading, note=f"{memory.occupied(target) / before:.2f} × of the empty server's")
    finally:
        await remove(target.client)


async def sample(target: Target, path: str, accept: str) -> Sample:
    """One connection's requests for a document that is there already."""
    request = target.client.encode("GET", path)
    request = request.replace(f"Accept: {JSON}".encode(), f"Accept: {accept}\r\nAccept-Encoding: gzip".encode())
    await load(target.client, lambda connection, number: request, connections=1, count=1)
    return await load(target.client, lambda connection, number: request, connections=1, seconds=target.options.seconds)


def definition(number: int) -> objects.Manifest:
    """One of 200 kinds, which are spread over groups."""
    group, plural = f"g{number % GROUPS}.bench.example.com", f"things{number}"
    fields = {f"field{each}": {"type": "string", "description": "What it is for."} for each in range(FIELDS)}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": plural, "kind": f"Thing{number}"}
    head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    return head | {"metadata": {"name": f"{plural}.{group}"}, "spec": spec}


async def define(target: Target) -> None:
    """Make them all."""
    made = [definition(number) for number in range(KINDS)]
    for one in made:
        await target.create(DEFINITIONS, one)
    async with asyncio.timeout(target.options.patience):
        while True:
            if await _is_served(target.client, made[-1]):
                break
            await asyncio.sleep(0.1)
    for number in range(OBJECTS):
        spec = made[number % KINDS]["spec"]
        group, plural, kind = spec["group"], spec["names"]["plural"], spec["names"]["kind"]
        body = {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": f"a{number}"}, "spec": {"field1": "x"}}
        await target.create(f"/apis/{group}/v1/namespaces/{target.namespace}/{plural}", body)


async def _is_served(client: Client, manifest: objects.Manifest) -> bool:
    spec = manifest["spec"]
    found = await client.one("GET", f"/apis/{spec['group']}/v1/{spec['names']['plural']}", allow=(404, 429))
    return str(found.get("kind", "")).endswith("List")


async def remove(client: Client) -> None:
    """Delete them again."""
    for number in range(KINDS):
        await client.one("DELETE", f"{DEFINITIONS}/{definition(number)['metadata']['name']}", allow=(404,))
