"""Fill Secrets of type kubernetes.io/service-account-token with a token, and delete those whose account is gone."""

import base64
from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple

import msgspec

from podo.api.errors import Conflict, NotFound
from podo.api.types.core_v1 import Secret, ServiceAccount
from podo.client.base import DeleteOptions, Key, find, key_of
from podo.client.informers import CachedClient
from podo.client.reflector import Scope
from podo.controllers.base import DONE, Outcome, Watch

TYPE = "kubernetes.io/service-account-token"
NAME, UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"
ISSUER, CLAIM, USER_PREFIX = "kubernetes/serviceaccount", "kubernetes.io/serviceaccount/", "system:serviceaccount:"
SECRETS = Scope(fields=f"type={TYPE}")
Sign = Callable[[bytes], str]
"""Makes a token of claims in JSON."""


class Place(NamedTuple):
    """A Secret, and the account that it is for."""

    secret: Key
    account: str


def places(secret: Secret) -> Iterable[Place]:
    """The key of a Secret."""
    return (Place(key_of(secret), secret.metadata.annotations.get(NAME, "")),)


def by_account(secret: Secret) -> Iterable[Hashable]:
    """Index keys: the account that a token is of."""
    return (Key(secret.metadata.namespace, secret.metadata.annotations.get(NAME, "")),)


class ServiceAccountTokens:
    """Reads ServiceAccount; writes Secrets of tokens, and takes lost ones out of the accounts' `secrets`."""

    name = "serviceaccount-token"

    def __init__(self, client: CachedClient, ca: str, sign: Sign) -> None:
        self._client, self._ca, self._sign = client, ca, sign
        self._secrets = client.informer(Secret, SECRETS)
        self._of_account = self._secrets.index(by_account)
        self.watches = (
            Watch(Secret, to=places, scope=SECRETS),
            Watch(ServiceAccount, to=self._tokens_of, when=lambda old, new: new is None),
        )

    def _tokens_of(self, account: ServiceAccount) -> Iterable[Place]:
        return [place for secret in self._of_account(key_of(account)) for place in places(secret)]

    async def reconcile(self, key: Place) -> Outcome:
        secret = self._secrets.get(key.secret)
        if not key.account or (secret is not None and secret.metadata.deletion_timestamp):
            return DONE
        account = await find(self._client, ServiceAccount, Key(key.secret.namespace, key.account))
        if secret is None:
            if account is not None:
                await self._forget(account, key.secret.name)
        elif account is None or not is_of(secret, account):
            await self._delete(secret)
        elif (filled := self._filled(secret, account)) != secret:
            await self._client.update(filled)
        return DONE

    async def _forget(self, account: ServiceAccount, name: str) -> None:
        left = tuple(ref for ref in account.secrets if ref.name != name)
        if left != account.secrets:
            await self._client.update(msgspec.structs.replace(account, secrets=left))

    async def _delete(self, secret: Secret) -> None:
        try:
            await self._client.delete(Secret, key_of(secret), DeleteOptions(uid=secret.metadata.uid))
        except (NotFound, Conflict):
            pass

    def _filled(self, secret: Secret, account: ServiceAccount) -> Secret:
        """The Secret as it should be."""
        meta, data = secret.metadata, dict(secret.data)
        wanted = {"ca.crt": self._ca}
        if not data.get("namespace"):
            wanted["namespace"] = meta.namespace
        if not data.get("token"):
            wanted["token"] = self._sign(msgspec.json.encode(claims(secret, account)))
        data |= {name: base64.b64encode(value.encode()).decode() for name, value in wanted.items()}
        annotations = meta.annotations | {NAME: account.metadata.name, UID: account.metadata.uid}
        meta = msgspec.structs.replace(meta, annotations=annotations)
        return msgspec.structs.replace(secret, metadata=meta, data=data)


def is_of(secret: Secret, account: ServiceAccount) -> bool:
    """Whether the Secret is for this very account, not for an earlier one of its name."""
    return secret.metadata.annotations.get(UID, "") in ("", account.metadata.uid)


def claims(secret: Secret, account: ServiceAccount) -> dict[str, str]:
    """What a token in a Secret says."""
    namespace, name = secret.metadata.namespace, account.metadata.name
    return {
        "iss": ISSUER,
        f"{CLAIM}namespace": namespace,
        f"{CLAIM}secret.name": secret.metadata.name,
        f"{CLAIM}service-account.name": name,
        f"{CLAIM}service-account.uid": account.metadata.uid,
        "sub": f"{USER_PREFIX}{namespace}:{name}",
    }
