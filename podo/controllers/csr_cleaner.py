"""Delete CertificateSigningRequests that are done with: an hour after the decision, or a day without one."""

import base64
from datetime import datetime, timedelta

from podo.api.errors import NotFound
from podo.api.timestamps import parse
from podo.api.types.certificates_v1 import CertificateSigningRequest
from podo.client.base import Key
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.base import DONE, Outcome, Watch, itself

DECIDED, PENDING = timedelta(hours=1), timedelta(hours=24)


class CSRCleaner:
    """Reads and deletes CertificateSigningRequest."""

    name = "csrcleaner"
    watches = (Watch(CertificateSigningRequest, to=itself),)

    def __init__(self, client: CachedClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._requests = client.informer(CertificateSigningRequest)

    async def reconcile(self, key: Key) -> Outcome:
        request = self._requests.get(key)
        end = ends(request) if request is not None else None
        if end is None:
            return DONE
        left = (end - self._clock.now()).total_seconds()
        if left > 0:
            return Outcome(requeue_after=left)
        try:
            await self._client.delete(CertificateSigningRequest, key)
        except NotFound:
            pass
        return DONE


def ends(request: CertificateSigningRequest) -> datetime | None:
    """When the request goes."""
    created, conditions = request.metadata.creation_timestamp, request.status.conditions
    if not conditions:
        return parse(created) + PENDING if created else None
    moments = []
    for condition in conditions:
        if not condition.last_update_time:
            continue
        waits = condition.type == "Approved" and not request.status.certificate
        moments.append(parse(condition.last_update_time) + (PENDING if waits else DECIDED))
    if request.status.certificate and (expiry := _expiry(request.status.certificate)) is not None:
        moments.append(expiry)
    return min(moments, default=None)


def _expiry(certificate: str) -> datetime | None:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(base64.b64decode(certificate)).not_valid_after_utc
    except ValueError:
        return None
