import asyncio
import ssl
from datetime import UTC, datetime

import aiohttp
import pytest
from cryptography.hazmat.primitives import serialization

from podo.clock import SystemClock
from podo.cluster import pki
from podo.node.api.exec import attach_to, exec_in
from podo.node.api.logs import Logs
from podo.node.api.port_forward import PortForward
from podo.node.api.server import Node, NodeAPI, NodeAPIConfig, serving
from podo.node.runtime.config import ContainerConfig, SandboxConfig
from podo.node.runtime.fake import FakeRuntime
from podo.streaming.spdy import SpdyConnection
from podo.streaming.takeover import SocketDuplex, request_upgrade

PEM = serialization.Encoding.PEM


@pytest.fixture
def certificates(tmp_path):
    now = datetime.now(UTC)
    authority = pki.new_authority("ca", now)
    (tmp_path / "ca.crt").write_bytes(authority.certificate.public_bytes(PEM))
    for identity in (
        pki.Identity(file="admin", name="admin", groups=("system:masters",)),
        pki.Identity(file="node", name="system:node:n1", groups=("system:nodes",), hosts=("127.0.0.1",)),
    ):
        certificate, key = pki.issue(authority, identity, now)
        (tmp_path / f"{identity.file}.crt").write_bytes(certificate.public_bytes(PEM))
        plain = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (tmp_path / f"{identity.file}.key").write_bytes(plain)
    return tmp_path


def context(folder, identity: str | None) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    if identity:
        made.load_cert_chain(folder / f"{identity}.crt", folder / f"{identity}.key")
    return made


@pytest.fixture
async def runtime():
    async with FakeRuntime(SystemClock()) as fake:
        sandbox = await fake.run_pod_sandbox(SandboxConfig(name="p", namespace="ns", uid="u"))
        container = await fake.create_container(sandbox, ContainerConfig(name="c", image="i", command=("cat",)))
        await fake.start_container(container)
        fake.listening.add((sandbox, 80))
        yield fake


@pytest.fixture
async def port(certificates, runtime):
    node = Node(runtime, SystemClock())
    paths = {"exec": exec_in(node), "attach": attach_to(node), "portForward": PortForward(node)}
    api = NodeAPI(paths | {"containerLogs": Logs(node)})
    config = NodeAPIConfig(
        address="127.0.0.1",
        port=0,
        certificate=certificates / "node.crt",
        key=certificates / "node.key",
        authority=certificates / "ca.crt",
    )
    async with serving(api, config) as number:
        yield number


async def over_websocket(certificates, port, path, protocol="v5.channel.k8s.io"):
    session = aiohttp.ClientSession()
    socket = await session.ws_connect(
        f"https://127.0.0.1:{port}{path}", ssl=context(certificates, "admin"), protocols=(protocol,)
    )
    return session, socket


async def messages(socket) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    async for message in socket:
        found[message.data[0]] = found.get(message.data[0], b"") + message.data[1:]
    return found


async def test_exec_over_a_websocket_gives_output_and_status(certificates, port):
    path = "/exec/ns/p/c?command=echo&command=hi&output=1&error=1"
    session, socket = await over_websocket(certificates, port, path)
    async with session, socket:
        assert await messages(socket) == {1: b"hi\n", 3: b'{"metadata":{},"status":"Success"}'}


async def test_a_command_may_be_long(certificates, port):
    long = "a" * 12_000
    session, socket = await over_websocket(certificates, port, f"/exec/ns/p/c?command=echo&command={long}&output=1")
    async with session, socket:
        assert (await messages(socket))[1] == f"{long}\n".encode()


async def test_exec_tells_the_exit_code(certificates, port):
    path = "/exec/ns/p/c?command=sh&command=-c&command=exit+3&output=1"
    session, socket = await over_websocket(certificates, port, path)
    async with session, socket:
        status = (await messages(socket))[3]
    assert b'"reason": "NonZeroExitCode"' in status
    assert b'"message": "3"' in status


async def test_stdin_goes_in_and_its_end_is_told(certificates, port):
    session, socket = await over_websocket(certificates, port, "/exec/ns/p/c?command=cat&input=1&output=1")
    async with session, socket:
        await socket.send_bytes(b"\x00hello")
        assert (await socket.receive()).data == b"\x01hello"
        await socket.send_bytes(b"\xff\x00")
        assert (await messages(socket))[3] == b'{"metadata":{},"status":"Success"}'


async def spdy(certificates, port, path, protocol):
    headers = [
        ("Host", "n1"),
        ("Connection", "Upgrade"),
        ("Upgrade", "SPDY/3.1"),
        ("X-Stream-Protocol-Version", protocol),
    ]
    head, reader, writer = await request_upgrade("127.0.0.1", port, context(certificates, "admin"), path, headers)
    assert (head.status, head.get("x-stream-protocol-version")) == (101, protocol)
    return SpdyConnection(SocketDuplex(reader, writer), client=True)


async def test_exec_over_spdy(certificates, port):
    path = "/exec/ns/p/c?command=cat&input=1&output=1"
    connection = await spdy(certificates, port, path, "v4.channel.k8s.io")
    running = asyncio.ensure_future(connection.run())
    error, stdin, stdout = [await connection.open({"streamType": n}) for n in ("error", "stdin", "stdout")]
    await stdin.write(b"hello")
    assert await stdout.read() == b"hello"
    await stdin.close()
    assert await error.read() == b'{"metadata":{},"status":"Success"}'
    await connection.close()
    await running


async def test_port_forward_over_spdy_reaches_the_port_and_says_when_it_is_closed(certificates, port):
    connection = await spdy(certificates, port, "/portForward/ns/p", "portforward.k8s.io")
    running = asyncio.ensure_future(connection.run())

    async def forward(number: str, identity: str):
        headers = {"port": number, "requestID": identity}
        return [await connection.open(headers | {"streamType": n}) for n in ("error", "data")]

    _, data = await forward("80", "1")
    await data.write(b"ping")
    assert await data.read() == b"ping"
    error, closed = await forward("81", "2")
    assert b"connection refused" in await error.read()
    assert await closed.read() == b""
    await connection.close()
    await running


async def test_port_forward_over_a_tunnel(certificates, port):
    from podo.streaming.port_forward import TUNNEL_PROTOCOL, SocketTunnel

    session, socket = await over_websocket(certificates, port, "/portForward/ns/p", TUNNEL_PROTOCOL)
    async with session, socket:
        connection = SpdyConnection(SocketTunnel(socket), client=True)
        running = asyncio.ensure_future(connection.run())
        headers = {"port": "80", "requestID": "0"}
        _, data = [await connection.open(headers | {"streamType": n}) for n in ("error", "data")]
        await data.write(b"ping")
        assert await data.read() == b"ping"
        await connection.close()
        await running


@pytest.mark.parametrize(
    ("identity", "path", "status"),
    [
        (None, "/exec/ns/p/c?command=true&output=1", 401),
        ("node", "/exec/ns/p/c?command=true&output=1", 403),
        ("admin", "/exec/ns/p/none?command=true&output=1", 404),
        ("admin", "/exec/ns/p/c?command=true", 400),
        ("admin", "/nothing", 404),
    ],
)
async def test_who_may_not_and_what_is_not_there(certificates, port, identity, path, status):
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"https://127.0.0.1:{port}{path}", ssl=context(certificates, identity)) as answer,
    ):
        assert answer.status == status


async def test_not_even_health_is_told_to_strangers(certificates, port):
    health = f"https://127.0.0.1:{port}/healthz"
    async with aiohttp.ClientSession() as session, session.get(health, ssl=context(certificates, None)) as answer:
        assert answer.status == 401
