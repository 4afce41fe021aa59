"""The few calls that a cluster's life needs of its API: nodes, and whether it answers. Synchronous, for the CLI.

The full client is `podo.client`; its HTTP library costs as much start-up time as the whole of `podo up` may take.
"""

import http.client
import json
import ssl
from collections.abc import Callable
from typing import Any

from podo.api.errors import APIError, Conflict, NotFound, from_status
from podo.cluster.config import ClusterConfig
from podo.cluster.errors import ClusterError
from podo.cluster.paths import Paths

TIMEOUT = 10.0


class API:
    """A connection as the cluster's administrator, on loopback."""

    def __init__(self, where: Paths, cluster: ClusterConfig, *, timeout: float = TIMEOUT) -> None:
        context = ssl.create_default_context(cafile=str(where.pki / "ca.crt"))
        context.load_cert_chain(where.pki / "admin.crt", where.pki / "admin.key")
        self._connection = http.client.HTTPSConnection("127.0.0.1", cluster.api_port, timeout=timeout, context=context)
        self._log = where.log("server")

    def __enter__(self) -> "API":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def call(self, method: str, path: str, body: Any = None, media_type: str = "application/json") -> Any:
        """The decoded answer. Raises the API's error, or ClusterError if nobody answers."""
        raw = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, path, raw, {"Content-Type": media_type, "Accept": "application/json"})
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            hint = f"see {self._log}; podo up starts what is missing"
            raise ClusterError(f"the API server does not answer: {error}", hint=hint) from error
        if answer.status >= 400:
            raise _error(answer.status, content)
        return json.loads(content) if content.startswith(b"{") else content.decode()

    def is_ready(self) -> bool:
        """Whether the server answers and says that it is ready."""
        try:
            self.call("GET", "/readyz")
        except (ClusterError, APIError):
            return False
        return True

    def nodes(self) -> dict[str, Any]:
        """The Node objects by name."""
        return {n["metadata"]["name"]: n for n in self.call("GET", "/api/v1/nodes")["items"]}

    def ready_nodes(self) -> set[str]:
        """The names of the nodes whose Ready condition is true."""
        return {name for name, node in self.nodes().items() if is_ready(node)}

    def patch_node_status(self, name: str, patch: dict[str, Any]) -> None:
        """Apply a strategic merge patch to a Node's status; quiet if there is no such Node."""
        try:
            self.call("PATCH", f"/api/v1/nodes/{name}/status", patch, "application/strategic-merge-patch+json")
        except NotFound:
            pass

    def merge_node(self, name: str, patch: dict[str, Any]) -> bool:
        """Apply a merge patch to a Node; False if the resourceVersion in it is no longer the Node's."""
        try:
            self.call("PATCH", f"/api/v1/nodes/{name}", patch, "application/merge-patch+json")
        except Conflict:
            return False
        return True

    def delete_node(self, name: str) -> None:
        """Delete a Node object; quiet if there is none."""
        try:
            self.call("DELETE", f"/api/v1/nodes/{name}")
        except NotFound:
            pass


def is_ready(node: dict[str, Any]) -> bool:
    """Whether the Node's Ready condition is true."""
    conditions = node.get("status", {}).get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _error(status: int, content: bytes) -> APIError:
    try:
        return from_status(json.loads(content))
    except (ValueError, AttributeError):
        error = APIError(content.decode(errors="replace"))
        error.code = status
        return error


def until(look: Callable[[], bool], seconds: float, now: Callable[[], float], wait: Callable[[float], None]) -> bool:
    """Whether `look` became true within so many seconds; it is asked every few milliseconds, then less often."""
    end, pause = now() + seconds, 0.005
    while not look():
        if now() >= end:
            return False
        wait(pause)
        pause = min(pause * 1.2, 0.1)
    return True
