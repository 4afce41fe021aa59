"""What runs of a cluster."""

from pathlib import Path
from typing import Any

from podo.api.errors import APIError
from podo.cluster.api import API, is_ready
from podo.cluster.config import ClusterConfig, load
from podo.cluster.errors import ClusterError
from podo.cluster.paths import Paths, find
from podo.cluster.processes import recorded

Row = dict[str, Any]


def components(name: str, state_dir: str) -> list[Row]:
    """A row for the server and each node: component, state, address, pid, memory (MiB, proportional), pods, log."""
    where = find(name, Path(state_dir) if state_dir else None)
    cluster = load(where)
    with API(where, cluster, timeout=3) as api:
        alive = api.is_ready()
        nodes, pods = _observed(api) if alive else ({}, {})
    return [_server(where, cluster, alive), *(_node(where, cluster, n.name, nodes, pods) for n in cluster.nodes)]


def _observed(api: API) -> tuple[dict[str, Any], dict[str, int]]:
    """The Node objects, and how many Pods each node has."""
    try:
        nodes = api.nodes()
        pods: dict[str, int] = {}
        for pod in api.call("GET", "/api/v1/pods")["items"]:
            node = pod["spec"].get("nodeName", "")
            pods[node] = pods.get(node, 0) + 1
    except (APIError, ClusterError):
        return {}, {}
    return nodes, pods


def _server(where: Paths, cluster: ClusterConfig, alive: bool) -> Row:
    process = recorded(where.pid("server"))
    state = "ready" if alive else "unreachable" if process else "dead"
    return _row(where, "server", state, f"127.0.0.1:{cluster.api_port}")


def _node(where: Paths, cluster: ClusterConfig, name: str, nodes: dict[str, Any], pods: dict[str, int]) -> Row:
    config, process = cluster.node(name), recorded(where.pid(name))
    if config.stopped:
        state = "stopped"
    elif process is None:
        state = "dead"
    else:
        state = "ready" if is_ready(nodes.get(name, {})) else "not ready"
    return _row(where, name, state, ",".join(config.addresses)) | {"pods": pods.get(name, 0) if nodes else None}


def _row(where: Paths, component: str, state: str, address: str) -> Row:
    process = recorded(where.pid(component))
    row: Row = {"component": component, "state": state, "address": address, "pid": process.pid if process else None}
    row |= {"memory": f"{proportional_memory(process.pid) / 2**20:.0f} MiB" if process else None, "pods": None}
    return row | {"log": str(where.log(component))}


def proportional_memory(pid: int) -> int:
    """The process's memory in bytes, with a fair share of what it shares (PSS); 0 if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
