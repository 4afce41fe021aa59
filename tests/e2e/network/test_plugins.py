"""A node whose Pods are linked by CNI plug-ins."""

import json
from ipaddress import ip_address, ip_network

import pytest

from tests.e2e.manifests import pod, service, web

pytestmark = pytest.mark.e2e
RANGE = "10.99.7.0/24"


@pytest.fixture
def plugged(podo):
    """node-2 has a configuration, for as long as the test runs."""
    folder = podo.state / "nodes" / "node-2" / "cni"
    ipam = {"type": "host-local", "dataDir": str(folder / "ipam"), "ranges": [[{"subnet": RANGE}]]}
    ipam["routes"] = [{"dst": "0.0.0.0/0"}]
    bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipam": ipam}
    folder.mkdir()
    (folder / "10-e2e.conflist").write_text(json.dumps({"name": "e2e", "cniVersion": "1.0.0", "plugins": [bridge]}))
    yield "node-2"
    (folder / "10-e2e.conflist").unlink()


def test_pods_get_their_addresses_from_plugins_and_reach_services(kubectl, plugged):
    kubectl.apply(web("web", nodeName=plugged), service("web"), pod("client", nodeName=plugged))
    kubectl.ready("pod/web", "pod/client")
    addresses = {p["metadata"]["name"]: p["status"]["podIP"] for p in kubectl.pods()}
    assert all(ip_address(each) in ip_network(RANGE) for each in addresses.values())
    for host in (f"{addresses['web']}:8080", "web"):
        assert "hello v1" in kubectl("exec", "client", "--", "wget", "-qO-", f"http://{host}/cgi-bin/index.cgi")
    kubectl("delete", "pod", "web", "client", "--now")
    kubectl.wait("delete", "pod/web", "pod/client")
