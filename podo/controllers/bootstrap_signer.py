"""Sign the ConfigMap kube-public/cluster-info with each bootstrap token: who knows the token can trust what it says."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from podo.api import bootstrap_tokens as tokens
from podo.api.types.core_v1 import ConfigMap, Secret
from podo.client.base import Key
from podo.client.informers import CachedClient
from podo.client.reflector import Scope
from podo.clock import Clock
from podo.controllers.base import DONE, Outcome, Watch
from podo.controllers.bootstrap_token_cleaner import TOKENS

PLACE, FILE, SIGNATURE = Key("kube-public", "cluster-info"), "kubeconfig", "jws-kubeconfig-"
INFO = Scope(namespace=PLACE.namespace, fields=f"metadata.name={PLACE.name}")


class BootstrapSigner:
    """Reads Secret and ConfigMap; writes the signatures in kube-public/cluster-info."""

    name = "bootstrap-signer"

    def __init__(self, client: CachedClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._secrets, self._configs = client.informer(Secret, TOKENS), client.informer(ConfigMap, INFO)
        self.watches = (Watch(Secret, to=_info, scope=TOKENS), Watch(ConfigMap, to=_info, scope=INFO))

    async def reconcile(self, key: Key) -> Outcome:
        config = self._configs.get(key)
        if config is None or FILE not in config.data:
            return DONE
        now = self._clock.now()
        found = [tokens.read(secret.metadata.name, secret.data) for secret in self._secrets]
        data = signed(config.data, [token for token in found if token is not None], now)
        if data != config.data:
            await self._client.update(msgspec.structs.replace(config, data=data))
        return DONE


def signed(data: dict[str, str], known: Iterable[tokens.BootstrapToken], now: datetime) -> dict[str, str]:
    """`data` with the signatures that it should have."""
    kept = {name: value for name, value in data.items() if not name.startswith(SIGNATURE)}
    for token in known:
        if token.signs and (token.expires is None or token.expires > now):
            kept[f"{SIGNATURE}{token.id}"] = detached(data[FILE], token)
    return kept


def detached(content: str, token: tokens.BootstrapToken) -> str:
    """A signature by the token's secret (HS256) without the content that it is of (RFC 7515, appendix F)."""
    from joserfc import jwk, jws

    key = jwk.OctKey.import_key(token.secret.encode())
    whole = jws.serialize_compact({"alg": "HS256", "kid": token.id}, content.encode(), key, algorithms=["HS256"])
    header, _, signature = whole.split(".")
    return f"{header}..{signature}"


def _info(obj: Secret | ConfigMap) -> Iterable[Key]:
    return (PLACE,)
