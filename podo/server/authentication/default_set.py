"""The authenticators of a server, in the order in which they are asked."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from podo.api.errors import APIError
from podo.api.types.core_v1 import Secret
from podo.client.base import MERGE_PATCH, Patch, key_of
from podo.server.admission.lookup import CachedLookup
from podo.server.authentication.base import Authenticator
from podo.server.authentication.bootstrap_token import BootstrapTokens
from podo.server.authentication.certificate import CertificateAuthenticator
from podo.server.authentication.configuration import EVERYWHERE, Anonymous
from podo.server.authentication.front_proxy import FrontProxies, FrontProxyAuthenticator
from podo.server.authentication.legacy_token import LegacyTokens
from podo.server.authentication.reviews import SelfReviews, TokenReviews
from podo.server.authentication.service_account import Issuer, ServiceAccountTokens
from podo.server.authentication.token_file import StaticTokens
from podo.server.authentication.union import Union
from podo.server.context import User
from podo.server.core import Core

log = logging.getLogger(__name__)
GROUP = "authentication.k8s.io"


@dataclass(frozen=True)
class Authentication:
    """Who asks: all authenticators as one, and those of them that know tokens."""

    identify: Union
    tokens: tuple[Authenticator, ...]


def default_authentication(
    core: Core,
    issuer: Issuer | None,
    static: Mapping[str, User],
    others: Sequence[Authenticator] = (),
    anonymous: Anonymous = EVERYWHERE,
    proxies: FrontProxies | None = None,
) -> Authentication:
    """Front proxies, certificates, tokens: of a file, (with an issuer) of accounts, bootstrap; then `others`."""
    find = CachedLookup(core.cache, core.catalog).held
    tokens: list[Authenticator] = [StaticTokens(static)] if static else []
    if issuer is not None:
        tokens.append(ServiceAccountTokens(issuer, find, core.clock))
        tokens.append(LegacyTokens(issuer.key, find, core.clock, _Labels(core).set, issuer.audiences))
    tokens += [BootstrapTokens(find, core.clock), *others]
    first: list[Authenticator] = [FrontProxyAuthenticator(proxies)] if proxies is not None else []
    everyone = Union([*first, CertificateAuthenticator(), *tokens], anonymous=anonymous)
    return Authentication(everyone, tuple(tokens))


def install_authentication(core: Core, authentication: Authentication, audiences: tuple[str, ...]) -> None:
    """Answer reviews. `audiences` are the API's own."""
    reviews = TokenReviews(authentication.tokens, audiences)
    core.operations.install({}, {(GROUP, "selfsubjectreviews"): SelfReviews(), (GROUP, "tokenreviews"): reviews})


class _Labels:
    """Sets labels of Secrets."""

    def __init__(self, core: Core) -> None:
        self._client = core.client(manager="kube-apiserver")

    async def set(self, secret: Secret, name: str, value: str) -> None:
        """Best effort: a Secret that changes or goes meanwhile keeps or takes its labels with it."""
        body = {"metadata": {"uid": secret.metadata.uid, "labels": {name: value}}}
        try:
            await self._client.patch(Secret, key_of(secret), Patch(media_type=MERGE_PATCH, body=body))
        except APIError as error:
            log.warning("cannot label secret %s: %s", key_of(secret), error)
