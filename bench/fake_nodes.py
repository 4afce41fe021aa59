"""Nodes that run nothing: Node objects, and what kubelets would say of their Pods.

They are for measures of the control plane alone. Each Pod that is bound to one is said to run at once, each that is
being deleted goes at once, and leases are renewed as those of true nodes are.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from bench import objects
from bench.client import STRATEGIC, Client
from bench.connection import Connection

LABEL = "bench.podo/fake"
RENEWAL, CONNECTIONS = 10.0, 16
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
SELECTOR = {LABEL: "yes"}
TOLERATION = {"key": LABEL, "operator": "Exists"}


def node(name: str, pods: int) -> dict[str, Any]:
    """A Ready node with room for so many Pods, that takes none but the measure's."""
    room = {"cpu": "64", "memory": "256Gi", "pods": str(pods)}
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": now()}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {**SELECTOR, "kubernetes.io/hostname": name}},
        "spec": {"taints": [{"key": LABEL, "value": "yes", "effect": "NoSchedule"}]},
        "status": {"capacity": room, "allocatable": room, "conditions": [ready | {"lastTransitionTime": now()}]},
    }


def lease(name: str) -> dict[str, Any]:
    """A node's sign of life."""
    spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": now()}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}, "spec": spec}


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def running(number: int) -> bytes:
    """The status of a Pod that runs, as a patch."""
    address = f"172.16.{number // 250 % 250}.{number % 250 + 1}"
    since = now()[:19] + "Z"
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": since}
        for kind in ("Initialized", "ContainersReady", "Ready")
    ]
    state = {"running": {"startedAt": since}}
    container = {"name": "main", "image": "fake", "imageID": "", "ready": True, "restartCount": 0, "state": state}
    status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "conditions": conditions}
    return json.dumps({"status": status | {"containerStatuses": [container], "startTime": since}}).encode()


class FakeKubelets:
    """Answers for the Pods of a namespace."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client, self._path = client, objects.pods(namespace)
        self._known: set[tuple[str, str]] = set()
        self._wanted: asyncio.Queue[bytes] = asyncio.Queue()
        self._numbers = itertools.count()
        self._rest = b""
        self.ready = 0

    def take(self, chunk: bytes) -> None:
        """Watch events."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in filter(None, lines):
            pod = json.loads(line)["object"]
            meta = pod["metadata"]
            self._answer(meta["name"], meta.get("uid", ""), meta, pod.get("spec") or {})

    def _answer(self, name: str, uid: str, meta: dict[str, Any], spec: dict[str, Any]) -> None:
        gone = bool(meta.get("deletionTimestamp"))
        if not spec.get("nodeName") or (mark := (uid, "gone" if gone else "runs")) in self._known:
            return
        self._known.add(mark)
        if gone:
            body = b'{"gracePeriodSeconds":0}'
            self._wanted.put_nowait(self._client.encode("DELETE", f"{self._path}/{name}", body))
        else:
            body = running(next(self._numbers))
            self._wanted.put_nowait(
                self._client.encode("PATCH", f"{self._path}/{name}/status", body, content=STRATEGIC)
            )

    async def work(self, connection: Connection) -> None:
        """Send what is wanted, on one connection, until cancelled."""
        while True:
            answer = await connection.request(await self._wanted.get())
            self.ready += answer.status < 300


@asynccontextmanager
async def fake_nodes(client: Client, namespace: str, count: int, pods: int) -> AsyncIterator[FakeKubelets]:
    """So many nodes, each with room for so many Pods, while entered."""
    names = [f"{namespace}-{number}" for number in range(count)]
    kubelets = FakeKubelets(client, namespace)
    async with client.connections(CONNECTIONS + 2) as (watching, renewing, *opened):
        for name in names:
            for path, body in ((LEASES, lease(name)), ("/api/v1/nodes", node(name, pods))):
                await renewing.request(client.encode("POST", path, json.dumps(body).encode()))
        watching.stream = kubelets.take
        watching.request(client.encode("GET", objects.pods(namespace), query={"watch": "1"}))
        async with asyncio.TaskGroup() as tasks:
            begun = [tasks.create_task(kubelets.work(connection)) for connection in opened]
            begun.append(tasks.create_task(_renew(client, renewing, names)))
            try:
                yield kubelets
            finally:
                for task in begun:
                    task.cancel()
        for name in names:
            await client.one("DELETE", f"/api/v1/nodes/{name}", allow=(404,))
            await client.one("DELETE", f"{LEASES}/{name}", allow=(404,))


async def _renew(client: Client, connection: Connection, names: list[str]) -> None:
    while True:
        for name in names:
            await asyncio.sleep(RENEWAL / len(names))
            body = json.dumps({"spec": {"renewTime": now()}}).encode()
            await connection.request(client.encode("PATCH", f"{LEASES}/{name}", body, content=STRATEGIC))
