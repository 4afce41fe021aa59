"""ServiceAccount: every Namespace that is not being deleted has one called `default`."""

from collections.abc import Iterable

from podo.api.errors import AlreadyExists, APIError, is_terminating
from podo.api.types.core_v1 import Namespace, ServiceAccount
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.base import DONE, Outcome, Watch, itself

NAME = "default"


class ServiceAccountController:
    """Reads Namespace; creates ServiceAccounts."""

    name = "serviceaccount"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client = client
        self._namespaces, self._accounts = client.informer(Namespace), client.informer(ServiceAccount)
        self.watches = (Watch(Namespace, to=itself), Watch(ServiceAccount, to=_namespace_of, when=_goes))

    async def reconcile(self, key: Key) -> Outcome:
        namespace = self._namespaces.get(key)
        if namespace is None or namespace.metadata.deletion_timestamp or self._accounts.get(Key(key.name, NAME)):
            return DONE
        try:
            await self._client.create(ServiceAccount(metadata=ObjectMeta(namespace=key.name, name=NAME)))
        except AlreadyExists:
            pass
        except APIError as error:
            if not is_terminating(error):
                raise
        return DONE


def _goes(old: ServiceAccount | None, new: ServiceAccount | None) -> bool:
    return new is None


def _namespace_of(account: ServiceAccount) -> Iterable[Key]:
    return (Key("", account.metadata.namespace),) if account.metadata.name == NAME else ()
