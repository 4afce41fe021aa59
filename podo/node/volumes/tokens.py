"""Tokens of ServiceAccounts for Pods (TokenRequest, KEP-1205), kept until 80 % of their life has passed."""

from datetime import datetime, timedelta
from typing import NamedTuple

from podo.api import timestamps
from podo.api.errors import APIError
from podo.api.types.authentication_v1 import BoundObjectReference, TokenRequest, TokenRequestSpec
from podo.api.types.core_v1 import Pod, ServiceAccount
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Client, kind_of
from podo.clock import Clock
from podo.node.volumes.base import VolumeFailure

LONGEST = timedelta(hours=24)  # renewed at least once a day


class Token(NamedTuple):
    """A token, and when to ask for the next one."""

    text: str
    renew_at: datetime
    expires: datetime


class Tokens:
    """One token for each Pod, audience and life."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._kept: dict[tuple[str, str, int], Token] = {}

    async def token(self, pod: Pod, audience: str, seconds: int) -> Token:
        """A token that is good for a while. An old one serves on while no new one can be had. Raises VolumeFailure."""
        key, now = (pod.metadata.uid, audience, seconds), self._clock.now()
        kept = self._kept.get(key)
        if kept and now < kept.renew_at:
            return kept
        try:
            kept = self._kept[key] = await self._request(pod, audience, seconds, now)
        except APIError as error:
            if kept is None or now >= kept.expires:
                raise VolumeFailure(f"failed to fetch token: {error}") from error
            return kept._replace(renew_at=now + timedelta(seconds=30))
        return kept

    def forget(self, uid: str) -> None:
        """The Pod is gone."""
        for key in [k for k in self._kept if k[0] == uid]:
            del self._kept[key]

    async def _request(self, pod: Pod, audience: str, seconds: int, now: datetime) -> Token:
        meta = pod.metadata
        wanted = TokenRequest(
            metadata=ObjectMeta(name=pod.spec.service_account_name or "default", namespace=meta.namespace),
            spec=TokenRequestSpec(
                audiences=(audience,) if audience else (),
                expiration_seconds=seconds,
                bound_object_ref=BoundObjectReference(kind="Pod", api_version="v1", name=meta.name, uid=meta.uid),
            ),
        )
        made = await self._client.create(wanted, of=kind_of(ServiceAccount), subresource="token")
        expires = timestamps.parse(made.status.expiration_timestamp)
        life = expires - now
        return Token(made.status.token, now + min(life * 0.8, LONGEST), expires)
