"""An identity provider: keys, tokens, and the two documents that it serves."""

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwk, jws

from podo.server.authentication.configuration import JWT
from podo.server.authentication.provider_keys import ProviderError

from .test_service_account import pem

ISSUER = "https://idp.example.com"


class World:
    """A provider that signs with `key` (named `kid`), and answers while it is `up`."""

    def __init__(self, issuer=ISSUER, *, rsa_key=False):
        self.issuer, self.up, self.fetched = issuer, True, []
        self.rotate("one", rsa_key=rsa_key)

    def rotate(self, kid, *, rsa_key=False):
        self.kid = kid
        private = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
        self.algorithm = "RS256" if rsa_key else "ES256"
        self.key = (jwk.RSAKey if rsa_key else jwk.ECKey).import_key(pem(private))

    def documents(self):
        keys = [{**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": self.algorithm}]
        return {
            f"{self.issuer}/.well-known/openid-configuration": {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/keys",
            },
            f"{self.issuer}/keys": {"keys": keys},
        }

    async def fetch(self, url):
        self.fetched.append(url)
        if not self.up or url not in self.documents():
            raise ProviderError(f"{url} is not there")
        return msgspec.json.encode(self.documents()[url])

    def token(self, now, *, header=None, key=None, **claims):
        given = {"iss": self.issuer, "aud": "kubernetes", "sub": "jane", "exp": int(now) + 600} | claims
        given = {name: value for name, value in given.items() if value is not None}
        head = {"alg": self.algorithm, "kid": self.kid} | (header or {})
        return jws.serialize_compact(head, msgspec.json.encode(given), key or self.key, algorithms=[head["alg"]])


def config(**more):
    given = {
        "issuer": {"url": ISSUER, "audiences": ["kubernetes"]},
        "claimMappings": {"username": {"claim": "sub", "prefix": "idp:"}},
    }
    return msgspec.convert(given | more, JWT)
