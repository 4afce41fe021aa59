"""Root CA: every Namespace that is not being deleted has a ConfigMap with the certificate that the API server shows.

Pods get it with their token (`/var/run/secrets/kubernetes.io/serviceaccount/ca.crt`).
"""

from collections.abc import Iterable

import msgspec

from podo.api.errors import APIError, is_terminating
from podo.api.types.core_v1 import ConfigMap, Namespace
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key
from podo.client.informers import CachedClient
from podo.client.reflector import Scope
from podo.controllers.base import DONE, Outcome, Watch, itself

NAME, FILE = "kube-root-ca.crt", "ca.crt"
OURS = Scope(fields=f"metadata.name={NAME}")  # of all the ConfigMaps of a cluster, only these are held
DESCRIPTION = {
    "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using "
    "internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed "
    "across distributions of Kubernetes clusters."
}


class RootCAController:
    """Reads Namespace and ConfigMap; writes ConfigMaps called kube-root-ca.crt, with `ca` (PEM)."""

    name = "root-ca-certificate-publisher"

    def __init__(self, client: CachedClient, ca: str) -> None:
        self._client, self._ca = client, ca
        self._namespaces, self._configs = client.informer(Namespace), client.informer(ConfigMap, OURS)
        self.watches = (Watch(Namespace, to=itself), Watch(ConfigMap, to=_namespace_of, scope=OURS))

    async def reconcile(self, key: Key) -> Outcome:
        namespace = self._namespaces.get(key)
        if namespace is None or namespace.metadata.deletion_timestamp:
            return DONE
        observed = self._configs.get(Key(key.name, NAME))
        desired = desired_config(key.name, self._ca, observed)
        if desired == observed:
            return DONE
        try:
            await (self._client.create(desired) if observed is None else self._client.update(desired))
        except APIError as error:
            if not is_terminating(error):
                raise
        return DONE


def desired_config(namespace: str, ca: str, observed: ConfigMap | None) -> ConfigMap:
    """The ConfigMap that there should be; what others wrote beside it in its metadata stays."""
    meta = observed.metadata if observed else ObjectMeta(namespace=namespace, name=NAME)
    meta = msgspec.structs.replace(meta, annotations=meta.annotations | DESCRIPTION)
    return msgspec.structs.replace(observed or ConfigMap(), metadata=meta, data={FILE: ca}, binary_data={})


def _namespace_of(config: ConfigMap) -> Iterable[Key]:
    return (Key("", config.metadata.namespace),)
