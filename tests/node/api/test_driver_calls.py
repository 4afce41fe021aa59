"""From a side-car in the server to a driver at a node's socket, and back: certificates, agent and gRPC are real."""

from contextlib import AsyncExitStack

import pytest

from podo.api.errors import APIError
from podo.clock import SystemClock
from podo.node.api.drivers import DriverCalls as Passing
from podo.node.api.server import NodeAPI, NodeAPIConfig, serving
from podo.rpc.caller import CallFailed
from podo.server.connect.driver_calls import DriverCalls
from podo.server.connect.nodes import NodeAccess
from podo.storage.csi.client import SocketCaller
from podo.storage.csi.remote import NodeCaller
from tests.node.api.test_node_api import certificates
from tests.storage.csi.driver import Driver, serve

NAME = "t.example.com"
__all__ = ["certificates"]


@pytest.fixture
async def post(certificates, tmp_path):
    """POSTs to the agent of node n1, which has the driver."""
    driver = Driver(NAME, "n1", tmp_path / "volumes", tmp_path / "kubelet", tmp_path / "log")
    driver.root.mkdir()
    server = await serve(driver, tmp_path / "csi.sock")
    caller = SocketCaller(tmp_path / "csi.sock")
    keys = {"certificate": certificates / "node.crt", "key": certificates / "node.key"}
    config = NodeAPIConfig(address="127.0.0.1", port=0, authority=certificates / "ca.crt", **keys)
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving(NodeAPI({"csi": Passing({NAME: caller}.get)}), config))
        addresses = [{"type": "InternalIP", "address": "127.0.0.1"}]
        status = {"addresses": addresses, "daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}

        async def find(name: str):
            return {"metadata": {"name": name}, "status": status}

        mine = {"certificate": certificates / "admin.crt", "key": certificates / "admin.key"}
        access = NodeAccess(authority=certificates / "ca.crt", **mine)
        yield DriverCalls(find, access, SystemClock(), stack).post
    await caller.close()
    await server.stop(None)


async def test_a_call_reaches_the_driver_and_its_answer_the_caller(post):
    caller = NodeCaller(post, "n1", NAME)
    made = await caller.call("/csi.v1.Controller/CreateVolume", name="v", capacity_range={"required_bytes": 7})
    assert (made.volume.volume_id, made.volume.capacity_bytes) == ("v", 7)
    capabilities = await caller.call("/csi.v1.Node/NodeGetCapabilities")
    assert 3 in [each.rpc.type for each in capabilities.capabilities]


async def test_a_failure_keeps_its_code_and_words(post):
    caller = NodeCaller(post, "n1", NAME)
    with pytest.raises(CallFailed, match="code = ResourceExhausted desc = no room") as failure:
        await caller.call("/csi.v1.Controller/CreateVolume", name="v", capacity_range={"required_bytes": 1 << 50})
    assert failure.value.code == "RESOURCE_EXHAUSTED"


async def test_a_driver_that_is_not_there_is_unavailable(post):
    with pytest.raises(CallFailed, match="passes nothing on") as failure:
        await NodeCaller(post, "n1", "other.example.com").call("/csi.v1.Controller/ControllerGetCapabilities")
    assert failure.value.code == "UNAVAILABLE"


@pytest.mark.parametrize(
    "path",
    [
        f"/csi/{NAME}/csi.v1.Node/NodePublishVolume",
        f"/csi/{NAME}/csi.v1.Controller",
        f"/csi/{NAME}/csi.v1.Controller/../csi.v1.Node/NodeStageVolume",
    ],
)
async def test_what_a_node_does_for_its_own_pods_nobody_else_asks_for(post, path, tmp_path):
    with pytest.raises(APIError, match=r"passes nothing on|the path is"):
        await post("n1", path, b"")
    assert not (tmp_path / "log").exists()
