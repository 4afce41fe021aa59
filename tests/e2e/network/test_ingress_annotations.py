"""Annotations of ingress-nginx, as charts have them, on Ingresses that podo serves."""

import pytest

from tests.e2e.manifests import service, web
from tests.e2e.network.test_ingress import PATH, address_of, eventually, ingress, request

pytestmark = pytest.mark.e2e
PREFIX = "nginx.ingress.kubernetes.io/"


def annotated(name, path, host, **annotations):
    made = ingress(name, (path, "web"), host=host)
    found = {f"{PREFIX}{each.replace('_', '-')}": text for each, text in annotations.items()}
    made["metadata"]["annotations"] = found
    made["spec"]["rules"][0]["http"]["paths"][0]["pathType"] = "ImplementationSpecific"
    return made


def test_paths_are_rewritten_clients_redirected_and_sources_kept_out(kubectl):
    host = f"{kubectl.namespace}.example"
    kubectl.apply(
        web("web"),
        service("web"),
        annotated("rewritten", "/app(/|$)(.*)", host, rewrite_target="/$2"),
        annotated("safe", "/safe", host, force_ssl_redirect="true"),
        annotated("closed", "/closed", host, whitelist_source_range="192.0.2.0/24"),
        annotated("open", "/cgi-bin", host, whitelist_source_range="10.0.0.0/8,127.0.0.0/8", proxy_body_size="1k"),
        annotated("guarded", "/guarded", host, auth_url="http://auth.example"),
    )
    kubectl.ready("pod/web")
    address = address_of(kubectl, "rewritten")
    eventually(lambda: "hello v1" in request(address, host, f"/app{PATH}")[1])
    eventually(lambda: request(address, host)[0] == 200)
    assert request(address, host, "/app/none")[0] == 404
    assert request(address, host, "/safe")[0] == 308
    assert request(address, host, "/closed")[0] == 403
    assert request(address, host, "/guarded")[0] == 503
    said = kubectl("get", "events", "--field-selector", "reason=Rejected", "-o", "wide")
    assert f"{PREFIX}auth-url is not supported" in said
