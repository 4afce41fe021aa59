"""From outside: a load balancer's address, and an Ingress with TLS by name."""

import base64
import http.client
import socket
import ssl

import yaml

from demo.stage import Stage, fetch

TITLE = "From outside: a LoadBalancer address and an Ingress with TLS answer"
HOST = "hello.localhost"
MANIFESTS = f"""\
apiVersion: v1
kind: Service
metadata: {{name: hello-outside}}
spec:
  type: LoadBalancer
  selector: {{app: hello}}
  ports: [{{name: http, port: 80, targetPort: http}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: hello}}
spec:
  rules:
    - host: {HOST}
      http:
        paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: hello, port: {{name: http}}}}}}}}]
"""


def run(stage: Stage) -> str:
    stage.kubectl("apply", "-f", "-", stdin=MANIFESTS)
    address = stage.until("the Service has an address", lambda: address_of(stage, "service/hello-outside"))
    stage.until(f"{address} answers", lambda: answers(address))
    entry = stage.until("the Ingress has an address", lambda: address_of(stage, "ingress/hello"))
    trusted = authority(stage)
    stage.until(f"https://{HOST} at {entry} answers", lambda: "hello v" in securely(entry, trusted))
    return f"http://{address} and https://{HOST} (at {entry}) answer, the latter with a certificate of the cluster's"


def address_of(stage: Stage, what: str) -> str:
    """The address in its status; "" if there is none yet."""
    found = stage.get(what)["status"].get("loadBalancer", {}).get("ingress", [{}])
    return str(found[0].get("ip", ""))


def answers(address: str) -> bool:
    """Whether the application does; an address may be shown some milliseconds before it is in force."""
    try:
        return "hello v" in fetch(address, timeout=1)
    except OSError:
        return False


def authority(stage: Stage) -> str:
    """The cluster's authority, in PEM, as the kubeconfig has it."""
    config = yaml.safe_load(stage.podo("kubeconfig"))
    return base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()


def securely(address: str, trusted: str) -> str:
    """The application's answer over TLS, to the name that the Ingress has."""
    context = ssl.create_default_context(cadata=trusted)
    with context.wrap_socket(socket.create_connection((address, 443), timeout=3), server_hostname=HOST) as made:
        made.sendall(f"GET /cgi-bin/index.cgi HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        answer = http.client.HTTPResponse(made)
        answer.begin()
        return answer.read().decode()
