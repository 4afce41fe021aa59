"""Certificates from Secrets, checked: haproxy refuses its whole configuration for one that it cannot read."""

from base64 import b64decode
from binascii import Error
from functools import lru_cache

from podo.api.types.core_v1 import Secret


class CertificateProblem(Exception):
    """A Secret has no certificate that can be used; the text is for the user."""


def pem_of(secret: Secret) -> bytes:
    """Certificate chain and key of a Secret of type kubernetes.io/tls, in PEM. Raises CertificateProblem."""
    certificate, private = secret.data.get("tls.crt"), secret.data.get("tls.key")
    if not certificate or not private:
        raise CertificateProblem("has no tls.crt and tls.key")
    return _checked(certificate, private)


@lru_cache(maxsize=1024)
def _checked(certificate: str, private: str) -> bytes:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # heavy, and only there for TLS
    from cryptography.x509 import load_pem_x509_certificates

    try:
        chain, key = b64decode(certificate).strip(), b64decode(private).strip()
        first, loaded = load_pem_x509_certificates(chain)[0], load_pem_private_key(key, None)
    except (ValueError, TypeError, Error) as error:
        raise CertificateProblem(f"has a tls.crt or tls.key that is no PEM: {error}") from error
    if first.public_key() != loaded.public_key():
        raise CertificateProblem("has a tls.key that is not the one of its tls.crt")
    return b"\n".join((chain, key, b""))
