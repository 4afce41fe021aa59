"""A server that extends the API, as a Pod with a certificate, behind a Service."""

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives import serialization

from podo.cluster import pki
from tests.e2e.cluster import Kubectl
from tests.e2e.extending.python_image import write_context

IMAGE, NAME = "extension:v1", "extension"
PEM = serialization.Encoding.PEM


class Extension(NamedTuple):
    """Where it is, and whom to trust."""

    namespace: str
    bundle: str

    def client(self, path: str) -> dict[str, Any]:
        """The clientConfig of a webhook."""
        service = {"namespace": self.namespace, "name": NAME, "port": 443, "path": path}
        return {"service": service, "caBundle": self.bundle}


@pytest.fixture(scope="session")
def image(podo, tmp_path_factory) -> str:
    context = tmp_path_factory.mktemp("extension")
    write_context(context, Path(__file__).with_name("server.py"))
    podo("build", "-t", IMAGE, str(context), seconds=180)
    return IMAGE


@pytest.fixture
def extension(kubectl: Kubectl, image: str) -> Extension:
    now = datetime.now(UTC)
    authority = pki.new_authority("extension", now)
    host = f"{NAME}.{kubectl.namespace}.svc"
    certificate, key = pki.issue(authority, pki.Identity(file="", name=NAME, hosts=(host,)), now)
    private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    front = kubectl.within("kube-system").get("configmap", "extension-apiserver-authentication")["data"]
    files = {
        "server.pem": (private + certificate.public_bytes(PEM)).decode(),
        "front-proxy.crt": front["requestheader-client-ca-file"],
    }
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": NAME}, "stringData": files}
    probe = {"httpGet": {"path": "/healthz", "port": 8443, "scheme": "HTTPS"}, "periodSeconds": 1}
    container = {"name": "main", "image": image, "readinessProbe": probe, "ports": [{"containerPort": 8443}]}
    container["volumeMounts"] = [{"name": "certificates", "mountPath": "/certificates"}]
    volumes = [{"name": "certificates", "secret": {"secretName": NAME}}]
    spec = {"containers": [container], "volumes": volumes, "terminationGracePeriodSeconds": 0}
    template = {"metadata": {"labels": {"app": NAME}}, "spec": spec}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME}}
    deployment["spec"] = {"selector": {"matchLabels": {"app": NAME}}, "template": template}
    ports = [{"name": "https", "port": 443, "targetPort": 8443}]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME}}
    service["spec"] = {"selector": {"app": NAME}, "ports": ports}
    kubectl.apply(secret, deployment, service)
    kubectl.rolled_out(f"deployment/{NAME}")
    return Extension(kubectl.namespace, base64.b64encode(authority.certificate.public_bytes(PEM)).decode())
