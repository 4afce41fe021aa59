"""Privilege escalation by CSR: nobody gets a certificate of somebody else, nor says yes to their own request."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

GROUP = "certificates.k8s.io"
PATH = f"/apis/{GROUP}/v1/certificatesigningrequests"
CLIENT = "kubernetes.io/kube-apiserver-client"
REQUESTS = {"apiGroups": [GROUP], "resources": [f"certificatesigningrequests{part}" for part in ("", "/status")]}
APPROVED = {"type": "Approved", "status": "True", "reason": "Mine", "message": ""}


def request(name, *groups, signer=CLIENT, **more):
    """A request for a certificate of a user."""
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), *names])
    key = ec.generate_private_key(ec.SECP256R1())
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    text = base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()
    head = {"apiVersion": f"{GROUP}/v1", "kind": "CertificateSigningRequest", "metadata": {"name": "r"}}
    return head | {"spec": {"request": text, "signerName": signer, "usages": ["client auth"]} | more}


@pytest.fixture
async def bob(api):
    """Bob may do with requests what he likes, but no signer is his."""
    approval = {"apiGroups": [GROUP], "resources": ["certificatesigningrequests/approval"]}
    await api.allow("requests", REQUESTS | {"verbs": ["*"]}, approval | {"verbs": ["*"]})
    return api


async def test_privilege_escalation_by_csr_nobody_becomes_a_master(bob):
    status, found = await bob.send("POST", PATH, request("bob", "dev", "system:masters"), "bob")
    assert status == 403
    assert "system:masters group is not allowed" in found["message"]


async def test_privilege_escalation_by_csr_who_asks_is_not_for_them_to_say(bob):
    spoofed = {"username": "system:node:n1", "groups": ["system:nodes", "system:masters"], "uid": "0"}
    status, found = await bob.send("POST", PATH, request("bob", **spoofed), "bob")
    assert (status, found["spec"]["username"], found["spec"]["uid"]) == (201, "bob", "2")
    assert found["spec"]["groups"] == ["dev", "system:authenticated"]
    found["spec"] |= spoofed
    status, found = await bob.send("PUT", f"{PATH}/r", found, "bob")
    assert (status, found["spec"]["username"]) == (200, "bob")


async def test_privilege_escalation_by_csr_nobody_approves_without_the_signers_right(bob):
    body = request("bob") | {"status": {"conditions": [APPROVED], "certificate": "bWluZQ=="}}
    status, found = await bob.send("POST", PATH, body, "bob")
    assert (status, found["status"]) == (201, {})
    for below in ("approval", "status"):
        changed = found | {"status": {"conditions": [APPROVED]}}
        status, refused = await bob.send("PUT", f"{PATH}/r/{below}", changed, "bob")
        assert status in (403, 422), refused
    status, found = await bob.send("PUT", f"{PATH}/r", found | {"status": {"conditions": [APPROVED]}}, "bob")
    assert (status, found["status"]) == (200, {})


async def test_privilege_escalation_by_csr_nobody_signs_without_the_signers_right(bob):
    await bob.send("POST", PATH, request("bob"), "bob")
    _, found = await bob.send("GET", f"{PATH}/r")
    await bob.send("PUT", f"{PATH}/r/approval", found | {"status": {"conditions": [APPROVED]}})
    _, found = await bob.send("GET", f"{PATH}/r")
    found["status"]["conditions"].append(APPROVED | {"type": "Failed", "reason": "Mine"})
    status, refused = await bob.send("PUT", f"{PATH}/r/status", found, "bob")
    assert status == 403
    assert "user not permitted to sign requests" in refused["message"]
