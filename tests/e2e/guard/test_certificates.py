"""Certificates and tokens by which users and nodes come in, on a cluster."""

import base64
import json

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.e2e.cluster import Kubectl

pytestmark = pytest.mark.e2e
PEM, NO_PASSWORD = serialization.Encoding.PEM, serialization.NoEncryption()


def asked(name, signer, usages, subject, organizations=()):
    """A request, and the private key (PEM)."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in organizations]
    whole = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    request = x509.CertificateSigningRequestBuilder(whole).sign(key, hashes.SHA256()).public_bytes(PEM)
    spec = {"request": base64.b64encode(request).decode(), "signerName": signer, "usages": usages}
    body = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name}}
    return body | {"spec": spec | {"expirationSeconds": 3600}}, key.private_bytes(
        PEM, serialization.PrivateFormat.PKCS8, NO_PASSWORD
    )


def with_user(kubectl, tmp_path, **user):
    """kubectl as another user."""
    config = yaml.safe_load(kubectl.kubeconfig.read_text())
    for entry in config["users"]:
        entry["user"] = user
    path = tmp_path / "other.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return Kubectl(path, kubectl.home, kubectl.namespace)


def who(kubectl):
    return json.loads(kubectl("auth", "whoami", "-o", "json"))["status"]["userInfo"]


def test_a_user_comes_in_with_a_certificate_that_was_approved(kubectl, tmp_path):
    name = f"jane-{kubectl.namespace}"
    request, key = asked(name, "kubernetes.io/kube-apiserver-client", ["client auth"], "jane", ["dev"])
    kubectl.apply(request)
    kubectl("certificate", "approve", name)
    kubectl.wait("jsonpath={.status.certificate}", f"csr/{name}")
    certificate = kubectl.get("csr", name)["status"]["certificate"]
    data = {"client-certificate-data": certificate, "client-key-data": base64.b64encode(key).decode()}
    found = who(with_user(kubectl, tmp_path, **data))
    assert (found["username"], found["groups"]) == ("jane", ["dev", "system:authenticated"])
    kubectl("delete", "csr", name)


def test_privilege_escalation_by_csr_nobody_becomes_a_master(kubectl):
    request, _ = asked("master", "kubernetes.io/kube-apiserver-client", ["client auth"], "eve", ["system:masters"])
    refused = kubectl.refusal("create", "-f", "-", stdin=json.dumps(request))
    assert "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed" in refused


def test_a_bootstrap_token_gets_a_node_its_certificate_and_nothing_else(kubectl, tmp_path):
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "bootstrap-token-abcdef", "namespace": "kube-system"},
        "type": "bootstrap.kubernetes.io/token",
        "stringData": {
            "token-id": "abcdef",
            "token-secret": "0123456789abcdef",
            "usage-bootstrap-authentication": "true",
            "usage-bootstrap-signing": "true",
            "auth-extra-groups": "system:bootstrappers:podo:nodes",
        },
    }
    kubectl.within("kube-system").apply(secret)
    newcomer = with_user(kubectl, tmp_path, token="abcdef.0123456789abcdef")
    assert who(newcomer)["username"] == "system:bootstrap:abcdef"
    request, _ = asked(
        "new-node", "kubernetes.io/kube-apiserver-client-kubelet", ["client auth", "digital signature"],
        "system:node:new-node", ["system:nodes"],
    )  # fmt: skip
    newcomer("create", "-f", "-", stdin=json.dumps(request))
    kubectl.wait("jsonpath={.status.certificate}", "csr/new-node")
    assert "forbidden" in newcomer.refusal("get", "secrets", "-A")
    kubectl.within("kube-public").wait("jsonpath={.data.jws-kubeconfig-abcdef}", "configmap/cluster-info")
    kubectl("delete", "csr", "new-node")
    kubectl.within("kube-system")("delete", "secret", "bootstrap-token-abcdef")
    assert "Unauthorized" in newcomer.refusal("auth", "whoami")


def test_a_token_in_a_secret_lasts_as_long_as_the_secret(kubectl, tmp_path):
    kubectl("create", "serviceaccount", "robot")
    annotations = {"kubernetes.io/service-account.name": "robot"}
    kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "robot", "annotations": annotations},
            "type": "kubernetes.io/service-account-token",
        }
    )
    kubectl.wait("jsonpath={.data.token}", "secret/robot")
    token = base64.b64decode(kubectl.get("secret", "robot")["data"]["token"]).decode()
    robot = with_user(kubectl, tmp_path, token=token)
    assert who(robot)["username"] == f"system:serviceaccount:{kubectl.namespace}:robot"
    kubectl("delete", "secret", "robot")
    assert "Unauthorized" in robot.refusal("auth", "whoami")


def test_tokens_of_deleted_accounts_are_refused_at_once(kubectl, tmp_path):
    kubectl("create", "serviceaccount", "brief")
    brief = with_user(kubectl, tmp_path, token=kubectl("create", "token", "brief").strip())
    assert who(brief)["username"].endswith(":brief")
    kubectl("delete", "serviceaccount", "brief")
    assert "Unauthorized" in brief.refusal("auth", "whoami")
