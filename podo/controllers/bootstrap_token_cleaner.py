"""Delete the Secrets of bootstrap tokens that have expired."""

from podo.api import bootstrap_tokens as tokens
from podo.api.errors import Conflict, NotFound
from podo.api.types.core_v1 import Secret
from podo.client.base import DeleteOptions, Key
from podo.client.informers import CachedClient
from podo.client.reflector import Scope
from podo.clock import Clock
from podo.controllers.base import DONE, Outcome, Watch, itself

TOKENS = Scope(namespace=tokens.NAMESPACE, fields=f"type={tokens.SECRET_TYPE}")


class BootstrapTokenCleaner:
    """Reads and deletes Secrets of kube-system."""

    name = "token-cleaner"
    watches = (Watch(Secret, to=itself, scope=TOKENS),)

    def __init__(self, client: CachedClient, clock: Clock) -> None:
        self._client, self._clock, self._secrets = client, clock, client.informer(Secret, TOKENS)

    async def reconcile(self, key: Key) -> Outcome:
        secret = self._secrets.get(key)
        expires = tokens.expiry(secret.data) if secret is not None else None
        if secret is None or expires is None:
            return DONE
        left = (expires - self._clock.now()).total_seconds()
        if left > 0:
            return Outcome(requeue_after=left)
        try:
            await self._client.delete(Secret, key, DeleteOptions(uid=secret.metadata.uid))
        except (NotFound, Conflict):
            pass
        return DONE
