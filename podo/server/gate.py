"""What every request passes on its way in, as the server's options describe it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from podo.server.audit.configured import auditing
from podo.server.audit.trail import Auditor
from podo.server.authentication.configuration import configuration
from podo.server.authentication.default_set import Authentication, default_authentication, install_authentication
from podo.server.authentication.external import external
from podo.server.authentication.front_proxy import FrontProxies, front_proxies
from podo.server.authentication.service_account import Issuer
from podo.server.context import User
from podo.server.core import Core
from podo.server.fairness.configured import Fairness
from podo.server.fairness.in_flight import InFlight
from podo.server.fairness.keeping import keeping_fair
from podo.server.http.deadlines import TIMEOUT
from podo.server.options import GuardOptions


@dataclass(frozen=True)
class Gate:
    """Who asks, is it recorded, is it their turn, and how many seconds may it take."""

    authentication: Authentication
    auditor: Auditor | None = None
    fairness: Fairness | None = None
    in_flight: InFlight | None = None
    proxies: FrontProxies | None = None
    timeout: float = TIMEOUT


@asynccontextmanager
async def gate(
    core: Core, options: GuardOptions, issuer: Issuer | None, static: Mapping[str, User], audiences: tuple[str, ...]
) -> AsyncIterator[Gate]:
    """The gate, until left. `static` are users by their tokens, `audiences` the API's own. Raises OptionError."""
    async with AsyncExitStack() as stack:
        providers, anonymous = configuration(options)
        others = await stack.enter_async_context(external(options, providers, core.clock, audiences))
        proxies = front_proxies(options)
        authentication = default_authentication(core, issuer, static, others, anonymous, proxies)
        install_authentication(core, authentication, audiences)
        auditor = await stack.enter_async_context(auditing(options, core.clock))
        core.recorder.auditor = auditor
        stack.callback(setattr, core.recorder, "auditor", None)
        fairness = await stack.enter_async_context(keeping_fair(core, options))
        yield Gate(authentication, auditor, fairness, in_flight_of(options), proxies, options.request_timeout)


def in_flight_of(options: GuardOptions) -> InFlight | None:
    """What limits requests where fairness does not; None: nothing does."""
    limits = options.max_requests_inflight, options.max_mutating_requests_inflight
    return InFlight(*limits) if any(limits) and not options.enable_priority_and_fairness else None
