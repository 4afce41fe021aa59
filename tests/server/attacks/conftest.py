"""A live server that connects to nodes and writes an audit log, and a trap on its loopback that nobody may reach."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import yaml
from yarl import URL

from podo.clock import SystemClock
from podo.cluster import pki
from podo.cluster.config import ClusterConfig
from podo.server.app import ServerConfig, serving
from podo.server.connect.nodes import NodeAccess
from podo.server.options import GuardOptions

USERS = """admin,admin,1,"system:masters"
bob,bob,2,"dev"
node-1,system:node:n1,3,"system:nodes"
node-2,system:node:n2,4,"system:nodes"
"""
CIDR = "10.0.0.0/24"
RBAC = "rbac.authorization.k8s.io"
DEFAULT = "/api/v1/namespaces/default"
RULES = [{"level": "None", "nonResourceURLs": ["/healthz*"]}, {"level": "Metadata"}]


class API:
    """Sends requests to the server as one of its users."""

    def __init__(self, session: aiohttp.ClientSession, base: str, log: Path) -> None:
        self._session, self._base, self._log = session, base, log

    async def send(self, method: str, path: str, body: Any = None, token: str = "admin", **headers: str) -> Any:
        """(status, body): an object, or text where it is none."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given["Authorization"] = f"Bearer {token}"
        url = URL(f"{self._base}{path}", encoded=True)  # as it is, dots and all
        data = {"json": body} if body is not None else {}
        async with self._session.request(method, url, headers=given, allow_redirects=False, **data) as answer:
            text = await answer.text()
            return answer.status, msgspec.json.decode(text) if text.startswith("{") else text

    async def made(self, path: str, body: Any) -> Any:
        """What the administrator has made."""
        status, found = await self.send("POST", path, body)
        assert status == 201, found
        return found

    async def allow(self, name: str, *rules: Any) -> None:
        """Have Bob do what the rules say."""
        head = {"apiVersion": f"{RBAC}/v1", "metadata": {"name": name}}
        await self.made(f"/apis/{RBAC}/v1/clusterroles", head | {"kind": "ClusterRole", "rules": list(rules)})
        subject = {"kind": "User", "name": "bob", "apiGroup": RBAC}
        role = {"apiGroup": RBAC, "kind": "ClusterRole", "name": name}
        binding = head | {"kind": "ClusterRoleBinding", "roleRef": role, "subjects": [subject]}
        await self.made(f"/apis/{RBAC}/v1/clusterrolebindings", binding)

    def events(self) -> list[Any]:
        """What the audit log has of requests that are over."""
        found = [msgspec.json.decode(line) for line in self._log.read_bytes().splitlines()]
        return [event for event in found if event["stage"] == "ResponseComplete"]


@pytest.fixture
async def api(tmp_path):
    (tmp_path / "tokens.csv").write_text(USERS)
    (tmp_path / "policy.yaml").write_text(
        yaml.safe_dump({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": RULES})
    )
    networks = {"node_networks": ("127.0.0.0/8",), "pod_networks": (), "service_networks": (CIDR,)}
    pki.ensure(tmp_path, ClusterConfig(name="api", api_port=0, **networks), datetime.now(UTC))
    files = {name: tmp_path / name for name in ("kubelet-client.crt", "kubelet-client.key", "ca.crt")}
    access = NodeAccess(
        certificate=files["kubelet-client.crt"], key=files["kubelet-client.key"], authority=files["ca.crt"]
    )
    guard = GuardOptions(audit_policy_file=str(tmp_path / "policy.yaml"), audit_log_path=str(tmp_path / "audit.log"))
    config = ServerConfig(
        port=0, token_file=tmp_path / "tokens.csv", service_account_key=tmp_path / "sa.key", service_cidr=CIDR,
        node_access=access, guard=guard,
    )  # fmt: skip
    async with (
        serving(config, SystemClock()) as server,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session,
    ):
        api = API(session, f"http://127.0.0.1:{server.port}", tmp_path / "audit.log")
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        await api.made(f"{DEFAULT}/serviceaccounts", account)
        yield api


class Trap:
    """Something on loopback that trusts whoever reaches it; counts who does."""

    def __init__(self) -> None:
        self.port, self.reached = 0, 0

    async def caught(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reached += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret")
        writer.close()


@pytest.fixture
async def trap():
    found = Trap()
    server = await asyncio.start_server(found.caught, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()
    assert found.reached == 0
