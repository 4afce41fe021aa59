"""The key that signs service account tokens, and the JSON Web Tokens that it makes (RFC 7519)."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwk, jws
from joserfc.errors import JoseError


class TokenKeyError(ValueError):
    """The file holds no key that can sign tokens."""


Key = jwk.RSAKey | jwk.ECKey


class TokenKey:
    """A private key: EC P-256 (ES256) or RSA (RS256)."""

    def __init__(self, pem: bytes) -> None:
        """Raises TokenKeyError."""
        self._key: Key
        try:
            private = serialization.load_pem_private_key(pem, None)
        except ValueError as error:
            raise TokenKeyError(f"no private key: {error}") from error
        if isinstance(private, rsa.RSAPrivateKey):
            self.algorithm = "RS256"
            self._key = jwk.RSAKey.import_key(pem)
        elif isinstance(private, ec.EllipticCurvePrivateKey):
            self.algorithm = "ES256"
            self._key = jwk.ECKey.import_key(pem)
        else:
            raise TokenKeyError("a key that signs tokens must be RSA or EC P-256")
        info = serialization.PublicFormat.SubjectPublicKeyInfo
        public = private.public_key().public_bytes(serialization.Encoding.DER, info)
        self.id = urlsafe_b64encode(sha256(public).digest()).rstrip(b"=").decode()

    @classmethod
    def read(cls, path: Path) -> "TokenKey":
        """Raises OSError, TokenKeyError."""
        return cls(path.read_bytes())

    def sign(self, claims: bytes) -> str:
        """A token with these claims (JSON)."""
        header = {"alg": self.algorithm, "kid": self.id}
        return jws.serialize_compact(header, claims, self._key, algorithms=[self.algorithm])

    def verify(self, token: str) -> bytes | None:
        """The claims of a token that this key has signed; None for any other."""
        try:
            found = jws.deserialize_compact(token, self._key, algorithms=[self.algorithm])
        except (JoseError, ValueError):
            return None
        return found.payload

    def public_jwk(self) -> dict[str, Any]:
        """The public half, for /openid/v1/jwks."""
        shown = {name: value for name, value in self._key.as_dict(private=False).items() if name != "kid"}
        return {"use": "sig", "kid": self.id, "alg": self.algorithm} | shown
