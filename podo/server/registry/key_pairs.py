"""Whether a certificate and a key of a TLS Secret belong together, in the words of Go's crypto/tls."""

import base64
import binascii

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

SWITCHED = (
    "tls: failed to find certificate PEM data in certificate input, but did find a private key; "
    "PEM inputs may have been switched"
)
NO_CERTIFICATE = (
    'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following '
    "types: []"
)


def key_pair_problem(certificate: str, key: str) -> str:
    """What is wrong with the pair, both base64 of PEM; "" if nothing."""
    crt, private = _decoded(certificate), _decoded(key)
    if b"-----BEGIN " not in crt:
        return "tls: failed to find any PEM data in certificate input"
    if b"-----BEGIN CERTIFICATE-----" not in crt:
        return SWITCHED if b"PRIVATE KEY-----" in crt else NO_CERTIFICATE
    if b"-----BEGIN " not in private:
        return "tls: failed to find any PEM data in key input"
    try:
        public = x509.load_pem_x509_certificate(crt).public_key()
        mine = load_pem_private_key(private, password=None).public_key()
    except (ValueError, TypeError):
        return "tls: failed to parse private key"
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if public.public_bytes(*form) != mine.public_bytes(*form):
        return "tls: private key does not match public key"
    return ""


def _decoded(text: str | None) -> bytes:
    try:
        return base64.b64decode(text or "")
    except binascii.Error:
        return b""
