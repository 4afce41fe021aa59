"""What a CertificateSigningRequest asks for, and whether one of the built-in signers may give it.

The rules of the signers are those of https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from podo.api.types.certificates_v1 import CertificateSigningRequest, CertificateSigningRequestSpec

if TYPE_CHECKING:
    from cryptography import x509

CLIENT, KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client", "kubernetes.io/kube-apiserver-client-kubelet"
KUBELET_SERVING, LEGACY = "kubernetes.io/kubelet-serving", "kubernetes.io/legacy-unknown"
NODE_PREFIX, NODES = "system:node:", "system:nodes"
SIGNATURE, ENCIPHERMENT, CLIENT_AUTH, SERVER_AUTH = (
    "digital signature",
    "key encipherment",
    "client auth",
    "server auth",
)


class BadRequest(ValueError):
    """The request is no certificate request in PEM form (RFC 7468)."""


class Unfit(ValueError):
    """The signer must not sign the request; the message says why."""


@dataclass(frozen=True)
class Wanted:
    """What the request itself says: whom it is for, and under which other names."""

    name: str
    organizations: tuple[str, ...]
    dns: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()


def parse(text: str) -> x509.CertificateSigningRequest:
    """The request in `spec.request` (base64 of PEM). Raises BadRequest."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_csr(base64.b64decode(text))
    except (ValueError, binascii.Error) as error:
        raise BadRequest("PEM block type must be CERTIFICATE REQUEST") from error


def wanted(request: x509.CertificateSigningRequest) -> Wanted:
    """The names in a request."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    subject = request.subject
    names = [str(found.value) for found in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    organizations = tuple(str(found.value) for found in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))
    try:
        others = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return Wanted(names[-1] if names else "", organizations)
    return Wanted(
        names[-1] if names else "",
        organizations,
        tuple(others.get_values_for_type(x509.DNSName)),
        tuple(str(address) for address in others.get_values_for_type(x509.IPAddress)),
        tuple(others.get_values_for_type(x509.RFC822Name)),
        tuple(others.get_values_for_type(x509.UniformResourceIdentifier)),
    )


def check(signer: str, names: Wanted, usages: Iterable[str]) -> None:
    """Raises Unfit if a built-in signer must not sign for these names and usages."""
    if signer == CLIENT:
        _client(usages)
    elif signer == KUBELET_CLIENT:
        _kubelet(names, usages, CLIENT_AUTH)
    elif signer == KUBELET_SERVING:
        _kubelet(names, usages, SERVER_AUTH)


def _client(usages: Iterable[str]) -> None:
    given = list(usages)
    for usage in given:
        if usage not in (SIGNATURE, ENCIPHERMENT, CLIENT_AUTH):
            raise Unfit(f"invalid usage for client certificate: {usage}")
    if CLIENT_AUTH not in given:
        raise Unfit(f"missing required usage for client certificate: {CLIENT_AUTH}")


def _kubelet(names: Wanted, usages: Iterable[str], purpose: str) -> None:
    if names.organizations != (NODES,):
        raise Unfit(f"subject organization is not {NODES}")
    serves = purpose == SERVER_AUTH
    if serves and not names.dns and not names.addresses:
        raise Unfit("DNS or IP subjectAltName is required")
    dns, mails = ("DNS", names.dns, serves), ("Email", names.mails, False)
    addresses, uris = ("IP", names.addresses, serves), ("URI", names.uris, False)
    for kind, found, allowed in (dns, mails, addresses, uris):
        if found and not allowed:
            raise Unfit(f"{kind} subjectAltNames are not allowed")
    needed = {SIGNATURE, purpose}
    named = names.name.startswith(NODE_PREFIX)
    if not serves and not named:
        raise Unfit(f"subject common name does not begin with {NODE_PREFIX}")
    if set(usages) - {ENCIPHERMENT} != needed:
        raise Unfit(f"usages did not match [{' '.join(sorted({*needed, ENCIPHERMENT}))}]")
    if not named:
        raise Unfit(f"subject common name does not begin with {NODE_PREFIX}")


def is_kubelet_client(spec: CertificateSigningRequestSpec, names: Wanted) -> bool:
    """Whether the request is for the certificate by which a node shows itself to the API."""
    if spec.signer_name != KUBELET_CLIENT:
        return False
    try:
        check(KUBELET_CLIENT, names, spec.usages)
    except Unfit:
        return False
    return True


def has(request: CertificateSigningRequest, *types: str) -> bool:
    """Whether one of these conditions (Approved, Denied, Failed) holds."""
    return any(c.type in types and c.status != "False" for c in request.status.conditions)
