"""Sends a case's requests and compares what comes back."""

import asyncio
import itertools
import json
import re
from typing import Any

import aiohttp
import msgspec

from .cases import NO_NAMESPACE, OWN_NAMESPACE, SHARED_NAMESPACE, Case, Step, at, filled
from .condensing import CONDENSE
from .matching import difference

HEADERS: dict[str, str | None] = {
    "User-Agent": "golden/1.0",
    "Accept": "application/json",
    "Authorization": "Bearer tok",
}
WARNING = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')
EVENTS_WITHIN = 6.0
"""Seconds in which the events of a watch must come."""
LETTERS = "bcdfghjklmnpqrstvwxz"
Variables = dict[str, str]


class Mismatch(AssertionError):
    """An answer is another than it was."""


class Replayer:
    """Replays cases on a server, each in places of its own, so that several may be replayed at once."""

    def __init__(self, api: aiohttp.ClientSession) -> None:
        self._api = api
        self._numbers = itertools.count()
        self._shared: dict[str, asyncio.Task[str]] = {}
        self._namespace: asyncio.Task[str] | None = None

    def _token(self, prefix: str) -> str:
        number, letters = next(self._numbers), ""
        for _ in range(6):
            number, digit = divmod(number, len(LETTERS))
            letters += LETTERS[digit]
        return prefix + letters

    async def replay(self, case: Case) -> None:
        """Raises Mismatch where an answer differs."""
        variables = {"U": self._token("u"), "NS": ""}
        if case.namespace == SHARED_NAMESPACE or case.shared:
            if self._namespace is None:
                self._namespace = asyncio.create_task(self._new_namespace())
            variables["NS"] = await self._namespace
        if case.namespace in (NO_NAMESPACE, OWN_NAMESPACE):
            own = case.namespace == OWN_NAMESPACE
            shared, variables["NS"] = variables["NS"], await self._new_namespace() if own else ""
            await self._make_shared(case, variables, shared)
        else:
            await self._make_shared(case, variables, variables["NS"])
        await self._steps(case, variables)

    async def _new_namespace(self) -> str:
        name = self._token("g")
        await self._send("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        await self._send("POST", f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}})
        return name

    async def _make_shared(self, case: Case, variables: Variables, namespace: str) -> None:
        """What the case shares with others, made once."""
        if not case.shared:
            return
        key = repr(case.shared)
        if key not in self._shared:
            self._shared[key] = asyncio.create_task(self._make(case.shared, namespace))
        variables["F"] = await self._shared[key]

    async def _make(self, steps: list[Step], namespace: str) -> str:
        token = self._token("f")
        for step in steps:
            await self._request(step, {"NS": namespace, "U": token, "F": token})
        return token

    async def _send(self, method: str, path: str, body: Any) -> None:
        async with self._api.request(method, path, json=body, headers=_present({})) as response:
            if response.status >= 400:
                raise Mismatch(f"{method} {path}: {response.status} {await response.text()}")

    async def _steps(self, case: Case, variables: Variables) -> None:
        watches: dict[str, aiohttp.ClientResponse] = {}
        try:
            for number, step in enumerate(case.steps):
                try:
                    await self._step(step, variables, watches)
                except Mismatch as error:
                    raise Mismatch(f"{case.id}, step {number}, {error}") from None
        finally:
            for watch in watches.values():
                watch.close()

    async def _step(self, step: Step, variables: Variables, watches: dict[str, aiohttp.ClientResponse]) -> None:
        if step.collect:
            events = await collected(watches[step.collect], step.count)
            _compare("events", filled(step.answer.events, variables), events)
        elif step.watch:
            path, headers = filled(step.path, variables), filled(step.headers, variables)
            watches[step.watch] = await self._api.get(path, headers=_present(headers))
            _compare("status", step.answer.status, watches[step.watch].status)
        else:
            await self._request(step, variables)

    async def _request(self, step: Step, variables: Variables) -> None:
        """Send one request, again until what it waits for is there."""
        data = None
        if step.text is not None:
            data = filled(step.text, variables).encode()
        elif step.body is not msgspec.UNSET:
            data = json.dumps(filled(step.body, variables)).replace("@BIG@", "x" * step.filler).encode()
        headers: dict[str, str | None] = {"Content-Type": step.media_type} if data is not None else {}
        path = filled(step.path, variables).replace(" ", "%20")
        for _ in range(100):
            request = self._api.request(
                step.method, path, data=data, headers=_present(headers | filled(step.headers, variables))
            )
            async with request as response:
                text = await response.text(errors="replace")
            if _reached(step.until, response.status, text, variables):
                break
            await asyncio.sleep(0.02)
        for variable, place in step.capture.items():
            variables[variable] = str(at(json.loads(text), place))
        _check(step, response, text, variables)


def _present(headers: dict[str, str | None]) -> dict[str, str]:
    """All headers of a request: the usual ones, and those of a step, of which null takes one away."""
    return {name: value for name, value in (HEADERS | headers).items() if value is not None}


def _reached(until: dict[str, Any], status: int, text: str, variables: Variables) -> bool:
    if "s" in until and status != until["s"]:
        return False
    if "has" in until and filled(until["has"], variables) not in text:
        return False
    if "path" in until:
        return bool(at(json.loads(text), until["path"]) == filled(until["eq"], variables))
    return True


async def collected(watch: aiohttp.ClientResponse, count: int) -> list[Any]:
    """The next events of a watch, without bookmarks of progress."""
    events: list[Any] = []
    try:
        async with asyncio.timeout(EVENTS_WITHIN):
            while len(events) < count and (line := await watch.content.readline()):
                event = json.loads(line)
                marked = at(event, 'object.metadata.annotations["k8s.io/initial-events-end"]')
                if event["type"] != "BOOKMARK" or marked:
                    events.append(event)
    except TimeoutError:
        pass
    return events


def _check(step: Step, response: aiohttp.ClientResponse, text: str, variables: Variables) -> None:
    want = step.answer
    _compare("status", want.status, response.status, text)
    if want.media_type is not None:
        _compare("media type", want.media_type, response.headers.get("Content-Type", "").partition(";")[0].strip())
        given = [found for value in response.headers.getall("Warning", ()) for found in WARNING.findall(value)]
        _compare("warnings", filled(want.warnings, variables), [_unquoted(text) for text in given])
    if want.body is not msgspec.UNSET:
        try:
            body = json.loads(text)
        except ValueError:
            body = text
        for name in step.condense:
            body = CONDENSE[name](body)
        if step.only is not None:
            body = {path: at(body, path) for path in step.only}
        _compare("body", filled(want.body, variables), body)


def _unquoted(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\")


def _compare(what: str, want: Any, got: Any, hint: str = "") -> None:
    if found := difference(want, got):
        raise Mismatch(f"{what}{found} {hint[:300]}")
