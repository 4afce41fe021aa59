"""Nodes of a running cluster: added, removed, cut off and brought back."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from podo.api.timestamps import format_time
from podo.cluster import config, host, pki, residue, runtimes, up
from podo.cluster.api import API
from podo.cluster.config import ClusterConfig
from podo.cluster.errors import ClusterError
from podo.cluster.lock import locked
from podo.cluster.paths import Paths, find
from podo.cluster.processes import recorded
from podo.cluster.processes import stop as stop_process

OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


@contextmanager
def _changing(name: str, state_dir: str) -> Iterator[tuple[Paths, ClusterConfig]]:
    """A cluster whose server runs, locked."""
    where = find(name, Path(state_dir) if state_dir else None)
    with locked(where):
        if not recorded(where.pid("server")):
            raise ClusterError(f"cluster {name!r} is not running", hint="start it: podo up")
        yield where, config.load(where)


def add(name: str, state_dir: str, *, cpu: str, memory: str, wait: float, count: int = 1) -> list[str]:
    """Add nodes, started together; their names."""
    with _changing(name, state_dir) as (where, cluster):
        added = []
        for _ in range(count):
            added.append(config.new_node(cluster, cpu=cpu, memory=memory))
            cluster = cluster.with_node(added[-1])
        pki.ensure(where.pki, cluster, datetime.now(UTC))
        config.save(where, cluster)
        for node in added:
            up.start_node(where, cluster, node)
        host.set_up(where, cluster)
        if wait:
            up.await_ready(where, cluster, wait, progress=lambda _: None)
    return [node.name for node in added]


def stop(name: str, state_dir: str, node: str) -> None:
    """Cut a node's power and, since podo knows that nothing runs there any more, tell the API so at once."""
    with _changing(name, state_dir) as (where, cluster):
        found = cluster.node(node)
        if found.stopped:
            raise ClusterError(f"{node} is stopped already", hint=f"start it: podo node start {node}")
        config.save(where, cluster.with_node(msgspec.structs.replace(found, stopped=True)))
        _cut_power(where, cluster, node)
        with API(where, cluster) as api:
            mark_lost(api, node)


def start(name: str, state_dir: str, node: str, *, wait: float) -> None:
    """Bring a stopped or dead node back."""
    with _changing(name, state_dir) as (where, cluster):
        found = cluster.node(node)
        if not found.stopped and recorded(where.pid(node)):
            raise ClusterError(f"{node} is running already", hint="podo status shows it")
        found = msgspec.structs.replace(found, stopped=False)
        cluster = cluster.with_node(found)
        config.save(where, cluster)
        pki.ensure(where.pki, cluster, datetime.now(UTC))
        with API(where, cluster) as api:
            up.start_node(where, cluster, found)
            host.set_up(where, cluster)
            mark_back(api, node)
            if wait:
                up.await_ready(where, cluster, wait, progress=lambda _: None)


def remove(name: str, state_dir: str, node: str) -> None:
    """Remove a node for good."""
    with _changing(name, state_dir) as (where, cluster):
        cluster.node(node)
        if len(cluster.nodes) == 1:
            raise ClusterError(f"{node} is the only node", hint="add another first, or remove the cluster: podo down")
        _cut_power(where, cluster, node)
        with API(where, cluster) as api:
            mark_lost(api, node)
            api.delete_node(node)
        runtimes.clear(where, cluster, node)
        residue.forget_node(where, node)
        cluster = cluster.without_node(node)
        config.save(where, cluster)
        host.set_up(where, cluster)


def _cut_power(where: Paths, cluster: ClusterConfig, node: str) -> None:
    stop_process(where.pid(node), patience=0, force=True)
    residue.power_off(where, cluster, node)


def mark_lost(api: API, node: str) -> None:
    """Say that the node is off: its Pods cannot be running, so they are replaced without waiting for a time-out."""
    api.patch_node_status(node, {"status": {"conditions": [lost_condition(format_time(datetime.now(UTC)))]}})
    taint = {"key": OUT_OF_SERVICE, "value": "nodeshutdown", "effect": "NoExecute"}
    _change_taints(api, node, add=taint)


def mark_back(api: API, node: str) -> None:
    """Take back what `mark_lost` said."""
    _change_taints(api, node, add=None)


def lost_condition(now: str) -> dict[str, Any]:
    """The Ready condition of a node that is known to be off."""
    reason, message = "NodePoweredOff", "podo cut the node's power: none of its processes is left."
    condition = {"type": "Ready", "status": "Unknown", "reason": reason, "message": message}
    return condition | {"lastTransitionTime": now, "lastHeartbeatTime": now}


def _change_taints(api: API, node: str, *, add: dict[str, str] | None) -> None:
    for attempt in range(10):
        current = api.nodes().get(node)
        if current is None:
            return
        taints = [t for t in current["spec"].get("taints", ()) if t["key"] != OUT_OF_SERVICE]
        body = {"metadata": {"resourceVersion": current["metadata"]["resourceVersion"]}}
        body["spec"] = {"taints": [*taints, *([add] if add else [])] or None}
        if api.merge_node(node, body):
            return
        time.sleep(0.01 * attempt)
