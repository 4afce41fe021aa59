import asyncio
import json

import pytest

from podo.client.base import Key
from podo.network.services.health import Check, HealthChecks, answer, own_answer
from tests.network.build import service

WEB = Key("default", "web")
PORT = 39217


def checked(**spec):
    spec = {"type": "LoadBalancer", "external_traffic_policy": "Local", "health_check_node_port": PORT} | spec
    return service(**spec)


@pytest.mark.parametrize(("endpoints", "status"), [(2, "200 OK"), (0, "503 Service Unavailable")])
def test_the_answer_is_what_load_balancers_look_for(endpoints, status):
    head, _, body = answer(Check(WEB, PORT, endpoints)).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == f"HTTP/1.1 {status}"
    assert f"X-Load-Balancing-Endpoint-Weight: {endpoints}" in lines
    assert f"Content-Length: {len(body)}" in lines
    assert json.loads(body) == {
        "service": {"namespace": "default", "name": "web"},
        "localEndpoints": endpoints,
        "serviceProxyHealthy": True,
    }


@pytest.mark.parametrize(
    ("port", "path", "wanted"),
    [
        (10256, "/healthz", ("200", "ok")),
        (10249, "/proxyMode", ("200", "nftables")),
        (10256, "/proxyMode", ("404", "")),
        (10256, "/", ("404", "")),
    ],
)
def test_the_node_tells_of_itself_where_kube_proxy_would(port, path, wanted):
    head, _, body = own_answer(port, path).decode().partition("\r\n\r\n")
    assert (head.split()[1], body) == wanted


async def test_its_own_ports_are_open_as_long_as_it_runs():
    checks = HealthChecks("127.0.0.1", own=[("127.0.0.1", PORT)])
    run = asyncio.ensure_future(checks.run())
    async with asyncio.timeout(5):
        while await listening() is None:
            pass
        assert await status() == "HTTP/1.1 404 Not Found"
        run.cancel()
        while await listening() is not None:
            pass


async def status():
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer.split(b"\r\n")[0].decode()


async def test_a_port_answers_while_its_service_wants_it():
    checks = HealthChecks("127.0.0.1")
    checks.put(WEB, checked(), 1)
    run = asyncio.ensure_future(checks.run())
    async with asyncio.timeout(5):
        while await listening() is None:
            pass
        assert await status() == "HTTP/1.1 200 OK"
        checks.put(WEB, checked(), 0)
        assert await status() == "HTTP/1.1 503 Service Unavailable"
        checks.put(WEB, checked(external_traffic_policy="Cluster"), 1)
        while await listening() is not None:
            pass
    run.cancel()


async def listening():
    """The status at the port; None if nobody listens."""
    try:
        return await status()
    except (ConnectionRefusedError, ConnectionResetError):
        return None


async def test_a_client_that_says_nothing_useful_is_let_go():
    checks = HealthChecks("127.0.0.1")
    checks.put(WEB, checked(), 1)
    run = asyncio.ensure_future(checks.run())
    async with asyncio.timeout(5):
        while await listening() is None:
            pass
        _, writer = await asyncio.open_connection("127.0.0.1", PORT)
        writer.close()
        await writer.wait_closed()
        assert await status() == "HTTP/1.1 200 OK"
    run.cancel()
