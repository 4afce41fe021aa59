"""Ingresses: hosts, paths and TLS from the host to Pods."""

import base64
import json
import socket
import ssl
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from podo.cluster import pki
from tests.e2e.manifests import deployment, pod, service, web
from tests.e2e.processes import until

pytestmark = pytest.mark.e2e
PATH = "/cgi-bin/index.cgi"


def ingress(name, *paths, host="", **spec):
    """Each path is (path, Service)."""
    routes = [
        {"path": p, "pathType": "Prefix", "backend": {"service": {"name": to, "port": {"number": 80}}}}
        for p, to in paths
    ]
    rule = {"http": {"paths": routes}} | ({"host": host} if host else {})
    meta = {"name": name}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta, "spec": {"rules": [rule]} | spec}


def address_of(kubectl, name):
    kubectl.wait("jsonpath={.status.loadBalancer.ingress[0].ip}", f"ingress/{name}")
    return kubectl.get("ingress", name)["status"]["loadBalancer"]["ingress"][0]["ip"]


def request(address, host, path=PATH, *, tls=None):
    """(status, body) of a GET; `tls` is the authority that its certificate must be of."""
    with socket.create_connection((address, 443 if tls else 80), timeout=5) as plain:
        made = tls.wrap_socket(plain, server_hostname=host) if tls else plain
        made.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while more := made.recv(65536):
            answer += more
    head, _, body = answer.decode().partition("\r\n\r\n")
    return int(head.split()[1]), body


def authority():
    return pki.new_authority("tests", datetime.now(UTC))


def secret(name, made, host):
    certificate, key = pki.issue(made, pki.Identity(file="", name=host, hosts=(host,)), datetime.now(UTC))
    pems = {"tls.crt": certificate.public_bytes(pki.serialization.Encoding.PEM), "tls.key": pki.private_pem(key)}
    data = {file: base64.b64encode(pem).decode() for file, pem in pems.items()}
    meta = {"name": name}
    return {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": meta, "data": data}


def trusting(made):
    context = ssl.create_default_context(cadata=made.certificate.public_bytes(pki.serialization.Encoding.PEM).decode())
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT if hasattr(ssl, "VERIFY_X509_STRICT") else ~0
    return context


def test_hosts_and_paths_lead_to_services_and_what_nobody_claims_is_not_found(kubectl):
    host = f"{kubectl.namespace}.example"
    kubectl.apply(web("web"), service("web"), ingress("site", ("/cgi-bin", "web"), ("/gone", "absent"), host=host))
    kubectl.ready("pod/web")
    address = address_of(kubectl, "site")
    assert kubectl.get("ingress", "site")["spec"]["ingressClassName"] == "podo"
    status, body = request(address, host)
    assert (status, "hello v1" in body) == (200, True)
    assert request(address, host, "/other")[0] == 404
    assert request(address, host, "/gone/x")[0] == 503
    assert request(address, "other.example")[0] == 404
    assert "does not exist" in kubectl("get", "events", "--field-selector", "reason=Rejected", "-o", "wide")
    assert host in kubectl("get", "ingress", "site")


def test_tls_by_the_name_that_the_client_asks_for(kubectl):
    first, second = (f"{letter}.{kubectl.namespace}.example" for letter in "ab")
    one, two = authority(), authority()
    kubectl.apply(web("web"), service("web"), secret("one", one, first), secret("two", two, second))
    tls = [{"hosts": [first], "secretName": "one"}, {"hosts": [second], "secretName": "two"}]
    kubectl.apply(ingress("site", ("/", "web"), tls=tls))
    kubectl.ready("pod/web")
    address = address_of(kubectl, "site")
    assert request(address, first, tls=trusting(one))[0] == 200
    assert request(address, second, tls=trusting(two))[0] == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        request(address, second, tls=trusting(one))
    kubectl.apply(secret("two", one, second))
    kubectl.wait("jsonpath={.type}=kubernetes.io/tls", "secret/two")
    eventually(lambda: request(address, second, tls=trusting(one))[0] == 200)


def eventually(met):
    """Ask until it is met, for as long as a busy machine may take to bring a change to haproxy."""

    def look():
        try:
            return met()
        except OSError:
            return False

    until("what was asked for is served", look)


def settled(file):
    """What it says once that has been the same for two seconds: other tests' Ingresses leave by themselves."""
    seen = [(time.monotonic(), file.read_text())]

    def steady():
        now, text = time.monotonic(), file.read_text()
        if text != seen[0][1]:
            seen[0] = now, text
        return now - seen[0][0] > 2

    until("the configuration is settled", steady)
    return seen[0][1]


def test_endpoints_change_without_a_lost_request_and_without_a_reload(kubectl, podo):
    host = f"{kubectl.namespace}.example"
    kubectl.apply(deployment("web", replicas=2), service("web"), ingress("site", ("/", "web"), host=host))
    kubectl.rolled_out("deployment/web")
    address = address_of(kubectl, "site")
    eventually(lambda: request(address, host)[0] == 200)
    until("other Ingresses are gone", lambda: len(kubectl("get", "ingress", "-A", "-o", "name").split()) == 1)
    config = settled(Path("/run/podo") / podo.name / "ingress" / "haproxy.cfg")
    kubectl("scale", "deployment/web", "--replicas=3")
    kubectl("rollout", "restart", "deployment/web")
    answers = [request(address, host)[0] for _ in range(200)]
    kubectl.rolled_out("deployment/web")
    answers += [request(address, host)[0] for _ in range(50)]
    assert set(answers) == {200}
    assert (Path("/run/podo") / podo.name / "ingress" / "haproxy.cfg").read_text() == config


def test_other_classes_are_left_alone(kubectl):
    other = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": kubectl.namespace},
        "spec": {"controller": "example.com/other"},
    }
    kubectl.apply(other, web("web"), service("web"), ingress("ours", ("/", "web"), host="ours.example"))
    kubectl.apply(ingress("theirs", ("/", "web"), host="theirs.example", ingressClassName=kubectl.namespace))
    address = address_of(kubectl, "ours")
    assert kubectl.get("ingress", "theirs")["status"]["loadBalancer"] == {}
    assert request(address, "theirs.example")[0] == 404
    kubectl("delete", "ingressclass", kubectl.namespace)


def test_the_classes_default_is_podos(kubectl):
    (made,) = (c for c in kubectl.get("ingressclass") if c["metadata"]["name"] == "podo")
    assert made["spec"]["controller"] == "podo/ingress"
    assert json.loads(made["metadata"]["annotations"]["ingressclass.kubernetes.io/is-default-class"])


UPGRADE = (
    "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
ECHO = """cat > /echo <<'END'
while read -r line; do [ "$(printf %s "$line" | tr -d '\\r')" ] || break; done
printf 'HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n'
printf 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\\r\\n\\r\\n'
exec cat
END
exec nc -ll -p 8080 -e sh /echo"""


def upgraded(address, host):
    """What comes back of five bytes that are sent after an upgrade to WebSocket; "" if that is refused."""
    with socket.create_connection((address, 80), timeout=5) as made:
        made.sendall(UPGRADE.format(host=host).encode())
        head = b""
        while b"\r\n\r\n" not in head and (more := made.recv(4096)):
            head += more
        if b" 101 " not in head.partition(b"\r\n")[0]:
            return ""
        made.sendall(b"hello")
        return made.recv(5).decode()


def test_a_connection_becomes_a_websocket(kubectl):
    host = f"{kubectl.namespace}.example"
    kubectl.apply(pod("echo", ECHO), service("echo"), ingress("site", ("/", "echo"), host=host))
    kubectl.ready("pod/echo")
    address = address_of(kubectl, "site")
    eventually(lambda: upgraded(address, host) == "hello")


def test_http_2_is_spoken_to_those_who_can(kubectl, tmp_path):
    made, host = authority(), f"{kubectl.namespace}.example"
    tls = [{"hosts": [host], "secretName": "tls"}]
    kubectl.apply(
        web("web"), service("web"), secret("tls", made, host), ingress("site", ("/", "web"), host=host, tls=tls)
    )
    kubectl.ready("pod/web")
    address = address_of(kubectl, "site")
    eventually(lambda: request(address, host, tls=trusting(made))[0] == 200)
    authorities = tmp_path / "ca.crt"
    authorities.write_bytes(made.certificate.public_bytes(pki.serialization.Encoding.PEM))
    command = ["curl", "-sS", "--http2", "--cacert", str(authorities), "--resolve", f"{host}:443:{address}"]
    said = subprocess.run(
        [*command, "-o", "/dev/null", "-w", "%{http_version} %{http_code}", f"https://{host}{PATH}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "2 200"
