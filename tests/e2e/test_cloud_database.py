"""An application that talks to a cloud's database: docs/howto/use-a-cloud-database.md, with a stand-in."""

import base64
import sys
from urllib.parse import unquote

import pytest

from tests.e2e import processes
from tests.e2e.cluster import ROOT
from tests.e2e.cosmos_standin import signature
from tests.e2e.manifests import pod, service

pytestmark = pytest.mark.e2e
KEY, PORT = base64.b64encode(b"a key of 64 bytes, as the portal shows it").decode(), 8081
HOST = {"name": "host", "hostPath": {"path": "/"}}
DOCUMENTS = "/dbs/shop/colls/orders/docs"


def test_a_signature_is_that_of_the_service_s_own_example():
    key = "dsZQi3KtZmCv1ljt3VNWNm7sQUF1y5rJfC6kv5JiwvW0EndXdDku/dkKBp8/ufDToSxLzR4y+O/0H/t4bQtVNw=="
    made = signature(key, "GET", "dbs", "dbs/ToDoList", "Thu, 27 Apr 2017 00:51:12 GMT")
    assert unquote(made) == "type=master&ver=1.0&sig=c09PEVJrgp2uQRkr934kFbTqhByc7TVr3OHyqlu+c+c="


def on_host(name: str, command: str, *volumes: dict, **container) -> dict:
    """A Pod that has this machine's Python."""
    mounts = [{"name": "host", "mountPath": "/host", "readOnly": True}, *container.pop("mounts", [])]
    more = {"volumeMounts": mounts, "securityContext": {"privileged": True}} | container
    return pod(name, command, volumes=[HOST, *volumes], container=more)


def binding(host: str, key: str = KEY) -> dict:
    values = {"type": "azure-cosmosdb", "host": host, "port": str(PORT), "key": key, "database": "shop"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "orders-db"}, "stringData": values}


def egress(*allowed: dict) -> dict:
    dns = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    selector = {"matchLabels": {"app": "shop"}}
    spec = {"podSelector": selector, "policyTypes": ["Egress"], "egress": [dns, *allowed]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "shop"}, "spec": spec}


PROGRAM = f"PYTHONPATH={ROOT} chroot /host {sys.executable} -m tests.e2e.cosmos_standin"
ASK = f"""
cd $SERVICE_BINDING_ROOT/orders-db
ip=$(nslookup $(cat host) | awk '/^Name/ {{found=1}} found && /^Address/ {{print $NF; exit}}')
PYTHONPATH={ROOT} chroot /host {sys.executable} -m tests.e2e.cosmos_standin ask $ip $(cat port) $(cat key)"""


def test_a_pod_reaches_a_cloud_database_by_its_binding_and_nothing_else(kubectl):
    account = f"orders.{kubectl.namespace}.svc.cluster.local"
    external = {"type": "ExternalName", "externalName": f"cosmos.{kubectl.namespace}.svc.cluster.local"}
    kubectl.apply(
        on_host("cosmos", f"exec env {PROGRAM} {PORT} {KEY}"),
        service("cosmos", clusterIP="None", ports=[{"port": PORT}]),
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "orders"}, "spec": external},
        binding(account),
        on_host("other", f"exec env {PROGRAM} {PORT} {KEY}"),
    )
    kubectl.ready("pod/cosmos", "pod/other")
    bound = {"name": "bindings", "projected": {"sources": [{"secret": {"name": "orders-db"}}]}}
    mount = {"name": "bindings", "mountPath": "/bindings/orders-db", "readOnly": True}
    root = [{"name": "SERVICE_BINDING_ROOT", "value": "/bindings"}]
    shop = on_host("shop", "trap exit TERM; while true; do sleep 3600 & wait; done", bound, mounts=[mount], env=root)
    there = {"to": [{"podSelector": {"matchLabels": {"app": "cosmos"}}}], "ports": [{"port": PORT}]}
    kubectl.apply(egress(there), shop)
    kubectl.ready("pod/shop")

    def asked(words: str) -> str:
        return kubectl("exec", "shop", "--", "sh", "-c", f"{ASK} {words} 2>&1 || true").strip()

    order = '\'{"id": "7", "item": "grapes"}\''
    processes.until("it is answered", lambda: asked(f"POST {DOCUMENTS} {order}").startswith("201"), 30)
    assert asked(f"GET {DOCUMENTS}/7") == '200 {"id": "7", "item": "grapes"}'
    other = kubectl.get("pod", "other")["status"]["podIP"]
    elsewhere = kubectl("exec", "shop", "--", "sh", "-c", f"{ASK.replace('$ip', other)} GET {DOCUMENTS}/7 2>&1 || true")
    assert "timed out" in elsewhere or "refused" in elsewhere, elsewhere
    kubectl.apply(binding(account, base64.b64encode(b"another key").decode()))  # rotated here, not there
    refused = lambda: asked(f"GET {DOCUMENTS}/7").startswith("401")  # noqa: E731
    processes.until("the new key is in the running Pod", refused, 90)
