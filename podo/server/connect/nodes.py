"""Where a node's API is, and how the server shows who it is there."""

import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from podo.api.errors import ServiceUnavailable

NODE_PORT = 10250
PREFERRED = ("InternalIP", "ExternalIP", "InternalDNS", "ExternalDNS", "Hostname")
FindNode = Callable[[str], Awaitable[Mapping[str, Any]]]
"""The Node object of a name. Raises NotFound."""


class Place(NamedTuple):
    """Where to connect to."""

    host: str
    port: int


@dataclass(frozen=True, kw_only=True)
class NodeAccess:
    """The certificate that the server shows to nodes, and the authority that signs theirs."""

    certificate: Path
    key: Path
    authority: Path

    @cached_property
    def context(self) -> ssl.SSLContext:
        """For connections to nodes."""
        context = ssl.create_default_context(cafile=str(self.authority))
        context.load_cert_chain(self.certificate, self.key)
        return context


def place_of(node: Mapping[str, Any]) -> Place:
    """The node API's address. Raises ServiceUnavailable if the node names none."""
    status = node.get("status") or {}
    by_type = {a["type"]: a["address"] for a in reversed(status.get("addresses") or ())}
    port = ((status.get("daemonEndpoints") or {}).get("kubeletEndpoint") or {}).get("Port") or NODE_PORT
    for kind in PREFERRED:
        if kind in by_type:
            return Place(by_type[kind], port)
    raise ServiceUnavailable(f"node {node['metadata']['name']} has no address that the server could connect to")
