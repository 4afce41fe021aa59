"""Certificates for tests: real ones, of an authority of the tests' own."""

from base64 import b64encode
from datetime import UTC, datetime
from functools import cache

from podo.api.types.core_v1 import Secret
from podo.api.types.meta_v1 import ObjectMeta
from podo.cluster import pki


@cache
def pems(host="a.example"):
    """(certificate, key) of `host`."""
    now = datetime.now(UTC)
    certificate, key = pki.issue(pki.new_authority("tests", now), pki.Identity(file="", name=host, hosts=(host,)), now)
    return certificate.public_bytes(pki.serialization.Encoding.PEM), pki.private_pem(key)


def tls_secret(name="tls", namespace="ns", host="a.example"):
    """A Secret of type kubernetes.io/tls."""
    certificate, key = (b64encode(each).decode() for each in pems(host))
    meta = ObjectMeta(name=name, namespace=namespace)
    return Secret(metadata=meta, data={"tls.crt": certificate, "tls.key": key}, type="kubernetes.io/tls")
