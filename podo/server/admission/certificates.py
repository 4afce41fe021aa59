"""CertificateSubjectRestriction: no certificate of a client makes it a member of system:masters."""

import base64
import binascii

from podo.server.admission.base import Validating, created, refuse
from podo.server.admission_point import Attributes

REQUESTS = ("certificates.k8s.io", "certificatesigningrequests")
CLIENT_SIGNER, MASTERS = "kubernetes.io/kube-apiserver-client", "system:masters"


class CertificateSubjectRestriction(Validating):
    """For new requests to the signer of clients' certificates."""

    resources = frozenset({REQUESTS})

    async def validate(self, attributes: Attributes) -> None:
        """Raises Forbidden."""
        obj = created(attributes)
        if obj is None or obj["spec"].get("signerName") != CLIENT_SIGNER:
            return
        try:
            groups = organizations(obj["spec"].get("request", ""))
        except ValueError as error:
            refuse(attributes, f"failed to parse CSR: {error}")
        if MASTERS in groups:
            refuse(attributes, f"use of {CLIENT_SIGNER} signer with {MASTERS} group is not allowed")


def organizations(request: str) -> list[str]:
    """The groups that a certificate by this request (base64 of PEM) would name. Raises ValueError."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        parsed = x509.load_pem_x509_csr(base64.b64decode(request))
    except binascii.Error as error:
        raise ValueError(str(error)) from error
    return [str(name.value) for name in parsed.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
