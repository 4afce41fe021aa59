"""Tokens that accounts once got unasked, in Secrets: marked invalid when unused for a year, deleted a year later.

KEP-2799. A Secret that someone made for an account (that the account does not list) is left alone.
"""

from datetime import date, datetime, timedelta

from podo.api.errors import Conflict, NotFound
from podo.api.pod_references import needs
from podo.api.timestamps import parse
from podo.api.types.core_v1 import ConfigMap, Pod, Secret, ServiceAccount
from podo.client.base import MERGE_PATCH, DeleteOptions, Key, Patch, find, key_of
from podo.client.informer import by_namespace
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.service_account_tokens import NAME, SECRETS, is_of

LAST_USED, INVALID_SINCE = "kubernetes.io/legacy-token-last-used", "kubernetes.io/legacy-token-invalid-since"
TRACKING = Key("kube-system", "kube-apiserver-legacy-service-account-token-tracking")
UNUSED, EVERY = timedelta(days=365), 24 * 3600.0


class LegacyTokenCleaner:
    """Reads Secret, ServiceAccount, Pod, and since when uses are recorded; labels and deletes Secrets."""

    name = "legacy-serviceaccount-token-cleaner"
    watches = (Watch(Secret, to=itself, scope=SECRETS),)

    def __init__(self, client: CachedClient, clock: Clock) -> None:
        self._client, self._clock, self._secrets = client, clock, client.informer(Secret, SECRETS)
        self._accounts, self._pods = client.informer(ServiceAccount), client.informer(Pod).index(by_namespace)

    async def reconcile(self, key: Key) -> Outcome:
        secret = self._secrets.get(key)
        if secret is None or secret.metadata.deletion_timestamp:
            return DONE
        now = self._clock.now()
        if is_unused(secret, now) and self._is_automatic(secret) and not self._is_mounted(key):
            since = await self._tracked_since()
            if since is not None and now.date() - UNUSED > since:
                await self._retire(secret, now.date())
        return Outcome(requeue_after=EVERY)

    def _is_automatic(self, secret: Secret) -> bool:
        meta = secret.metadata
        account = self._accounts.get(Key(meta.namespace, meta.annotations.get(NAME, "")))
        return account is not None and is_of(secret, account) and any(r.name == meta.name for r in account.secrets)

    def _is_mounted(self, key: Key) -> bool:
        return any(("secrets", *key) in needs(pod) for pod in self._pods(key.namespace))

    async def _tracked_since(self) -> date | None:
        config = await find(self._client, ConfigMap, TRACKING)
        return day(config.data.get("since", "")) if config is not None else None

    async def _retire(self, secret: Secret, today: date) -> None:
        since = day(secret.metadata.labels.get(INVALID_SINCE, ""))
        meta = secret.metadata
        try:
            if since is None:
                labels = {"metadata": {"uid": meta.uid, "labels": {INVALID_SINCE: today.isoformat()}}}
                await self._client.patch(Secret, key_of(secret), Patch(media_type=MERGE_PATCH, body=labels))
            elif since < today - UNUSED:
                options = DeleteOptions(resource_version=meta.resource_version)
                await self._client.delete(Secret, key_of(secret), options)
        except (NotFound, Conflict):
            pass  # somebody uses or deletes it: the next turn sees


def is_unused(secret: Secret, now: datetime) -> bool:
    """Whether a token is old, and has not been used for long."""
    if parse(secret.metadata.creation_timestamp) >= now - UNUSED:
        return False
    label = secret.metadata.labels.get(LAST_USED)
    if label is None:
        return True
    used = day(label)
    return used is not None and used < (now - UNUSED).date()


def day(text: str) -> date | None:
    """A date such as 2026-01-31; None for anything else."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
