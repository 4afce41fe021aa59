"""WebSocket upgrade of a GET without the right to create: who may read gets no shell."""

import pytest

from .conftest import DEFAULT
from .test_forged_requests import make_node, make_pod

READING = {"apiGroups": [""], "resources": ["pods/exec", "pods/attach", "pods/portforward", "nodes/proxy"]}
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13", "Sec_WebSocket_Key": "eA=="}
PATHS = [f"{DEFAULT}/pods/p/exec?command=id&stdout=1", f"{DEFAULT}/pods/p/attach?stdout=1"]
PATHS += [f"{DEFAULT}/pods/p/portforward?ports=1", "/api/v1/nodes/n1/proxy/exec/default/p/c?command=id&output=1"]


@pytest.mark.parametrize("path", PATHS)
async def test_websocket_upgrade_of_a_get_without_the_right_to_create(api, trap, path):
    await make_node(api, "InternalIP", "127.0.0.1", trap.port)
    await make_pod(api, "10.1.1.1")
    await api.allow("reads", READING | {"verbs": ["get"]})
    status, found = await api.send("GET", path, token="bob", **UPGRADE)
    assert status == 403, found
    assert 'User "bob" cannot create resource' in found["message"]
    await api.allow("connects", READING | {"verbs": ["create"]})
    status, found = await api.send("GET", path, token="bob", **UPGRADE)
    assert (status, found["message"]) == (400, "address not allowed")
