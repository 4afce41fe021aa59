"""Parts that run beside the API and the controllers: one that fails begins anew, and does not take the others along."""

import logging
from collections.abc import Awaitable, Callable

from podo.client.backoff import Backoff
from podo.clock import Clock

AGAIN = Backoff(base=1.0, cap=60.0)
GOOD_SECONDS = 120.0  # after so long at work earlier failures no longer count
log = logging.getLogger(__name__)


async def kept_running(name: str, part: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Run `part` until cancelled, or until it returns; begin it anew, each time later, when it fails."""
    failures = 0
    while True:
        began = clock.monotonic()
        try:
            return await part()
        except Exception:
            failures = 1 if clock.monotonic() - began > GOOD_SECONDS else failures + 1
            log.exception("%s: failed; begins anew in %.0f s", name, AGAIN.delay(failures))
        await clock.sleep(AGAIN.delay(failures))
