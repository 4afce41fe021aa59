"""CertificateSigningRequests: approved, signed, refused and cleaned."""

import base64
from datetime import timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from podo.api.types.certificates_v1 import (
    CertificateSigningRequest,
    CertificateSigningRequestCondition,
    CertificateSigningRequestSpec,
)
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key
from podo.cluster.pki import new_authority
from podo.controllers import certificate_requests as requests
from podo.controllers.csr_approving import CSRApproving, rights
from podo.controllers.csr_cleaner import CSRCleaner
from podo.controllers.csr_signing import CSRSigning, lifetime
from podo.server.context import User

CLIENT_USAGES = ("digital signature", "client auth")


def request_pem(name, organizations=(), dns=(), addresses=(), key=None):
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, o) for o in organizations]
    builder = x509.CertificateSigningRequestBuilder(x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, name)]))
    others = [*map(x509.DNSName, dns), *(x509.IPAddress(a) for a in addresses)]
    if others:
        builder = builder.add_extension(x509.SubjectAlternativeName(others), critical=False)
    signed = builder.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return base64.b64encode(signed.public_bytes(serialization.Encoding.PEM)).decode()


async def ask(lab, asked, username):
    """Create a request as someone who may."""
    await lab._core.client(User(username, groups=("system:masters",))).create(asked)


def request(name="csr", *, signer=requests.CLIENT, usages=CLIENT_USAGES, subject="jane", username="", **more):
    organizations, dns = more.pop("organizations", ()), more.pop("dns", ())
    spec = CertificateSigningRequestSpec(
        request=request_pem(subject, organizations, dns),
        signer_name=signer,
        usages=usages,
        username=username,
        **more,
    )
    return CertificateSigningRequest(metadata=ObjectMeta(name=name), spec=spec)


def node_request(name="csr", *, node="n1", **more):
    return request(
        name, signer=requests.KUBELET_CLIENT, subject=f"system:node:{node}", organizations=("system:nodes",), **more
    )


class Reviews:
    """Answers SubjectAccessReviews: allowed is who is in `allowed`, as (user, subresource)."""

    def __init__(self):
        self.allowed = set()

    async def ask(self, ctx, served, obj):
        spec = obj["spec"]
        who = (spec["user"], spec["resourceAttributes"]["subresource"])
        return obj | {"status": {"allowed": who in self.allowed}}


@pytest.fixture
def reviews(lab):
    answers = Reviews()
    lab._core.operations.install({}, {("authorization.k8s.io", "subjectaccessreviews"): answers})
    return answers


@pytest.fixture
def authority(lab):
    return new_authority("ca", lab.clock.now())


@pytest.fixture(autouse=True)
def running(lab, reviews, authority):
    pem = authority.certificate.public_bytes(serialization.Encoding.PEM)
    key = authority.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    lab.start(
        lambda client, clock, events: CSRApproving(client, clock),
        lambda client, clock, events: CSRSigning(client, clock, lambda: (pem, key)),
        lambda client, clock, events: CSRCleaner(client, clock),
    )


async def approve(lab, name="csr", kind="Approved"):
    found = await lab.user.get(CertificateSigningRequest, Key("", name))
    condition = CertificateSigningRequestCondition(type=kind, status="True", reason="ByAdmin")
    status = msgspec.structs.replace(found.status, conditions=(*found.status.conditions, condition))
    await lab.user.update(msgspec.structs.replace(found, status=status), subresource="approval")
    await lab.settle()


async def current(lab, name="csr"):
    return await lab.get(CertificateSigningRequest, name, "")


async def certificate(lab, name="csr"):
    found = await current(lab, name)
    return x509.load_pem_x509_certificate(base64.b64decode(found.status.certificate))


async def test_an_approved_request_is_signed_by_the_authority_for_whom_and_what_it_asks(lab, authority):
    await lab.user.create(request(organizations=("a", "b"), expiration_seconds=3600))
    await lab.settle()
    assert not (await current(lab)).status.certificate
    await approve(lab)
    signed = await certificate(lab)
    signed.verify_directly_issued_by(authority.certificate)
    assert signed.subject.rfc4514_string() == "CN=jane,O=b,O=a"
    purposes = signed.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [p.dotted_string for p in purposes] == ["1.3.6.1.5.5.7.3.2"]
    usage = signed.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment, usage.key_cert_sign) == (True, False, False)
    assert signed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert signed.not_valid_after_utc - lab.clock.now() == timedelta(hours=1)


async def test_a_denied_request_is_not_signed(lab):
    await lab.user.create(request())
    await approve(lab, kind="Denied")
    assert not (await current(lab)).status.certificate


async def test_requests_to_signers_of_others_are_left_alone(lab):
    await lab.user.create(request(signer="example.com/signer"))
    await approve(lab)
    found = await current(lab)
    assert not found.status.certificate
    assert [c.type for c in found.status.conditions] == ["Approved"]


async def test_what_a_signer_must_not_sign_fails_with_the_reason(lab):
    await lab.user.create(request(usages=("server auth",)))
    await approve(lab)
    found = await current(lab)
    [_, failed] = found.status.conditions
    assert (failed.type, failed.reason) == ("Failed", "SignerValidationFailure")
    assert failed.message == "invalid usage for client certificate: server auth"
    assert not found.status.certificate


async def test_a_request_never_makes_an_authority(lab):
    await lab.user.create(request(usages=("cert sign", "client auth")))
    await approve(lab)
    assert (await current(lab)).status.conditions[-1].message == "invalid usage for client certificate: cert sign"


@pytest.mark.parametrize(
    ("signer", "names", "usages", "why"),
    [
        (requests.CLIENT, {}, ("digital signature",), "missing required usage for client certificate: client auth"),
        (requests.KUBELET_CLIENT, {"organizations": ()}, CLIENT_USAGES, "subject organization is not system:nodes"),
        (requests.KUBELET_CLIENT, {"dns": ("a",)}, CLIENT_USAGES, "DNS subjectAltNames are not allowed"),
        (requests.KUBELET_CLIENT, {"addresses": ("::1",)}, CLIENT_USAGES, "IP subjectAltNames are not allowed"),
        (requests.KUBELET_CLIENT, {"name": "x"}, (), "subject common name does not begin with system:node:"),
        (
            *(requests.KUBELET_CLIENT, {}, ("server auth",)),
            "usages did not match [client auth digital signature key encipherment]",
        ),
        (requests.KUBELET_SERVING, {}, (), "DNS or IP subjectAltName is required"),
        (requests.KUBELET_SERVING, {"dns": ("a",), "mails": ("a@b",)}, (), "Email subjectAltNames are not allowed"),
        (requests.KUBELET_SERVING, {"dns": ("a",), "uris": ("a:b",)}, (), "URI subjectAltNames are not allowed"),
        (
            *(requests.KUBELET_SERVING, {"dns": ("a",)}, CLIENT_USAGES),
            "usages did not match [digital signature key encipherment server auth]",
        ),
    ],
)
def test_the_rules_of_signers(signer, names, usages, why):
    given = {"name": "system:node:n", "organizations": ("system:nodes",)} | names
    with pytest.raises(requests.Unfit) as refusal:
        requests.check(signer, requests.Wanted(**given), usages)
    assert str(refusal.value) == why


@pytest.mark.parametrize("extra", [(), ("key encipherment",)])
def test_a_kubelet_may_have_certificates_for_both_ends(extra):
    names = requests.Wanted("system:node:n", ("system:nodes",), addresses=("10.0.0.1",))
    requests.check(requests.KUBELET_SERVING, names, ("digital signature", "server auth", *extra))
    names = requests.Wanted("system:node:n", ("system:nodes",))
    requests.check(requests.KUBELET_CLIENT, names, ("digital signature", "client auth", *extra))


async def test_a_node_gets_its_certificate_where_it_may(lab, reviews):
    reviews.allowed = {("system:bootstrap:abcdef", "nodeclient"), ("system:node:n1", "selfnodeclient")}
    await ask(lab, node_request("first"), "system:bootstrap:abcdef")
    await ask(lab, node_request("renewed"), "system:node:n1")
    await lab.settle()
    for name in ("first", "renewed"):
        found = await current(lab, name)
        [condition] = found.status.conditions
        assert (condition.type, condition.reason) == ("Approved", "AutoApproved")
        assert found.status.certificate


async def test_privilege_escalation_by_csr_nobody_gets_a_certificate_of_another_node_unseen(lab, reviews):
    reviews.allowed = {("system:node:n2", "selfnodeclient"), ("jane", "selfnodeclient")}
    await ask(lab, node_request("of-other"), "system:node:n2")
    await ask(lab, node_request("of-user"), "jane")
    await lab.settle()
    for name in ("of-other", "of-user"):
        assert not (await current(lab, name)).status.conditions


def test_only_requests_for_node_clients_are_judged():
    assert rights(node_request(username="x")) == ["nodeclient"]
    assert rights(node_request(username="system:node:n1")) == ["selfnodeclient", "nodeclient"]
    assert rights(request()) == []
    assert rights(node_request(usages=("server auth",))) == []


def test_long_certificates_begin_and_end_a_little_earlier_and_none_outlives_its_authority(lab):
    now = lab.clock.now()
    minutes = timedelta(minutes=1)
    end = now + timedelta(days=9000)
    assert lifetime(now, None, end) == (now - 5 * minutes, now + timedelta(days=365) - 5 * minutes)
    assert lifetime(now, 10**9, end)[1] == now + timedelta(days=365) - 5 * minutes
    assert lifetime(now, 1, end)[1] == now + 10 * minutes
    assert lifetime(now, None, now + minutes)[1] == now + minutes


@pytest.mark.parametrize(("decision", "seconds"), [("Approved", 3600), ("Denied", 3600), ("", 24 * 3600)])
async def test_requests_go_when_they_are_done_with(lab, decision, seconds):
    await lab.user.create(request())
    if decision:
        await approve(lab, kind=decision)
    await lab.run_for(seconds - 5)
    assert await current(lab)
    await lab.run_for(10)
    assert await current(lab) is None


async def test_what_nobody_has_signed_a_day_after_its_approval_goes_too(lab):
    await lab.user.create(request(signer="example.com/signer"))
    await approve(lab)
    await lab.run_for(24 * 3600 - 5)
    assert await current(lab)
    await lab.run_for(10)
    assert await current(lab) is None
