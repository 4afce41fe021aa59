"""How long requests may take, and how many may be at it at once, over HTTP."""

import asyncio
import json
from contextlib import asynccontextmanager

import aiohttp
import pytest

from podo.api.errors import BadRequest
from podo.clock import SystemClock
from podo.server.app import ServerConfig, serving
from podo.server.context import User
from podo.server.fairness.in_flight import InFlight
from podo.server.fairness.level import Rejected
from podo.server.http.deadlines import time_limit
from podo.server.http.request_info import request_info
from podo.server.options import GuardOptions

MAPS = "/api/v1/namespaces/default/configmaps"
GET, WRITE = request_info("GET", f"{MAPS}/a"), request_info("POST", MAPS)
ANN, ROOT = User("ann"), User("root", groups=("system:masters",))
TIMEOUT = "Timeout: request did not complete within the allotted timeout"


@asynccontextmanager
async def server(tmp_path, **options):
    tokens = tmp_path / "tokens.csv"
    tokens.write_text('secret,admin,1,"system:masters"\nannes,ann,2\n')
    guard = GuardOptions(enable_priority_and_fairness=False, **options)
    config = ServerConfig(port=0, token_file=tokens, service_cidr="10.0.0.0/24", guard=guard)
    async with serving(config, SystemClock()) as found, aiohttp.ClientSession(f"http://127.0.0.1:{found.port}") as http:
        yield http


def by(token="secret"):
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


class Endless:
    """A body of which only the beginning comes; `begun` once the server has room for more."""

    def __init__(self):
        self.begun, self.enough = asyncio.Event(), asyncio.Event()

    async def __call__(self):
        yield b"{"
        self.begun.set()
        await self.enough.wait()
        yield b"}"


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("", 60.0),
        ("10s", 10.0),
        ("1m0.5s", 60.0),
        ("1.5s", 1.5),
        ("0s", 60.0),
        ("0", 60.0),
        ("-3s", 60.0),
        ("2h", 60.0),
    ],
)
def test_a_request_takes_as_long_as_it_asks_for_and_no_longer_than_the_server_allows(asked, seconds):
    assert time_limit(GET, {"timeout": asked}, 60.0) == seconds


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("invalid", 'time: invalid duration "invalid"'),
        ("5", 'time: missing unit in duration "5"'),
        ("5d", 'time: unknown unit "d" in duration "5d"'),
    ],
)
def test_a_timeout_that_is_none_is_refused_in_words(asked, why):
    with pytest.raises(BadRequest, match=r"^invalid timeout specified in the request URL - ") as caught:
        time_limit(GET, {"timeout": asked}, 60.0)
    assert str(caught.value).endswith(why)


@pytest.mark.parametrize("below", ["log", "exec", "attach", "portforward", "proxy"])
def test_what_takes_as_long_as_clients_like_has_no_limit(below):
    assert time_limit(request_info("GET", f"/api/v1/namespaces/a/pods/b/{below}"), {"timeout": "x"}, 60.0) is None
    assert time_limit(GET._replace(verb="watch"), {"timeout": "1s"}, 60.0) is None


async def test_a_request_that_does_not_come_to_its_end_is_answered_with_504(tmp_path):
    body = Endless()
    async with server(tmp_path) as http:
        async with http.post(f"{MAPS}?timeout=200ms", data=body(), headers=by()) as answer:
            assert answer.status == 504
            found = json.loads(await answer.text())
        assert found == {
            "metadata": {}, "status": "Failure", "message": TIMEOUT, "reason": "Timeout", "details": {}, "code": 504,
        }  # fmt: skip
        async with http.get("/metrics", headers=by()) as answer:
            lines = [line for line in (await answer.text()).splitlines() if line.startswith("apiserver_request_term")]
    assert len(lines) == 1
    assert 'code="504"' in lines[0]
    assert lines[0].endswith(" 1")


async def test_the_server_says_how_long_any_request_may_take(tmp_path):
    async with (
        server(tmp_path, request_timeout=0.2) as http,
        http.post(f"{MAPS}?timeout=1h", data=Endless()(), headers=by()) as answer,
    ):
        assert answer.status == 504


async def test_a_timeout_that_is_none_is_refused_before_anybody_is_asked_who_they_are(tmp_path):
    async with server(tmp_path) as http, http.get(f"{MAPS}?timeout=never", headers=by("nobody's")) as answer:
        assert answer.status == 400
        found = await answer.json()
    assert found["message"] == 'invalid timeout specified in the request URL - time: invalid duration "never"'


async def test_one_more_write_than_may_be_at_it_is_sent_away_but_reads_and_masters_are_not(tmp_path):
    body = Endless()
    async with server(tmp_path, max_requests_inflight=1, max_mutating_requests_inflight=1) as http:
        async with asyncio.TaskGroup() as tasks:
            slow = tasks.create_task(http.post(MAPS, data=body(), headers=by()))
            await body.begun.wait()
            while (refused := await http.post(MAPS, json={}, headers=by("annes"))).status == 403:
                refused.close()  # the slow one has not been seen yet
            assert refused.status == 429
            assert refused.headers["Retry-After"] == "1"
            assert await refused.text() == "Too many requests, please try again later.\n"
            assert (await http.get(MAPS, headers=by("annes"))).status == 403
            assert (await http.post(MAPS, json={"metadata": {"name": "m"}}, headers=by())).status == 201
            body.enough.set()
        assert slow.result().status == 422
        assert (await http.post(MAPS, json={}, headers=by("annes"))).status == 403


def test_reads_and_writes_are_counted_apart():
    places = InFlight(1, 1)
    with places.place(ANN, GET), places.place(ANN, WRITE):
        for info in (GET, WRITE):
            with pytest.raises(Rejected), places.place(ANN, info):
                pass
        with places.place(ROOT, GET), places.place(ANN, GET._replace(verb="watch")):
            pass


def test_zero_is_no_limit():
    places = InFlight(0, 1)
    with places.place(ANN, GET), places.place(ANN, GET), places.place(ANN, WRITE):
        pass
