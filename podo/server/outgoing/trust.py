"""TLS contexts for connections to servers whose authority an object names (caBundle)."""

import base64
import binascii
import ssl
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple


class BundleError(ValueError):
    """A caBundle that holds no certificates."""


@lru_cache(maxsize=200)
def trusting(bundle: str, server_name: str = "") -> ssl.SSLContext:
    """A context that trusts the certificates in `bundle` (base64 of PEM), or, without any, what the machine trusts.

    One for each `server_name`, so that no pool of connections takes those of one name for another's. As in Go, a
    certificate of the bundle is trusted as it is, also where it is not an authority's. Raises BundleError.
    """
    return _trusting(bundle)


def _trusting(bundle: str) -> ssl.SSLContext:
    pem = _decoded(bundle)
    if not pem.strip():
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError) as error:
        raise BundleError("unable to load root certificates: unable to parse bytes as PEM block") from error
    return context


class ClientCertificate(NamedTuple):
    """The certificate that we show to others."""

    certificate: Path
    key: Path


@lru_cache(maxsize=200)
def showing(own: ClientCertificate | None, bundle: str, server_name: str, *, insecure: bool) -> ssl.SSLContext:
    """A context that shows our certificate, and trusts `bundle` or (`insecure`) anyone. Raises BundleError."""
    context = _open() if insecure else _trusting(bundle)
    if own is not None:
        context.load_cert_chain(own.certificate, own.key)
    return context


@lru_cache(maxsize=1)
def trusting_anyone() -> ssl.SSLContext:
    """A context that takes any certificate, and shows none."""
    return _open()


def _open() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _decoded(bundle: str) -> str:
    try:
        return base64.b64decode(bundle).decode("ascii", "replace")
    except binascii.Error as error:
        raise BundleError("unable to load root certificates: illegal base64 data") from error
