"""Requests carried to another server: who asks, what comes back, and what is never let through."""

import asyncio

import pytest
from msgspec.structs import replace

from podo.api.types.apiregistration_v1 import APIServiceCondition, APIServiceStatus
from podo.server.aggregation.carrying import identity
from podo.server.context import User
from tests.server.aggregation.conftest import GROUP, VERSION, service

PATH = f"/apis/{GROUP}/{VERSION}"


def available(found, status="True"):
    condition = APIServiceCondition(type="Available", status=status)
    return replace(found, status=APIServiceStatus(conditions=(condition,)))


@pytest.fixture
def session(front, other):
    front.service = available(service(other))
    return front.session


async def test_the_other_server_hears_who_asks(session, other):
    async with session.get(f"{PATH}?a=b%20c") as answer:
        assert (answer.status, (await answer.json())["kind"]) == (200, "APIResourceList")
    (seen,) = other.seen
    assert seen.raw_path == f"{PATH}?a=b%20c"
    assert seen.headers.getall("X-Remote-User") == ["alice"]
    assert seen.headers.getall("X-Remote-Uid") == ["7"]
    assert seen.headers.getall("X-Remote-Group") == ["staff", "system:authenticated"]
    assert seen.headers.getall("X-Remote-Extra-scopes%2Fx%20y") == ["a", "b"]


async def test_header_smuggling_identities_and_credentials_are_taken_out(session, other):
    bad = {"X-Remote-User": "root", "x-remote-group": "system:masters", "X-Remote-Extra-Evil": "1", "X-REMOTE-UID": "0"}
    bad |= {"Authorization": "Bearer secret", "Connection": "X-Odd", "X-Odd": "1", "X-Kept": "1"}
    bad |= {"X_Remote_User": "root", "Impersonate-User": "root", "impersonate-extra-a": "b"}
    async with session.get(PATH, headers=bad):
        pass
    (seen,) = other.seen
    assert seen.headers.getall("X-Remote-User") == ["alice"]
    assert "system:masters" not in seen.headers.getall("X-Remote-Group")
    assert not {"X-Remote-Extra-Evil", "Authorization", "X-Odd", "X_Remote_User"} & set(seen.headers)
    assert not [name for name in seen.headers if name.lower().startswith("impersonate")]
    assert seen.headers["X-Remote-Uid"] == "7"
    assert seen.headers["X-Kept"] == "1"


async def test_bodies_are_carried(session, other):
    async with session.post(f"{PATH}/flunders", data=b"x" * 200_000, headers={"Content-Type": "application/json"}):
        pass
    assert other.bodies == [b"x" * 200_000]
    assert other.seen[0].headers["Content-Type"] == "application/json"


async def test_aggregated_api_redirects_are_refused(session, other):
    async with session.get(f"{PATH}/redirect", allow_redirects=False) as answer:
        assert answer.status == 502
        assert "redirect" in await answer.text()


async def test_a_watch_comes_as_it_happens(session):
    async with asyncio.timeout(2), session.get(f"{PATH}/watch") as answer:
        assert await answer.content.readline() == b'{"type":"ADDED"}\n'


async def test_an_upgrade_is_carried(session, other):
    async with session.ws_connect(f"{PATH}/socket") as socket:
        await socket.send_str("hello")
        assert (await socket.receive_str(timeout=2)) == "HELLO"
    assert other.seen[0].headers.getall("X-Remote-User") == ["alice"]


async def test_an_upgrade_that_is_refused_is_answered(session, other):
    other.status = 403
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
    async with session.get(f"{PATH}/x", headers=headers) as answer:
        assert (answer.status, await answer.text()) == (403, "no")


@pytest.mark.parametrize("status", ["False", "Unknown"])
async def test_what_is_not_available_is_not_asked(session, front, other, status):
    front.service = available(service(other), status)
    async with session.get(PATH) as answer:
        assert (answer.status, await answer.text()) == (503, "service unavailable\n")
    assert other.seen == []


async def test_a_service_that_is_gone_is_told(session, front, other):
    front.service = available(service(other, "gone"))
    async with session.get(PATH) as answer:
        assert (answer.status, await answer.text()) == (503, "service unavailable\n")


async def test_a_server_with_another_certificate_is_not_asked(session, front, other):
    front.service = available(service(other, ca_bundle=""))
    async with session.get(PATH) as answer:
        assert answer.status == 503
        assert "certificate signed by unknown authority" in await answer.text()
    assert other.seen == []


async def test_a_server_may_be_trusted_blindly(session, front, other):
    front.service = available(service(other, ca_bundle="", insecure_skip_tls_verify=True))
    async with session.get(PATH) as answer:
        assert answer.status == 200


def test_a_user_with_nothing_but_a_name():
    assert identity(User("bob")) == [("X-Remote-User", "bob")]
