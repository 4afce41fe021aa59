"""A user comes in with a certificate that the cluster has signed, may look at everything, and delete nothing."""

import base64
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from demo.stage import Broken, Stage

TITLE = "Let a user look, and not delete"
NAME = "demo-viewer"
PEM = serialization.Encoding.PEM


def run(stage: Stage) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    stage.kubectl("delete", "csr", NAME, "--ignore-not-found")
    stage.kubectl("apply", "-f", "-", stdin=json.dumps(request(key)))
    stage.kubectl("certificate", "approve", NAME)
    certificate = stage.until("a certificate", lambda: stage.get("csr", NAME).get("status", {}).get("certificate"))
    stage.kubectl("delete", "rolebinding", NAME, "--ignore-not-found")
    stage.kubectl("create", "rolebinding", NAME, "--clusterrole=view", f"--user={NAME}")
    with TemporaryDirectory() as folder:
        config = Path(folder, "kubeconfig")
        config.write_text(kubeconfig(stage, certificate, key))
        seen = stage.kubectl(f"--kubeconfig={config}", "get", "pods", "-o", "name").split()
        refusal = stage.run("sh", "-c", f"kubectl --kubeconfig={config} delete pods --all 2>&1", check=False)
    stage.kubectl("delete", "rolebinding", NAME)
    stage.kubectl("delete", "csr", NAME)
    if not seen or "forbidden" not in refusal or f'User "{NAME}" cannot delete' not in refusal:
        raise Broken(f"the user sees {seen}, and is told: {refusal}")
    return f"{NAME} sees {len(seen)} Pods; deleting them is forbidden"


def request(key: ec.EllipticCurvePrivateKey) -> dict[str, object]:
    """A request for a certificate that names the user."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    signed = x509.CertificateSigningRequestBuilder(subject).sign(key, hashes.SHA256()).public_bytes(PEM)
    spec = {"request": base64.b64encode(signed).decode(), "usages": ["client auth"], "expirationSeconds": 3600}
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": NAME},
        "spec": spec | {"signerName": "kubernetes.io/kube-apiserver-client"},
    }


def kubeconfig(stage: Stage, certificate: str, key: ec.EllipticCurvePrivateKey) -> str:
    """The cluster's, with the user's own credentials in it."""
    config = yaml.safe_load(Path(stage.environment["KUBECONFIG"]).read_text())
    secret = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for entry in config["users"]:
        key_data = base64.b64encode(secret).decode()
        entry["user"] = {"client-certificate-data": certificate, "client-key-data": key_data}
    return str(yaml.safe_dump(config))
