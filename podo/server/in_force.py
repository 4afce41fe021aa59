"""Which changes of EndpointSlices are in force on every node: what a Pod that leaves waits for before its SIGTERM.

Each data plane (of nodes, of the host, of the Ingress proxy) is a member: it tells what is in force with it, and hears
what others wait for. So there is one question at a time to each member, however many Pods leave. Nothing of it is
stored. With several servers on one store, each knows the members that ask it.

- `GET /podo/v1/network/progress?reached=REVISION`, for nodes: what is in force there. `{"wanted": REVISION}` comes as
  soon as somebody waits for more, or after 20 s.
- `GET /podo/v1/network/in-force?revision=REVISION`, for all who may: answers once all members are there, or after
  `seconds` (2 unless told, 60 at most), with those that are late: `{"revision": REVISION, "late": ["node-2"]}`.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from podo.api.errors import BadRequest, Forbidden
from podo.clock import Clock
from podo.server.answer import Answer, json_answer
from podo.server.http.handler import PathHandler, PathRequest
from podo.server.http.paths import only_get
from podo.server.metrics import LONG_PATHS

POLL_SECONDS, GONE_SECONDS = 20.0, 3.0
WAIT_SECONDS, LONGEST_WAIT = 2.0, 60.0
NODE_PREFIX = "system:node:"


@dataclass
class _Member:
    reached: int = 0
    asks: int = 0  # questions that it waits with for our answer
    seen: float = 0.0  # when it last got one


class InForce:
    """The members, and who waits for them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._members: dict[str, _Member] = {}
        self._wanted = 0
        self._moved = asyncio.Event()

    async def follow(self, name: str, reached: int, seconds: float = POLL_SECONDS) -> int:
        """The member `name` has all changes up to `reached` in force.

        Returns which revision is waited for, once that is more, or after `seconds`.
        """
        member = self._members.setdefault(name, _Member())
        member.reached = reached  # also if it is less than before: it has begun anew
        member.asks += 1
        self._move()
        try:
            await self._until(lambda: self._wanted > reached, seconds)
        finally:
            member.asks -= 1
            member.seen = self._clock.monotonic()
        return self._wanted

    async def reached(self, revision: int, seconds: float) -> list[str]:
        """Return once every member has reached `revision`, or after `seconds`; the names of those that have not.

        A member that has not been heard of for some seconds is none any more.
        """
        if revision > self._wanted:
            self._wanted = revision
            self._move()
        await self._until(lambda: not self._late(revision), seconds)
        return self._late(revision)

    def _late(self, revision: int) -> list[str]:
        now = self._clock.monotonic()
        for name in [n for n, each in self._members.items() if not each.asks and now - each.seen > GONE_SECONDS]:
            del self._members[name]
        return sorted(name for name, each in self._members.items() if each.reached < revision)

    def _move(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def _until(self, met: Callable[[], bool], seconds: float) -> None:
        limit = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            while not met() and not limit.done():
                moved = asyncio.ensure_future(self._moved.wait())
                await asyncio.wait((moved, limit), return_when=asyncio.FIRST_COMPLETED)
                moved.cancel()
        finally:
            limit.cancel()

    def paths(self) -> dict[str, PathHandler]:
        """The handlers of both paths."""
        return {f"{LONG_PATHS}progress": only_get(self._progress), f"{LONG_PATHS}in-force": only_get(self._in_force)}

    async def _progress(self, request: PathRequest) -> Answer:
        name = request.user.name
        if not name.startswith(NODE_PREFIX):
            raise Forbidden(f"{name!r} is no node: only nodes report what is in force with them")
        wanted = await self.follow(name.removeprefix(NODE_PREFIX), _number(request.query, "reached", 0))
        return json_answer({"wanted": wanted})

    async def _in_force(self, request: PathRequest) -> Answer:
        revision = _number(request.query, "revision", 0)
        seconds = min(float(_number(request.query, "seconds", int(WAIT_SECONDS))), LONGEST_WAIT)
        return json_answer({"revision": revision, "late": await self.reached(revision, seconds)})


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        raise BadRequest(f"invalid {name} {text!r}: it must be a number from 0 on")
    return int(text)
