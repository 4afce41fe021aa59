"""Requests that a front proxy carries: it shows a certificate of an authority of its own, and says in headers who asks.

Headers of anybody else mean nothing. The authority is another one than that of clients, so that no proxy's certificate
is taken for a user's, and no user's for a proxy's.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from podo.api.errors import Unauthorized
from podo.server.authentication.base import Credentials
from podo.server.context import User
from podo.server.options import GuardOptions, OptionError


@dataclass(frozen=True, kw_only=True)
class FrontProxies:
    """Who they are, by authority (PEM) and names (none: all of the authority's), and which headers they send."""

    authority: bytes
    names: tuple[str, ...] = ()
    user: tuple[str, ...] = ("x-remote-user",)
    uid: tuple[str, ...] = ("x-remote-uid",)
    group: tuple[str, ...] = ("x-remote-group",)
    extra: tuple[str, ...] = ("x-remote-extra-",)

    def issued(self, certificate: bytes) -> bool:
        """Whether a certificate (DER), which TLS has verified already, is of this authority."""
        return _issued(self.authority, certificate)


@lru_cache(maxsize=1024)
def _issued(authority: bytes, certificate: bytes) -> bool:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    shown = x509.load_der_x509_certificate(certificate)
    for known in x509.load_pem_x509_certificates(authority):
        try:
            shown.verify_directly_issued_by(known)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False


def front_proxies(options: GuardOptions) -> FrontProxies | None:
    """The proxies that the options name. Raises OptionError, OSError."""
    if not options.requestheader_client_ca_file:
        return None

    def listed(text: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())

    def headers(text: str) -> tuple[str, ...]:
        return tuple(name.lower() for name in listed(text))

    authority = Path(options.requestheader_client_ca_file).read_bytes()
    if b"-----BEGIN CERTIFICATE-----" not in authority:
        raise OptionError(
            f"--requestheader-client-ca-file {options.requestheader_client_ca_file}: no certificate in it"
        )
    return FrontProxies(
        authority=authority,
        names=listed(options.requestheader_allowed_names),
        user=headers(options.requestheader_username_headers),
        uid=headers(options.requestheader_uid_headers),
        group=headers(options.requestheader_group_headers),
        extra=headers(options.requestheader_extra_headers_prefix),
    )


class FrontProxyAuthenticator:
    """Believes the headers of front proxies."""

    def __init__(self, proxies: FrontProxies) -> None:
        self._proxies = proxies

    async def authenticate(self, credentials: Credentials) -> User | None:
        """Raises Unauthorized for a proxy that is none of those that are named."""
        proxies = self._proxies
        if credentials.proxy is None:
            return None
        if proxies.names and credentials.proxy not in proxies.names:
            raise Unauthorized("Unauthorized")
        pairs = [(name.lower(), value) for name, value in credentials.headers]
        name = _first(pairs, proxies.user)
        if not name:
            return None
        groups = tuple(value for wanted in proxies.group for key, value in pairs if key == wanted)
        extra: dict[str, tuple[str, ...]] = {}
        for prefix in proxies.extra:
            for key, value in pairs:
                if key.startswith(prefix):
                    label = unquote(key.removeprefix(prefix))
                    extra[label] = (*extra.get(label, ()), value)
        return User(name, _first(pairs, proxies.uid), tuple(dict.fromkeys(groups)), extra)


def _first(pairs: list[tuple[str, str]], names: tuple[str, ...]) -> str:
    return next((value for wanted in names for key, value in pairs if key == wanted and value), "")
