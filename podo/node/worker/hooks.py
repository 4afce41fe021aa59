"""Lifecycle hooks: exec, HTTP GET, TCP, sleep."""

from podo.api.types.core_v1 import LifecycleHandler
from podo.clock import Clock
from podo.node.probes.checks import CheckFailed, NodeChecks, Target

FOREVER = 365 * 24 * 3600.0


async def run_hook(handler: LifecycleHandler, target: Target, checks: NodeChecks, clock: Clock) -> None:
    """Run a hook to its end; the caller limits its time. Raises CheckFailed."""
    if handler.sleep:
        await clock.sleep(float(handler.sleep.seconds or 0))
    elif handler.exec:
        try:
            await checks.execute(handler.exec, target, 0)
        except CheckFailed as failure:
            command = " ".join(handler.exec.command)
            raise CheckFailed(f"command '{command}' failed: {failure}") from failure
    elif handler.http_get:
        await checks.http(handler.http_get, target, FOREVER)
    elif handler.tcp_socket:
        await checks.tcp(handler.tcp_socket, target, FOREVER)
