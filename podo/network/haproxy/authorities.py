"""Certificates of authorities from ConfigMaps, checked, as those of servers are."""

from functools import lru_cache
from hashlib import sha256

from podo.api.types.core_v1 import ConfigMap
from podo.network.haproxy.certificates import CertificateProblem


def authorities_of(found: ConfigMap) -> bytes:
    """The certificates of a ConfigMap's `ca.crt`, in PEM. Raises CertificateProblem."""
    text = found.data.get("ca.crt", "")
    if not text.strip():
        raise CertificateProblem("has no ca.crt")
    return _checked(text)


@lru_cache(maxsize=256)
def _checked(text: str) -> bytes:
    from cryptography.x509 import load_pem_x509_certificates  # heavy, and only there for TLS

    try:
        load_pem_x509_certificates(text.encode())
    except ValueError as error:
        raise CertificateProblem(f"has a ca.crt that is no PEM: {error}") from error
    return text.strip().encode() + b"\n"


def authority_file(pem: bytes) -> str:
    """The name of the file that holds these certificates, beside haproxy's configuration."""
    return f"certificates/authority-{sha256(pem).hexdigest()[:16]}.pem"
