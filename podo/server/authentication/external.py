"""Authenticators that ask others: identity providers, and a web service that knows tokens."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from podo.clock import Clock
from podo.server.authentication.base import Authenticator
from podo.server.authentication.configuration import JWT
from podo.server.options import GuardOptions, OptionError


@asynccontextmanager
async def external(
    options: GuardOptions, providers: Sequence[JWT], clock: Clock, audiences: tuple[str, ...]
) -> AsyncIterator[list[Authenticator]]:
    """The authenticators, whose connections are open until left. Raises OptionError."""
    async with AsyncExitStack() as stack:
        found: list[Authenticator] = []
        for config in providers:
            from podo.server.authentication.provider import Provider
            from podo.server.authentication.provider_keys import HTTPSFetch

            fetch = HTTPSFetch(config.issuer.certificate_authority)
            stack.push_async_callback(fetch.close)
            found.append(Provider(config, fetch, clock, audiences))
        if options.authentication_token_webhook_config_file:
            from podo.client import kubeconfig
            from podo.client.transport import Transport
            from podo.server.authentication.token_webhook import TokenWebhook

            try:
                credentials = kubeconfig.load(Path(options.authentication_token_webhook_config_file))
            except kubeconfig.KubeconfigError as error:
                raise OptionError(str(error)) from error
            transport = Transport(credentials, agent="podo")
            stack.push_async_callback(transport.close)
            webhook = TokenWebhook(
                transport,
                clock,
                version=options.authentication_token_webhook_version,
                seconds=options.authentication_token_webhook_cache_ttl,
                audiences=audiences,
            )
            found.append(webhook)
        yield found
