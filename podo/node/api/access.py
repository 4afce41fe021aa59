"""Who may ask this node what: the cluster's API is asked, and its answers are kept for a short while."""

from collections.abc import Awaitable, Callable, Hashable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from podo.api.types.authentication_v1 import TokenReview, TokenReviewSpec
from podo.api.types.authorization_v1 import ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec
from podo.client.base import Client
from podo.clock import Clock
from podo.node.api.server import Caller, masters_only

KEPT = timedelta(seconds=10)
MOST = 256
"""Answers that are kept at most."""
VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
ACTIONS = frozenset({"exec", "attach", "portForward", "run"})
"""First segments of paths that change something also by GET, as WebSockets begin."""
BY_PATH = {
    "stats": ("stats",),
    "metrics": ("metrics",),
    "logs": ("log",),
    "pods": ("pods", "proxy"),
    "runningpods": ("pods", "proxy"),
    "configz": ("configz", "proxy"),
    "healthz": ("healthz", "proxy"),
}
"""The subresources of `nodes` that allow a path, by its first segment; any one of them does."""


def subresources_of(path: str) -> tuple[str, ...]:
    """What of the node a path is about."""
    return BY_PATH.get(_first(path), ("proxy",))


def verb_of(method: str, path: str) -> str:
    """What the request does: who may only read does not get a shell by a WebSocket."""
    return "create" if _first(path) in ACTIONS else VERBS.get(method, "get")


def _first(path: str) -> str:
    return unquote(path.strip("/").partition("/")[0])


class NodeAccess:
    """Reviews tokens and rights by the cluster's API."""

    def __init__(self, client: Client, node: str, clock: Clock) -> None:
        self._client, self._node, self._clock = client, node, clock
        self._known: dict[Hashable, tuple[Any, Any]] = {}  # question -> (when, answer)

    async def identify(self, token: str) -> Caller:
        """Who the token is of; nobody if it is none."""
        if not token:
            return Caller()
        found: Caller = await self._remembered(("token", token), lambda: self._review(token))
        return found

    async def allowed(self, caller: Caller, method: str, path: str) -> bool:
        """Whether they may."""
        if await masters_only(caller, method, path):
            return True
        verb = verb_of(method, path)
        for subresource in subresources_of(path):
            question = (caller, verb, subresource)
            if await self._remembered(question, lambda q=question: self._ask(*q)):  # type: ignore[misc]
                return True
        return False

    async def _review(self, token: str) -> Caller:
        found = (await self._client.create(TokenReview(spec=TokenReviewSpec(token=token)))).status
        if not found.authenticated or found.user is None:
            return Caller()
        return Caller(found.user.username, tuple(found.user.groups), found.user.uid)

    async def _ask(self, caller: Caller, verb: str, subresource: str) -> bool:
        what = ResourceAttributes(verb=verb, version="v1", resource="nodes", subresource=subresource, name=self._node)
        spec = SubjectAccessReviewSpec(user=caller.name, groups=caller.groups, uid=caller.uid, resource_attributes=what)
        return bool((await self._client.create(SubjectAccessReview(spec=spec))).status.allowed)

    async def _remembered(self, question: Hashable, ask: Callable[[], Awaitable[Any]]) -> Any:
        now = self._clock.now()
        if (known := self._known.get(question)) and now - known[0] < KEPT:
            return known[1]
        answer = await ask()
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[question] = now, answer
        return answer
