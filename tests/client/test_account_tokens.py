"""Tokens of accounts, kept and renewed."""

from datetime import timedelta

import msgspec
import pytest

from podo.api.errors import AlreadyExists, NotFound, Unauthorized
from podo.api.timestamps import format_time
from podo.api.types.authentication_v1 import TokenRequest, TokenRequestStatus
from podo.api.types.core_v1 import ServiceAccount
from podo.client.account_tokens import AccountTokens
from podo.clock import VirtualClock


class Issuing:
    """A client that has accounts and gives tokens, each with a number."""

    def __init__(self, clock, *, there=True):
        self.clock, self.there, self.given = clock, there, 0

    async def create(self, obj, *, of=None, subresource=""):
        if isinstance(obj, ServiceAccount):
            if self.there:
                raise AlreadyExists("it is there")
            self.there = True
            return obj
        assert isinstance(obj, TokenRequest)
        assert (of.cls, subresource, obj.metadata.namespace) == (ServiceAccount, "token", "kube-system")
        if not self.there:
            raise NotFound("no such account")
        self.given += 1
        end = format_time(self.clock.now() + timedelta(seconds=obj.spec.expiration_seconds))
        status = TokenRequestStatus(token=f"t{self.given}", expiration_timestamp=end)
        return msgspec.structs.replace(obj, status=status)


@pytest.fixture
def clock():
    return VirtualClock()


async def test_a_token_serves_until_four_fifths_of_its_life(clock):
    tokens = AccountTokens(Issuing(clock), clock, "scaler")
    assert await tokens.token() == "t1"
    await clock.run_for(2870)
    assert await tokens.token() == "t1"
    await clock.run_for(20)
    assert await tokens.token() == "t2"


async def test_an_account_that_is_not_there_is_made(clock):
    client = Issuing(clock, there=False)
    assert await AccountTokens(client, clock, "scaler").token() == "t1"
    assert client.there


async def test_a_token_that_is_refused_is_replaced_once(clock):
    tokens, used = AccountTokens(Issuing(clock), clock, "scaler"), []

    async def ask():
        used.append(await tokens.token())
        if used[-1] != "t2":
            raise Unauthorized("who are you?")
        return "well"

    assert await tokens.trying(ask) == "well"
    assert used == ["t1", "t2"]


async def test_who_is_refused_with_a_new_token_too_hears_of_it(clock):
    tokens = AccountTokens(Issuing(clock), clock, "scaler")

    async def ask():
        await tokens.token()
        raise Unauthorized("who are you?")

    with pytest.raises(Unauthorized):
        await tokens.trying(ask)
