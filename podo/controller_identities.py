"""Controllers as who they are: each gets a client and an event writer of its own account, and no other rights.

What all of them see in informers is read once for the whole process, as kube-controller-manager.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from podo.controllers.accounts import ACCOUNTS, CONTROLLER_MANAGER, own_roles

if TYPE_CHECKING:
    from podo.client.base import Client
    from podo.client.events import EventWriter
    from podo.client.informers import CachedClient, Informers
    from podo.client.kubeconfig import Credentials
    from podo.clock import Clock
    from podo.scheduler.snapshot import Snapshot
    from podo.server.core import Core

C_co = TypeVar("C_co", covariant=True)
MANAGER = "kube-controller-manager"


class Made(Protocol[C_co]):
    """The class of a controller."""

    name: str

    def __call__(self, *given: Any) -> C_co: ...


class Identities:
    """Makes controllers with what is theirs alone."""

    def __init__(self, core: "Core", informers: "Informers", clock: "Clock", events: "EventWriter") -> None:
        self._core, self._informers, self.clock, self._events = core, informers, clock, events

    def client(self, controller: str) -> "CachedClient":
        """The client of a controller, by its name."""
        from podo.client.informers import CachedClient

        return CachedClient(self._plain(controller), self._informers, self.clock)

    def events(self, controller: str) -> "EventWriter":
        """The event writer of a controller, by its name."""
        return self._events.by(self._plain(controller))

    def usual(self, made: Made[C_co], *more: Any) -> C_co:
        """A controller that takes a client, the clock, an event writer, and `more`."""
        return made(self.client(made.name), self.clock, self.events(made.name), *more)

    def all_usual(self, classes: Iterable[Made[C_co]]) -> list[C_co]:
        """Controllers that take no more than that."""
        return [self.usual(made) for made in classes]

    def _plain(self, controller: str) -> "Client":
        return account_client(self._core, ACCOUNTS[controller])


def account_client(core: "Core", name: str) -> "Client":
    """The client of an account of kube-system."""
    from podo.server.core import account, component

    user = component(MANAGER) if name == CONTROLLER_MANAGER else account(name)
    return core.client(user, manager=MANAGER)


class AccountAPI:
    """The API over HTTP as an account of kube-system, for what only HTTP reaches: other servers, and figures."""

    def __init__(self, manager: "Client", server: "Credentials", clock: "Clock", name: str) -> None:
        """`manager` may make the account and its tokens. `server` says where the API is, and shows no one."""
        from podo.client.account_tokens import AccountTokens
        from podo.client.http import HTTPClient

        self.tokens = AccountTokens(manager, clock, name)
        self.client: HTTPClient = HTTPClient(server, agent=f"{MANAGER}/{name}", clock=clock, token=self.tokens.token)

    async def fetch(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """GET of a path that answers with JSON. Raises APIError."""
        return await self.tokens.trying(lambda: self.client.fetch(path, query))


class AccountAPIs:
    """Opens them; all are closed with `stack`."""

    def __init__(self, core: "Core", server: "Credentials", clock: "Clock", stack: AsyncExitStack) -> None:
        self._core, self._server, self._clock, self._stack = core, server, clock, stack

    async def of(self, controller: str) -> AccountAPI:
        """That of a controller, by its name."""
        manager = account_client(self._core, CONTROLLER_MANAGER)
        api = AccountAPI(manager, self._server, self._clock, ACCOUNTS[controller])
        await self._stack.enter_async_context(api.client)
        return api


async def grant_accounts(core: "Core") -> None:
    """Create the roles of podo's own accounts where they are missing, and mend those that are there."""
    from podo.server.bootstrap.objects import ensure
    from podo.server.bootstrap.reconciling import reconcile

    old = [role for role in own_roles() if not await ensure(core, role)]
    await reconcile(core, old)


Make = Callable[[Identities, "Snapshot"], "list[Any]"]
"""Makes the controllers of a cluster; the snapshot is the scheduler's."""
