"""Sign approved CertificateSigningRequests to the built-in signers with the cluster's authority."""

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from podo.api.timestamps import format_time
from podo.api.types.certificates_v1 import CertificateSigningRequest, CertificateSigningRequestCondition
from podo.client.base import Key
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import certificate_requests as requests
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.cluster_keys import KeyPair

if TYPE_CHECKING:
    from cryptography import x509

SIGNERS = (requests.CLIENT, requests.KUBELET_CLIENT, requests.KUBELET_SERVING, requests.LEGACY)
LONGEST, SHORTEST = timedelta(days=365), timedelta(minutes=10)
BACKDATE, SHORT = timedelta(minutes=5), timedelta(hours=8)
"""Certificates begin a little earlier than now, and those that live longer than SHORT end as much earlier."""

KEY_USAGES = {
    "signing": "digital_signature",
    "digital signature": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "key agreement": "key_agreement",
    "data encipherment": "data_encipherment",
    "cert sign": "key_cert_sign",
    "crl sign": "crl_sign",
    "encipher only": "encipher_only",
    "decipher only": "decipher_only",
}
PURPOSES = {
    "any": "2.5.29.37.0",
    "server auth": "1.3.6.1.5.5.7.3.1",
    "client auth": "1.3.6.1.5.5.7.3.2",
    "code signing": "1.3.6.1.5.5.7.3.3",
    "email protection": "1.3.6.1.5.5.7.3.4",
    "s/mime": "1.3.6.1.5.5.7.3.4",
    "ipsec end system": "1.3.6.1.5.5.7.3.5",
    "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
    "ipsec user": "1.3.6.1.5.5.7.3.7",
    "timestamping": "1.3.6.1.5.5.7.3.8",
    "ocsp signing": "1.3.6.1.5.5.7.3.9",
    "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
    "netscape sgc": "2.16.840.1.113730.4.1",
}
"""Extended key usages (RFC 5280, 4.2.1.12)."""


class CSRSigning:
    """Reads and writes CertificateSigningRequest: its certificate, or the condition Failed."""

    name = "csrsigning"
    watches = (Watch(CertificateSigningRequest, to=itself),)

    def __init__(self, client: CachedClient, clock: Clock, authority: Callable[[], KeyPair]) -> None:
        """`authority` reads the key pair, once something is to be signed."""
        self._client, self._clock, self._authority = client, clock, authority
        self._requests = client.informer(CertificateSigningRequest)

    async def reconcile(self, key: Key) -> Outcome:
        request = self._requests.get(key)
        if request is None or not is_due(request):
            return DONE
        certificate, key_pem = self._authority()
        status = request.status
        try:
            signed = sign(request, certificate, key_pem, self._clock.now())
            status = msgspec.structs.replace(status, certificate=base64.b64encode(signed).decode())
        except (requests.Unfit, requests.BadRequest) as error:
            status = msgspec.structs.replace(status, conditions=(*status.conditions, self._failed(str(error))))
        await self._client.update(msgspec.structs.replace(request, status=status), subresource="status")
        return DONE

    def _failed(self, why: str) -> CertificateSigningRequestCondition:
        now = format_time(self._clock.now())
        return CertificateSigningRequestCondition(
            type="Failed", status="True", reason="SignerValidationFailure", message=why, last_update_time=now
        )


def is_due(request: CertificateSigningRequest) -> bool:
    """Whether one of ours is to sign it now."""
    if request.spec.signer_name not in SIGNERS or request.status.certificate:
        return False
    return requests.has(request, "Approved") and not requests.has(request, "Denied", "Failed")


def lifetime(now: datetime, seconds: int | None, end: datetime) -> tuple[datetime, datetime]:
    """Begin and end of a certificate that is asked for so many seconds, by an authority that ends at `end`."""
    life = LONGEST if seconds is None else min(LONGEST, max(SHORTEST, timedelta(seconds=seconds)))
    until = now + life - (timedelta(0) if life < SHORT else BACKDATE)
    return now - BACKDATE, min(until, end)


def sign(request: CertificateSigningRequest, certificate: bytes, key: bytes, now: datetime) -> bytes:
    """The certificate (PEM). Raises Unfit, BadRequest."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    spec = request.spec
    asked = requests.parse(spec.request)
    requests.check(spec.signer_name, requests.wanted(asked), spec.usages)
    if not asked.is_signature_valid:
        raise requests.BadRequest("the request is not signed by its own key")
    authority = x509.load_pem_x509_certificate(certificate)
    begin, end = lifetime(now, spec.expiration_seconds, authority.not_valid_after_utc)
    if now >= end:
        raise requests.Unfit(f"the signer has expired: NotAfter={format_time(end)}")
    public: Any = asked.public_key()
    builder = (
        x509.CertificateBuilder(authority.subject, asked.subject, public, x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_issuer(authority), critical=False)
    )
    for extension, critical in _extensions(asked, spec.usages):
        builder = builder.add_extension(extension, critical=critical)
    private: Any = serialization.load_pem_private_key(key, None)
    return builder.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _issuer(authority: "x509.Certificate") -> "x509.AuthorityKeyIdentifier":
    from cryptography import x509

    public: Any = authority.public_key()
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(public)


def _extensions(
    asked: "x509.CertificateSigningRequest", usages: tuple[str, ...]
) -> "list[tuple[x509.ExtensionType, bool]]":
    """The usages that were approved, and the other names; whatever else a request has in it is left out."""
    from cryptography import x509

    found: list[tuple[x509.ExtensionType, bool]] = []
    bits = {KEY_USAGES[usage] for usage in usages if usage in KEY_USAGES}
    if bits:
        flags = {name: name in bits for name in KEY_USAGES.values()}
        flags["key_agreement"] = flags["key_agreement"] or flags["encipher_only"] or flags["decipher_only"]
        found.append((x509.KeyUsage(**flags), True))
    if purposes := sorted({PURPOSES[usage] for usage in usages if usage in PURPOSES}):
        found.append((x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in purposes]), False))
    try:
        names = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found.append((names, len(asked.subject) == 0))
    except x509.ExtensionNotFound:
        pass
    return found
