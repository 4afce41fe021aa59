"""The key that signs service account tokens, and the JSON Web Tokens that it makes (RFC 7519)."""

from base64 import urlsafe_b64encode
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any


class TokenKeyError(ValueError):
    """The file holds no key that can sign tokens."""


class TokenKey:
    """A private key: EC P-256 (ES256) or RSA (RS256). It is read, and the libraries are imported, at its first use."""

    def __init__(self, pem: bytes) -> None:
        """Raises TokenKeyError for what is no PEM at all."""
        if b"PRIVATE KEY-----" not in pem:
            raise TokenKeyError("no private key in PEM form")
        self._pem = pem

    @classmethod
    def read(cls, path: Path) -> "TokenKey":
        """Raises OSError, TokenKeyError."""
        return cls(path.read_bytes())

    @cached_property
    def _loaded(self) -> tuple[str, Any, str]:
        """(algorithm, key, id). Raises TokenKeyError."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec, rsa
        from joserfc import jwk

        try:
            private = serialization.load_pem_private_key(self._pem, None)
        except ValueError as error:
            raise TokenKeyError(f"no private key: {error}") from error
        info = serialization.PublicFormat.SubjectPublicKeyInfo
        public = private.public_key().public_bytes(serialization.Encoding.DER, info)
        key_id = urlsafe_b64encode(sha256(public).digest()).rstrip(b"=").decode()
        if isinstance(private, rsa.RSAPrivateKey):
            return "RS256", jwk.RSAKey.import_key(self._pem), key_id
        if isinstance(private, ec.EllipticCurvePrivateKey):
            return "ES256", jwk.ECKey.import_key(self._pem), key_id
        raise TokenKeyError("a key that signs tokens must be RSA or EC P-256")

    @property
    def algorithm(self) -> str:
        """As in headers of tokens."""
        return self._loaded[0]

    @property
    def id(self) -> str:
        """The key's name in headers of tokens."""
        return self._loaded[2]

    def sign(self, claims: bytes) -> str:
        """A token with these claims (JSON)."""
        from joserfc import jws

        algorithm, key, key_id = self._loaded
        return jws.serialize_compact({"alg": algorithm, "kid": key_id}, claims, key, algorithms=[algorithm])

    def verify(self, token: str) -> bytes | None:
        """The claims of a token that this key has signed; None for any other."""
        from joserfc import jws
        from joserfc.errors import JoseError

        algorithm, key, _ = self._loaded
        try:
            found = jws.deserialize_compact(token, key, algorithms=[algorithm])
        except (JoseError, ValueError):
            return None
        return found.payload

    def public_jwk(self) -> dict[str, Any]:
        """The public half, for /openid/v1/jwks."""
        algorithm, key, key_id = self._loaded
        shown = {name: value for name, value in key.as_dict(private=False).items() if name != "kid"}
        return {"use": "sig", "kid": key_id, "alg": algorithm} | shown
