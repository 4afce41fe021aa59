"""What a request for a connection asks, as the options object that admission sees. Pure."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from podo.server.strategy import Object

KINDS = {
    ("pods", "exec"): "PodExecOptions",
    ("pods", "attach"): "PodAttachOptions",
    ("pods", "portforward"): "PodPortForwardOptions",
    ("pods", "proxy"): "PodProxyOptions",
    ("services", "proxy"): "ServiceProxyOptions",
    ("nodes", "proxy"): "NodeProxyOptions",
}
STREAMS = ("stdin", "stdout", "stderr", "tty")
ON = frozenset({"1", "true", "True", "TRUE", "t", "T"})


def connect_options(plural: str, subresource: str, query: str, rest: str) -> Object | None:
    """The options of a connection, from the query as it is sent and the path behind `proxy`; None: it is none (log)."""
    kind = KINDS.get((plural, subresource))
    if kind is None:
        return None
    found: Object = {"kind": kind, "apiVersion": "v1"}
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    if subresource == "proxy":
        path = f"/{rest}" if rest else ""
        return found | ({"path": path} if path else {})
    if subresource == "portforward":
        return found | _ports(values)
    found |= {name: True for name in STREAMS if values.get(name, [""])[0] in ON}
    if container := values.get("container"):
        found["container"] = container[0]
    if subresource == "exec" and values.get("command"):
        found["command"] = values["command"]
    return found


def _ports(values: Mapping[str, Sequence[str]]) -> Object:
    ports = [int(port) for text in values.get("ports", ()) for port in text.split(",") if port.isdigit()]
    return {"ports": ports} if ports else {}
