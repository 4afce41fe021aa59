"""Pods that leave: no Service of any node, and no Ingress, leads to them any more before they get their SIGTERM."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from podo.api.errors import APIError
from podo.api.types.core_v1 import Pod
from podo.client.backoff import Backoff
from podo.clock import Clock
from podo.network.services.progress import Progress, keep_reporting

ROOT = "/podo/v1/network/"
LEAST_PAUSE, LONGEST_PAUSE = 0.1, 0.5  # seconds for requests that are under way when the Pod has been withdrawn
RETRY = Backoff(base=0.5, cap=10.0)
Fetch = Callable[[str, Mapping[str, str]], Awaitable[Mapping[str, Any]]]
"""GET of a path of the server's, with a query. Raises APIError."""
log = logging.getLogger(__name__)


class Serving(Protocol):
    """What is known of whom the node's own rules send connections to: see `ServiceProxy`."""

    progress: Progress

    async def withdrawn(self, address: str) -> None: ...

    def left_at(self, address: str) -> int: ...


class Withdrawal:
    """`proxy` is the node's own; what is in force elsewhere, `fetch` asks the server."""

    def __init__(self, proxy: Serving, fetch: Fetch, clock: Clock) -> None:
        self._proxy, self._fetch, self._clock = proxy, fetch, clock
        self._failures = 0

    async def drained(self, pod: Pod) -> None:
        """Return once nothing leads to the Pod any more, on any node, and what was under way has had a moment to end.

        No limit here: the server's is two seconds.
        """
        addresses = [each.ip for each in pod.status.pod_ips]
        for address in addresses:
            await self._proxy.withdrawn(address)
        revision = max(map(self._proxy.left_at, addresses), default=0)
        if not revision:
            return
        began = self._clock.monotonic()
        try:
            answer = await self._fetch(f"{ROOT}in-force", {"revision": str(revision)})
        except APIError as error:
            log.info("how far other nodes are is not known: %s", error)
        else:
            if late := answer.get("late"):
                log.warning("%s/%s leaves, though %s may lead to it yet", *_name(pod), ", ".join(late))
        took = self._clock.monotonic() - began  # where that takes long, so do the requests
        await self._clock.sleep(min(max(took, LEAST_PAUSE), LONGEST_PAUSE))

    async def report(self) -> None:
        """Tell the server what is in force on this node, until cancelled."""
        await keep_reporting(self._proxy.progress, self._follow)

    async def _follow(self, revision: int) -> int:
        try:
            answer = await self._fetch(f"{ROOT}progress", {"reached": str(revision)})
        except APIError as error:
            self._failures += 1
            log.info("the server does not ask what is in force here: %s", error)
            await self._clock.sleep(RETRY.delay(self._failures))
            return 0
        self._failures = 0
        return int(answer["wanted"])


def _name(pod: Pod) -> tuple[str, str]:
    return pod.metadata.namespace, pod.metadata.name
