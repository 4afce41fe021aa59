"""Service account tokens: issued, and believed."""

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from podo.api.errors import Unauthorized
from podo.api.types.core_v1 import Node, Pod, Secret, ServiceAccount
from podo.api.types.meta_v1 import ObjectMeta
from podo.clock import VirtualClock
from podo.server.authentication.base import Credentials, InvalidToken
from podo.server.authentication.keys import TokenKey, TokenKeyError
from podo.server.authentication.service_account import (
    LEEWAY,
    REMEMBERED,
    Bound,
    Claims,
    Issuer,
    Ref,
    ServiceAccountTokens,
    user_of,
)

AUDIENCE = "https://cluster"


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


EC_KEY, RSA_KEY = pem(ec.generate_private_key(ec.SECP256R1())), pem(rsa.generate_private_key(65537, 2048))


class Lab:
    """An issuer, the objects that tokens are bound to, and a clock."""

    def __init__(self, key=EC_KEY):
        self.clock, self.objects = VirtualClock(), {}
        self.put(ServiceAccount, "ns", "x", "u")
        self.issuer = Issuer(AUDIENCE, TokenKey(key), (AUDIENCE,))
        self.tokens = ServiceAccountTokens(self.issuer, lambda cls, *place: self.objects.get((cls, *place)), self.clock)

    def put(self, cls, namespace, name, uid, **metadata):
        """There is such an object now."""
        meta = ObjectMeta(namespace=namespace, name=name, uid=uid, **metadata)
        self.objects[cls, namespace, name] = cls(metadata=meta)

    def token(self, *, seconds=600, audience=AUDIENCE, issuer=AUDIENCE, key=None, **bound):
        now = int(self.clock.now().timestamp())
        claims = Claims(
            iss=issuer,
            sub="system:serviceaccount:ns:x",
            aud=[audience],
            exp=now + seconds,
            iat=now,
            nbf=now,
            kubernetes=Bound("ns", Ref("x", "u"), **bound),
            jti="j",
        )
        return (key or self.issuer.key).sign(msgspec.json.encode(claims))

    async def user(self, token):
        return await self.tokens.authenticate(Credentials(token=token))


@pytest.fixture
def lab():
    return Lab()


@pytest.mark.parametrize(("key", "algorithm"), [(EC_KEY, "ES256"), (RSA_KEY, "RS256")])
async def test_a_token_of_ours_names_its_account(key, algorithm):
    lab = Lab(key)
    assert lab.issuer.key.algorithm == algorithm
    user = await lab.user(lab.token())
    assert (user.name, user.uid) == ("system:serviceaccount:ns:x", "u")
    assert user.groups == ("system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated")
    assert user.extra == {"authentication.kubernetes.io/credential-id": ("JTI=j",)}


async def test_a_token_of_a_pod_names_it_and_its_node(lab):
    lab.put(Pod, "ns", "p", "pu")
    user = await lab.user(lab.token(pod=Ref("p", "pu"), node=Ref("n", "nu")))
    assert user.extra["authentication.kubernetes.io/pod-name"] == ("p",)
    assert user.extra["authentication.kubernetes.io/node-uid"] == ("nu",)


async def test_tokens_of_others_are_for_others_to_judge(lab):
    other = TokenKey(pem(ec.generate_private_key(ec.SECP256R1())))
    assert await lab.user(lab.token(key=other)) is None
    assert await lab.user(lab.token(issuer="https://other")) is None
    assert await lab.user("not.a.token") is None
    assert await lab.user("plain") is None


async def test_a_token_expires(lab):
    token = lab.token(seconds=600)
    lab.clock.advance(600 + LEEWAY - 1)
    assert await lab.user(token)
    lab.clock.advance(REMEMBERED + 2)
    with pytest.raises(Unauthorized):
        await lab.user(token)


async def test_a_token_for_another_audience_is_refused(lab):
    with pytest.raises(Unauthorized):
        await lab.user(lab.token(audience="https://other"))


async def test_tokens_of_deleted_accounts_are_refused_at_once(lab):
    token = lab.token()
    assert await lab.user(token)
    del lab.objects[ServiceAccount, "ns", "x"]
    with pytest.raises(Unauthorized):
        await lab.user(token)
    lab.put(ServiceAccount, "ns", "x", "another")
    with pytest.raises(Unauthorized):
        await lab.user(token)


async def test_tokens_of_deleted_pods_are_refused_at_once(lab):
    lab.put(Pod, "ns", "p", "pu")
    token = lab.token(pod=Ref("p", "pu"))
    assert await lab.user(token)
    del lab.objects[Pod, "ns", "p"]
    with pytest.raises(Unauthorized):
        await lab.user(token)


async def test_who_uses_a_token_beyond_its_time_is_noted(lab):
    lab.put(Pod, "ns", "p", "pu")
    now = int(lab.clock.now().timestamp())
    token = lab.token(seconds=365 * 86400, pod=Ref("p", "pu"), warnafter=now + 3607)
    first, later = Credentials(token=token), Credentials(token=token)
    assert await lab.tokens.authenticate(first)
    lab.clock.advance(3610)
    assert await lab.tokens.authenticate(later)
    stale = "authentication.k8s.io/stale-token"
    assert stale not in first.annotations
    assert later.annotations[stale] == "subject: system:serviceaccount:ns:x, seconds after warning threshold: 3"


async def test_confused_audiences_a_token_is_judged_for_those_it_is_for(lab):
    token = lab.token(audience="https://vault")
    user, fitting = await lab.tokens.judge(token, ("https://vault", "https://other"))
    assert (user.name, fitting) == ("system:serviceaccount:ns:x", ("https://vault",))
    with pytest.raises(InvalidToken, match="audiences"):
        await lab.tokens.judge(token, (AUDIENCE,))
    with pytest.raises(Unauthorized):
        await lab.user(token)


@pytest.mark.parametrize(("ref", "cls"), [("pod", Pod), ("secret", Secret), ("node", Node)])
async def test_a_token_is_bound_to_what_it_names(lab, ref, cls):
    namespace = "" if ref == "node" else "ns"
    with pytest.raises(Unauthorized):
        await lab.user(lab.token(**{ref: Ref("o", "ou")}))
    lab.put(cls, namespace, "o", "another")
    with pytest.raises(Unauthorized):
        await lab.user(lab.token(**{ref: Ref("o", "ou")}))
    lab.put(cls, namespace, "o", "ou")
    assert await lab.user(lab.token(**{ref: Ref("o", "ou")}))


async def test_what_is_being_deleted_counts_for_a_little_longer(lab):
    lab.put(ServiceAccount, "ns", "x", "u", deletion_timestamp="2026-01-01T00:00:00Z")
    token = lab.token()
    assert await lab.user(token)
    lab.clock.advance(LEEWAY + REMEMBERED + 1)
    with pytest.raises(Unauthorized):
        await lab.user(token)


def test_an_account_without_a_pod_has_no_extra_of_one():
    claims = Claims("i", "s", ["a"], 1, 1, 1, Bound("ns", Ref("x", "u")))
    assert user_of(claims).extra == {}


def test_the_public_key_can_be_shown():
    shown = TokenKey(EC_KEY).public_jwk()
    assert (shown["kty"], shown["alg"], shown["use"]) == ("EC", "ES256", "sig")
    assert "d" not in shown


@pytest.mark.parametrize("text", [b"", b"-----BEGIN CERTIFICATE-----"])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(TokenKeyError):
        TokenKey(text)
