"""Tokens of identity providers."""

import msgspec
import pytest

from podo.api.errors import Unauthorized
from podo.clock import VirtualClock
from podo.server.authentication.base import Credentials, InvalidToken
from podo.server.authentication.provider import Provider
from podo.server.authentication.provider_keys import PAUSE
from podo.server.authentication.provider_rules import Rules
from podo.server.options import OptionError

from .provider_world import World, config

NAMES = {"username": {"claim": "sub", "prefix": ""}}


class Lab:
    """A provider that is believed."""

    def __init__(self, **more):
        self.clock, self.world = VirtualClock(), World()
        self.provider = Provider(config(**more), self.world.fetch, self.clock, ("https://cluster",))

    def token(self, **more):
        return self.world.token(self.clock.now().timestamp(), **more)

    async def user(self, token=None, **claims):
        return await self.provider.authenticate(Credentials(token=token or self.token(**claims)))


@pytest.fixture
def lab():
    return Lab()


async def test_a_token_names_its_user_with_the_prefix_that_keeps_providers_apart(lab):
    assert (await lab.user()).name == "idp:jane"


async def test_groups_come_from_a_claim_with_a_prefix():
    lab = Lab(claimMappings=NAMES | {"groups": {"claim": "groups", "prefix": "g:"}})
    assert (await lab.user(groups=["a", "b"])).groups == ("g:a", "g:b")
    assert (await lab.user(groups="a")).groups == ("g:a",)
    assert (await lab.user()).groups == ()


async def test_users_come_from_expressions():
    mappings = {
        "username": {"expression": "claims.email.split('@')[0] + ':' + claims.sub"},
        "groups": {"expression": "claims.roles.filter(r, r.startsWith('k8s-'))"},
        "uid": {"expression": "claims.sub"},
        "extra": [{"key": "example.com/tenant", "valueExpression": "claims.tenant"}],
    }
    lab = Lab(claimMappings=mappings)
    user = await lab.user(email="jane@example.com", roles=["k8s-dev", "other"], tenant="t1")
    assert (user.name, user.uid, user.groups) == ("jane:jane", "jane", ("k8s-dev",))
    assert user.extra == {"example.com/tenant": ("t1",)}


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"exp": None},
        {"exp": "later"},
        {"nbf": 4_000_000_000},
        {"aud": "other"},
        {"aud": ["other", "another"]},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 5},
    ],
)
async def test_a_token_that_is_not_good_is_refused(lab, claims):
    with pytest.raises(Unauthorized):
        await lab.user(**claims)


async def test_confused_audiences_one_of_the_wanted_ones_is_enough_and_no_other(lab):
    assert await lab.user(aud=["other", "kubernetes"])
    user, fitting = await lab.provider.judge(lab.token(), ("https://cluster", "https://vault"))
    assert (user.name, fitting) == ("idp:jane", ("https://cluster",))
    with pytest.raises(InvalidToken):
        await lab.provider.judge(lab.token(), ("https://vault",))


async def test_tokens_of_others_are_for_others_to_judge(lab):
    assert await lab.user(iss="https://other") is None
    assert await lab.user("abcdef.0123456789abcdef") is None
    assert await lab.user("a.b.c") is None
    assert lab.world.fetched == []


async def test_a_token_that_another_key_has_signed_is_refused(lab):
    with pytest.raises(Unauthorized):
        await lab.user(key=World().key)


async def test_a_public_key_is_not_taken_for_a_shared_secret(lab):
    from joserfc import jwk

    shared = jwk.OctKey.import_key(msgspec.json.encode(lab.world.key.as_dict(private=False)))
    with pytest.raises(Unauthorized):
        await lab.user(header={"alg": "HS256"}, key=shared)
    unsigned = ".".join([*lab.token().split(".")[:2], ""])
    with pytest.raises(Unauthorized):
        await lab.user(unsigned)


async def test_a_new_key_is_fetched_when_a_token_names_it_but_not_again_and_again(lab):
    assert await lab.user()
    lab.world.rotate("two")
    with pytest.raises(Unauthorized):
        await lab.user()
    fetched = len(lab.world.fetched)
    with pytest.raises(Unauthorized):
        await lab.user()
    assert len(lab.world.fetched) == fetched
    lab.clock.advance(PAUSE + 1)
    assert await lab.user()


async def test_a_provider_that_is_down_is_asked_again_later(lab):
    lab.world.up = False
    with pytest.raises(Unauthorized):
        await lab.user()
    lab.world.up = True
    lab.clock.advance(PAUSE + 1)
    assert await lab.user()


async def test_a_provider_that_says_it_is_another_is_not_believed():
    lab = Lab(issuer={"url": "https://alias.example.com", "audiences": ["kubernetes"],
                      "discoveryURL": "https://idp.example.com/.well-known/openid-configuration"})  # fmt: skip
    with pytest.raises(Unauthorized):
        await lab.user(iss="https://alias.example.com")


async def test_a_remembered_token_expires_all_the_same(lab):
    token = lab.token(exp=int(lab.clock.now().timestamp()) + 5)
    assert await lab.user(token)
    lab.clock.advance(6)
    with pytest.raises(Unauthorized):
        await lab.user(token)


@pytest.mark.parametrize(
    ("rule", "claims", "good"),
    [
        ({"claim": "hd", "requiredValue": "example.com"}, {"hd": "example.com"}, True),
        ({"claim": "hd", "requiredValue": "example.com"}, {}, False),
        ({"expression": "claims.exp - claims.iat <= 3600"}, {"exp": 4000, "iat": 1000}, True),
        ({"expression": "claims.exp - claims.iat <= 3600", "message": "too long"}, {"exp": 9000, "iat": 1000}, False),
        ({"expression": "claims.missing == 'x'"}, {}, False),
    ],
)
def test_claims_must_fulfil_the_rules(rule, claims, good):
    rules = Rules(config(claimValidationRules=[rule]))
    if good:
        assert rules.user({"sub": "jane"} | claims).name == "idp:jane"
    else:
        with pytest.raises(InvalidToken, match=rule.get("message", ".")):
            rules.user({"sub": "jane"} | claims)


def test_privilege_escalation_a_provider_can_be_kept_from_naming_users_of_the_system():
    rule = {"expression": "!user.username.startsWith('system:')", "message": "reserved"}
    rules = Rules(config(claimMappings=NAMES, userValidationRules=[rule]))
    assert rules.user({"sub": "jane"}).name == "jane"
    with pytest.raises(InvalidToken, match="reserved"):
        rules.user({"sub": "system:admin"})


def test_an_address_that_is_not_verified_names_nobody():
    rules = Rules(config(claimMappings={"username": {"claim": "email", "prefix": ""}}))
    assert rules.user({"email": "a@b"}).name == "a@b"
    assert rules.user({"email": "a@b", "email_verified": True}).name == "a@b"
    with pytest.raises(InvalidToken, match="not verified"):
        rules.user({"email": "a@b", "email_verified": False})


@pytest.mark.parametrize(
    "more",
    [
        {"claimMappings": {"username": {"expression": "claims."}}},
        {"claimValidationRules": [{"expression": "'yes'"}]},
        {"userValidationRules": [{"expression": "nobody.name == ''"}]},
    ],
)
def test_expressions_that_are_none_are_refused_at_the_start(more):
    with pytest.raises(OptionError):
        Rules(config(**more))
