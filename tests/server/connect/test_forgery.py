"""Where requests through proxies do not lead: each test is named after a class of server-side request forgery."""

import asyncio
import random
import ssl
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from msgspec.structs import replace

from podo.api.errors import APIError, ServiceUnavailable
from podo.api.types.core_v1 import Namespace, NodeAddress, NodeStatus, ObjectReference, PodIP
from podo.api.types.discovery_v1 import Endpoint, EndpointPort, EndpointSlice
from podo.api.types.meta_v1 import ObjectMeta
from podo.cluster import pki
from podo.server.answer import Answer
from podo.server.connect.dispatch import Connections
from podo.server.connect.nodes import NodeAccess, Place
from podo.server.connect.pods import ask_node
from podo.server.context import User
from podo.server.http.handler import Call, status_answer
from podo.server.http.request_info import request_info
from podo.server.http.responses import whole
from podo.server.outgoing.services import SERVICE_LABEL
from tests.build import NS, node, pod, service

PEM = serialization.Encoding.PEM
FORBIDDEN = ["127.0.0.1", "169.254.169.254", "::1", "fe80::1", "0.0.0.0"]


class Authority:
    """A cluster's authority, and files of what it signs."""

    def __init__(self, folder):
        self.folder, self.now = folder, datetime.now(UTC)
        self.own = pki.new_authority("ca", self.now)
        (folder / "ca.crt").write_bytes(self.own.certificate.public_bytes(PEM))

    def issue(self, name, *hosts):
        """The file with the certificate and its key."""
        certificate, key = pki.issue(self.own, pki.Identity(file="", name=name, hosts=hosts), self.now)
        private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path = self.folder / f"{name}.pem"
        path.write_bytes(private + certificate.public_bytes(PEM))
        return path


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def access(authority):
    shown = authority.issue("client")
    return NodeAccess(certificate=shown, key=shown, authority=authority.folder / "ca.crt")


@pytest.fixture
async def get(core, client, access):
    """GET of a path through the proxies of an API server: (status, body, headers)."""
    await client.create(Namespace(metadata=ObjectMeta(name=NS)))
    connections = Connections(core, access, random.Random(1))

    async def nothing() -> None:
        """Everything is allowed."""

    async def handle(request):
        info = request_info(request.method, request.path)
        call = Call(request, info, {}, User("u"), nothing)
        served = core.catalog.by_path(info.group, info.version, info.resource)
        try:
            answer = await connections.answer(call, served)
        except APIError as error:
            answer = status_answer(error, request)
        return await whole(request, answer, []) if isinstance(answer, Answer) else answer

    low = web.Server(handle)
    listener = await asyncio.get_running_loop().create_server(low, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:

        async def ask(path):
            async with session.get(path, allow_redirects=False) as answer:
                return answer.status, await answer.text(), answer.headers

        yield ask
    listener.close()
    await low.shutdown(0.1)


async def make_pod(client, address, name="p"):
    made = await client.create(pod(name))
    status = replace(made.status, pod_ip=address, pod_ips=(PodIP(ip=address),))
    await client.update(replace(made, status=status), subresource="status")


async def make_service(client, address, target=None):
    await client.create(service("web"))
    reference = ObjectReference(kind="Pod", name=target, namespace=NS) if target else None
    found = Endpoint(addresses=(address,), target_ref=reference)
    metadata = ObjectMeta(name="web", namespace=NS, labels={SERVICE_LABEL: "web"})
    ports = (EndpointPort(name="", port=8080),)
    kind = "IPv6" if ":" in address else "IPv4"
    await client.create(EndpointSlice(metadata=metadata, address_type=kind, endpoints=(found,), ports=ports))


async def make_node(client, *addresses):
    made = await client.create(node("n1"))
    found = tuple(NodeAddress(type=kind, address=address) for kind, address in addresses)
    await client.update(replace(made, status=NodeStatus(addresses=found)), subresource="status")


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_loopback_link_local_and_metadata_addresses_by_a_pod(client, get, address):
    await make_pod(client, address)
    status, body, _ = await get(f"/api/v1/namespaces/{NS}/pods/p:80/proxy/latest/meta-data")
    assert status == 400, body
    assert "address not allowed" in body


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254"])
async def test_loopback_link_local_and_metadata_addresses_by_a_node(client, get, address):
    await make_node(client, ("InternalIP", address))
    status, body, _ = await get("/api/v1/nodes/n1:9100/proxy/metrics")
    assert status == 400, body
    assert "address not allowed" in body


async def test_names_that_lead_to_loopback_by_a_node(client, get):
    await make_node(client, ("Hostname", "localhost"))
    status, body, _ = await get("/api/v1/nodes/n1/proxy/pods")
    assert status == 400, body
    assert "address not allowed" in body


async def test_endpoints_that_are_no_pods(client, get):
    await make_service(client, "10.9.9.9")
    status, body, _ = await get(f"/api/v1/namespaces/{NS}/services/web/proxy/")
    assert status == 503
    assert "no endpoints available" in body


async def test_endpoints_that_name_a_pod_with_another_address(client, get):
    await make_pod(client, "10.1.1.1")
    await make_service(client, "10.9.9.9", target="p")
    status, body, _ = await get(f"/api/v1/namespaces/{NS}/services/web/proxy/")
    assert status == 503
    assert "no endpoints available" in body


async def test_the_root_of_a_proxy_has_a_slash(client, get):
    await make_pod(client, "10.1.1.1")
    status, _, headers = await get(f"/api/v1/namespaces/{NS}/pods/p/proxy?a=b")
    assert (status, headers["Location"]) == (301, f"/api/v1/namespaces/{NS}/pods/p/proxy/?a=b")


async def test_node_address_spoofing(authority, access):
    """A node that gives another server's address is not spoken to there: that server has not the node's name."""
    asked = []

    async def handle(request):
        asked.append(request.path)
        return web.Response(text="secrets")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue("kube-apiserver", "localhost", "127.0.0.1"))
    low = web.Server(handle)
    listener = await asyncio.get_running_loop().create_server(low, "127.0.0.1", 0, ssl=context)
    place = Place("127.0.0.1", listener.sockets[0].getsockname()[1])
    with pytest.raises(ServiceUnavailable, match="certificate verify failed"):
        await ask_node(place, access.context, "/api/v1/secrets", [], "n1")
    assert asked == []
    listener.close()
    await low.shutdown(0.1)
