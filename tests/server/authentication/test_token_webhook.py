"""Tokens that a web service knows."""

import msgspec
import pytest

from podo.api.errors import ServiceUnavailable, Unauthorized
from podo.client.transport import Answer
from podo.clock import VirtualClock
from podo.server.authentication.base import Credentials
from podo.server.authentication.token_webhook import TokenWebhook

OWN = ("https://cluster",)
JANE = {"authenticated": True, "user": {"username": "jane", "uid": "1", "groups": ["dev"], "extra": {"a": ["b"]}}}


class Service:
    """Knows tokens, while it is up."""

    def __init__(self, **known):
        self.known, self.asked, self.up = known, [], True

    async def send(self, request):
        if not self.up:
            raise ServiceUnavailable("down")
        review = msgspec.json.decode(request.body)
        self.asked.append(review)
        return Answer(200, msgspec.json.encode({"status": self.known.get(review["spec"]["token"], {})}))


class Lab:
    def __init__(self, **known):
        self.clock, self.service = VirtualClock(), Service(**known)
        self.webhook = TokenWebhook(self.service, self.clock, version="v1", seconds=120.0, audiences=OWN)

    async def user(self, token="t"):
        return await self.webhook.authenticate(Credentials(token=token))


async def test_the_service_says_whose_a_token_is():
    lab = Lab(t=JANE)
    user = await lab.user()
    assert (user.name, user.uid, user.groups, user.extra) == ("jane", "1", ("dev",), {"a": ("b",)})
    [review] = lab.service.asked
    assert (review["kind"], review["apiVersion"]) == ("TokenReview", "authentication.k8s.io/v1")
    assert review["spec"] == {"token": "t", "audiences": list(OWN)}


async def test_an_answer_is_remembered_for_a_while():
    lab = Lab(t=JANE)
    for _ in range(3):
        assert await lab.user()
        assert await lab.user("unknown") is None
    assert len(lab.service.asked) == 2
    lab.clock.advance(121)
    assert await lab.user()
    assert len(lab.service.asked) == 3


async def test_a_service_that_is_down_lets_nobody_in():
    lab = Lab(t=JANE)
    lab.service.up = False
    with pytest.raises(Unauthorized):
        await lab.user()
    lab.service.up = True
    assert await lab.user()


async def test_confused_audiences_a_token_for_others_is_nobodys():
    lab = Lab(mine=JANE | {"audiences": list(OWN)}, others=JANE | {"audiences": ["https://vault"]}, old=JANE)
    assert await lab.user("mine")
    assert await lab.user("others") is None
    assert (await lab.webhook.judge("old", ("https://vault",)))[1] == OWN


async def test_without_a_token_the_service_is_not_asked():
    lab = Lab()
    assert await lab.user("") is None
    assert lab.service.asked == []
