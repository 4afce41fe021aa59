"""The audit log as the server's options describe it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from podo.client import kubeconfig
from podo.client.transport import Transport
from podo.clock import Clock
from podo.server.audit.log import LogFile, Rotation, StandardOutput
from podo.server.audit.policy import load_policy
from podo.server.audit.trail import Auditor, Backend
from podo.server.audit.webhook import Batching, Webhook
from podo.server.options import GuardOptions, OptionError


@asynccontextmanager
async def auditing(options: GuardOptions, clock: Clock) -> AsyncIterator[Auditor | None]:
    """The auditor, whose events go where they shall until left; None where nothing is to be recorded.

    Raises OptionError, OSError.
    """
    if not options.audit_policy_file or not (options.audit_log_path or options.audit_webhook_config_file):
        yield None
        return
    policy = load_policy(Path(options.audit_policy_file))
    backends: list[Backend] = []
    async with AsyncExitStack() as stack:
        if options.audit_log_path == "-":
            backends.append(StandardOutput())
        elif options.audit_log_path:
            rotation = Rotation(options.audit_log_maxsize, options.audit_log_maxbackup, options.audit_log_maxage)
            log = LogFile(Path(options.audit_log_path), rotation, clock)
            stack.callback(log.close)
            backends.append(log)
        if options.audit_webhook_config_file:
            backends.append(await stack.enter_async_context(_sending(options, clock)))
        yield Auditor(policy, backends, clock)


@asynccontextmanager
async def _sending(options: GuardOptions, clock: Clock) -> AsyncIterator[Webhook]:
    try:
        credentials = kubeconfig.load(Path(options.audit_webhook_config_file))
    except kubeconfig.KubeconfigError as error:
        raise OptionError(str(error)) from error
    transport = Transport(credentials, agent="podo-audit")
    batching = Batching(
        buffer=options.audit_webhook_batch_buffer_size,
        size=options.audit_webhook_batch_max_size,
        seconds=options.audit_webhook_batch_max_wait,
    )
    webhook = Webhook(transport, batching, clock)
    task = asyncio.create_task(webhook.run(), name="audit webhook")
    try:
        yield webhook
    finally:
        task.cancel()
        await asyncio.wait([task])
        await transport.close()
