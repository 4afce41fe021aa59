"""Webhook configurations, certificates and servers for tests."""

import base64
import json
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization

from podo.cluster import pki

Object = dict[str, Any]
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
ANY_RULE: Object = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*/*"]}


class Certificates:
    """An authority, and a server's certificate for some names."""

    def __init__(self, folder: Path, *hosts: str) -> None:
        now = datetime.now(UTC)
        authority = pki.new_authority("webhooks", now)
        certificate, key = pki.issue(authority, pki.Identity(file="", name="server", hosts=hosts), now)
        pem = serialization.Encoding.PEM
        plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        both = folder / "server.pem"
        both.write_bytes(key.private_bytes(pem, *plain) + certificate.public_bytes(pem))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(both)
        self.bundle = base64.b64encode(authority.certificate.public_bytes(pem)).decode()
        self.leaf_bundle = base64.b64encode(certificate.public_bytes(pem)).decode()


def rule(
    *operations: str, resources: tuple[str, ...] = ("configmaps",), groups: tuple[str, ...] = ("",), **more: Any
) -> Object:
    found = {"operations": list(operations), "apiGroups": list(groups), "apiVersions": ["v1"]}
    return found | {"resources": list(resources)} | more


def hook(url: str, bundle: str, name: str = "one.example.com", **more: Any) -> Object:
    return {
        "name": name,
        "clientConfig": {"url": url, "caBundle": bundle},
        "rules": [rule("CREATE", "UPDATE", "DELETE")],
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "timeoutSeconds": 5,
    } | more


def configuration(kind: str, *hooks: Object, name: str = "hooks") -> Object:
    api_version = "admissionregistration.k8s.io/v1"
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "webhooks": list(hooks)}


def config_map(name: str = "c", **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def patched(*operations: Object) -> Object:
    """The answer of a webhook that allows and changes."""
    return {
        "allowed": True,
        "patchType": "JSONPatch",
        "patch": base64.b64encode(json.dumps(operations).encode()).decode(),
    }


def add(path: str, value: Any) -> Object:
    return {"op": "add", "path": path, "value": value}
