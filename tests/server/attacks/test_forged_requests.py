"""Proxy SSRF: nothing that an object says leads the server to its own loopback, link-local or metadata addresses."""

import pytest
from aiohttp import web

from podo.server.custommetrics.scraping import Place, fetch, place_of, read

from .conftest import DEFAULT

LOOPBACK = ["127.0.0.1", "64:ff9b::7f00:1", "::7f00:1", "2002:7f00:1::"]
METADATA = ["169.254.169.254", "fe80::1", "fd00:ec2::254", "168.63.129.16", "64:ff9b::a9fe:a9fe"]


async def make_pod(api, address, node="n1"):
    spec = {"nodeName": node, "containers": [{"name": "c", "image": "i"}]}
    head = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
    made = await api.made(f"{DEFAULT}/pods", head | {"spec": spec})
    made["status"] |= {"podIP": address, "podIPs": [{"ip": address}], "phase": "Running"}
    await api.send("PUT", f"{DEFAULT}/pods/p/status", made)


async def make_node(api, kind, address, port):
    made = await api.made("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})
    made["status"] = {
        "addresses": [{"type": kind, "address": address}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
    }
    status, found = await api.send("PUT", "/api/v1/nodes/n1/status", made, "node-1")
    assert status == 200, found


async def make_service(api, name="web", **spec):
    wanted = {"ports": [{"port": 443}]} | spec
    head = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}}
    await api.made(f"{DEFAULT}/services", head | {"spec": wanted})


async def make_endpoints(api, address, port, kind="IPv6", target=None):
    endpoint = {"addresses": [address]} | ({"targetRef": {"kind": "Pod", "name": target}} if target else {})
    metadata = {"name": "web", "labels": {"kubernetes.io/service-name": "web"}}
    head = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata}
    body = head | {"addressType": kind, "endpoints": [endpoint], "ports": [{"port": port}]}
    await api.made("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", body)


@pytest.mark.parametrize("address", LOOPBACK + METADATA)
async def test_proxy_ssrf_by_the_address_of_a_pod(api, trap, address):
    await make_pod(api, address)
    status, found = await api.send("GET", f"{DEFAULT}/pods/p:{trap.port}/proxy/latest/meta-data")
    assert (status, found["message"]) == (400, "address not allowed")


@pytest.mark.parametrize("address", ["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"])
async def test_proxy_ssrf_by_the_endpoints_of_a_service(api, trap, address):
    await make_service(api)
    await make_endpoints(api, address, trap.port, target="p")
    status, _ = await api.send("GET", f"{DEFAULT}/services/web/proxy/")
    assert status == 503  # no Pod has that address
    await make_pod(api, address)
    status, found = await api.send("GET", f"{DEFAULT}/services/web/proxy/")
    assert (status, found["message"]) == (400, "address not allowed")


@pytest.mark.parametrize(
    ("kind", "address"),
    [("InternalIP", "127.0.0.1"), ("ExternalIP", "169.254.169.254"), ("Hostname", "localhost")],
)
@pytest.mark.parametrize("path", ["nodes/n1:{port}/proxy/", "nodes/n1/proxy/pods", "namespaces/default/pods/p/log"])
async def test_proxy_ssrf_by_node_address_spoofing(api, trap, kind, address, path):
    await make_node(api, kind, address, trap.port)
    await make_pod(api, "10.1.1.1")
    status, found = await api.send("GET", f"/api/v1/{path.format(port=trap.port)}")
    assert (status, found["message"]) == (400, "address not allowed")


async def test_proxy_ssrf_by_node_address_spoofing_where_figures_are_read(api, trap):
    await make_node(api, "InternalIP", "127.0.0.1", trap.port)
    status, found = await api.send("GET", "/apis/metrics.k8s.io/v1beta1/nodes")
    assert (status, found["items"]) == (200, [])


async def test_proxy_ssrf_by_a_name_of_a_service_that_an_aggregated_api_is_at(api, trap):
    await make_service(api, type="ExternalName", externalName="localhost")
    spec = {"group": "evil.example.com", "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1}
    spec |= {"service": {"name": "web", "namespace": "default", "port": trap.port}, "insecureSkipTLSVerify": True}
    head = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService"}
    body = head | {"metadata": {"name": "v1.evil.example.com"}, "spec": spec}
    await api.made("/apis/apiregistration.k8s.io/v1/apiservices", body)
    status, found = await api.send("GET", "/apis/evil.example.com/v1/things")
    assert (status, found) == (503, "service unavailable\n")


async def test_proxy_ssrf_by_the_endpoints_of_a_webhook(api, trap):
    await make_service(api)
    await make_endpoints(api, "64:ff9b::7f00:1", trap.port)
    hook = {
        "name": "a.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "clientConfig": {"service": {"name": "web", "namespace": "default"}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}],
    }  # fmt: skip
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    await api.made(path, head | {"metadata": {"name": "a"}, "webhooks": [hook]})
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}
    status, found = await api.send("POST", f"{DEFAULT}/configmaps", body)
    assert status == 500
    assert "address not allowed" in found["message"]


async def test_proxy_ssrf_by_the_annotations_of_a_pod_whose_metrics_are_read(trap):
    pod = {
        "metadata": {"annotations": {"prometheus.io/scrape": "true"}},
        "spec": {"containers": []},
        "status": {"phase": "Running", "podIP": "10.1.1.1"},
    }
    assert place_of(pod) == Place("http", "10.1.1.1", 80, "/metrics")
    pod["metadata"]["annotations"]["prometheus.io/scheme"] = f"http://127.0.0.1:{trap.port}/?"
    assert place_of(pod) is None
    with pytest.raises(OSError, match="address not allowed"):
        await fetch(Place("http", "127.0.0.1", trap.port, "/metrics"))


async def test_proxy_ssrf_by_a_redirect_of_a_pod_whose_metrics_are_read(trap):
    async def elsewhere(request):
        return web.Response(status=302, headers={"Location": f"http://127.0.0.1:{trap.port}/"})

    runner = web.ServerRunner(web.Server(elsewhere))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        with pytest.raises(OSError, match="answers 302"):
            await read(f"http://127.0.0.1:{runner.addresses[0][1]}/metrics")
    finally:
        await runner.cleanup()
