"""What guards certificates: CertificateApproval, CertificateSigning and CertificateSubjectRestriction."""

import base64
import binascii

from podo.server.admission.base import Validating, created, refuse
from podo.server.admission_point import Attributes, Operation
from podo.server.authorization.base import Attempt, Authorizer, Verdict
from podo.server.strategy import Object

GROUP = "certificates.k8s.io"
REQUESTS = (GROUP, "certificatesigningrequests")
CLIENT_SIGNER, MASTERS = "kubernetes.io/kube-apiserver-client", "system:masters"


class CertificateSubjectRestriction(Validating):
    """No certificate of a client makes it a member of system:masters."""

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


class CertificateApproval(Validating):
    """Only who may approve requests to a signer approves or denies one."""

    resources = frozenset({REQUESTS})

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def validate(self, attributes: Attributes) -> None:
        """Raises Forbidden."""
        if attributes.subresource != "approval" or attributes.operation is not Operation.UPDATE:
            return
        signer = _signer(attributes.old)
        if not await may_for(self._authorizer, attributes, "approve", signer):
            refuse(attributes, f'user not permitted to approve requests with signerName "{signer}"')


class CertificateSigning(Validating):
    """Only who may sign for a signer issues, or says that it has failed."""

    resources = frozenset({REQUESTS})

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def validate(self, attributes: Attributes) -> None:
        """Raises Forbidden."""
        obj, old = attributes.obj or {}, attributes.old or {}
        if attributes.subresource != "status" or attributes.operation is not Operation.UPDATE:
            return
        before, after = old.get("status") or {}, obj.get("status") or {}
        if all(before.get(field) == after.get(field) for field in ("certificate", "conditions")):
            return
        signer = _signer(old)
        if not await may_for(self._authorizer, attributes, "sign", signer):
            refuse(attributes, f'user not permitted to sign requests with signerName "{signer}"')


def _signer(request: Object | None) -> str:
    return str(((request or {}).get("spec") or {}).get("signerName", ""))


async def may_for(authorizer: Authorizer, attributes: Attributes, verb: str, signer: str) -> bool:
    """Whether the user may do so for this signer, or for all of its domain."""
    attempt = Attempt(attributes.ctx.user, verb, GROUP, "*", "signers", name=signer)
    for name in (signer, f"{signer.partition('/')[0]}/*"):
        if (await authorizer.authorize(attempt._replace(name=name))).verdict is Verdict.ALLOW:
            return True
    return False
