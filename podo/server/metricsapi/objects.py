"""NodeMetrics and PodMetrics (metrics.k8s.io/v1beta1) from the summaries of nodes. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from podo.api import quantity
from podo.api.resources import Column, Resource
from podo.server.strategy import Object

GROUP, VERSION = "metrics.k8s.io", "v1beta1"
API_VERSION = f"{GROUP}/{VERSION}"
VERBS = ("get", "list")
COLUMNS = (
    Column(name="Name", format="name"),
    Column(name="cpu"),
    Column(name="memory"),
    Column(name="Window", format="duration"),
)
NODES = Resource(
    group=GROUP,
    version=VERSION,
    kind="NodeMetrics",
    plural="nodes",
    namespaced=False,
    verbs=VERBS,
    columns=COLUMNS,
)
PODS = Resource(
    group=GROUP,
    version=VERSION,
    kind="PodMetrics",
    plural="pods",
    namespaced=True,
    verbs=VERBS,
    columns=COLUMNS,
)
RESOURCES = (NODES, PODS)
WINDOW = "15s"
"""What is said where the agent does not say over which time it has looked."""


def node_metrics(node: Object, summary: Mapping[str, Any]) -> Object | None:
    """Of a Node by its summary; None without figures."""
    figures = summary.get("node") or {}
    usage = usage_of([figures])
    if usage is None:
        return None
    return _object("NodeMetrics", node, figures) | {"usage": usage}


def pod_metrics(pod: Object, figures: Mapping[str, Any]) -> Object | None:
    """Of a Pod by its part of a summary; None until all that runs of it has figures."""
    containers = []
    for container in figures.get("containers") or ():
        usage = usage_of([container])
        if usage is None:
            return None
        containers.append({"name": container["name"], "usage": usage})
    if not containers:
        return None
    return _object("PodMetrics", pod, figures) | {"containers": sorted(containers, key=lambda c: str(c["name"]))}


def usage_of(parts: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
    """What the parts use together; None if one does not say."""
    cores, memory = 0, 0
    for part in parts:
        nano, working = (part.get("cpu") or {}).get("usageNanoCores"), (part.get("memory") or {}).get("workingSetBytes")
        if nano is None or working is None:
            return None
        cores, memory = cores + nano, memory + working
    return {
        "cpu": quantity.format_decimal(Decimal(cores).scaleb(-9)),
        "memory": quantity.format_binary(Decimal(memory)),
    }


def total(obj: Object) -> dict[str, str]:
    """What an object of either kind uses in all."""
    if "usage" in obj:
        return dict(obj["usage"])
    usages = [c["usage"] for c in obj["containers"]]
    cpu = sum((quantity.parse(u["cpu"]) for u in usages), Decimal(0))
    memory = sum((quantity.parse(u["memory"]) for u in usages), Decimal(0))
    return _amounts(cpu, memory)


def _amounts(cpu: Decimal, memory: Decimal) -> dict[str, str]:
    return {"cpu": quantity.format_decimal(cpu), "memory": quantity.format_binary(memory)}


def _object(kind: str, of: Object, figures: Mapping[str, Any]) -> Object:
    meta, at = of["metadata"], (figures.get("cpu") or figures.get("memory") or {}).get("time")
    metadata = {"name": meta["name"]}
    if meta.get("namespace"):
        metadata["namespace"] = meta["namespace"]
    metadata["creationTimestamp"] = at
    if meta.get("labels"):
        metadata["labels"] = meta["labels"]
    window = figures.get("window") or WINDOW
    return {"kind": kind, "apiVersion": API_VERSION, "metadata": metadata, "timestamp": at, "window": window}


def listed(kind: str, items: Iterable[Object]) -> Object:
    """A list of them."""
    return {"kind": f"{kind}List", "apiVersion": API_VERSION, "metadata": {}, "items": list(items)}


def cells(obj: Object) -> list[Any]:
    """Its row in a Table."""
    usage = total(obj)
    return [obj["metadata"]["name"], usage["cpu"], usage["memory"], obj["window"]]
