"""TTL: a finished Job goes when `ttlSecondsAfterFinished` have passed."""

from datetime import datetime, timedelta

from podo.api.errors import NotFound
from podo.api.timestamps import parse
from podo.api.types.batch_v1 import Job
from podo.client.base import FOREGROUND, DeleteOptions, Key
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.base import DONE, Outcome, Watch, itself


class TTLAfterFinished:
    """Reads Job; deletes Jobs, with all that they own."""

    name = "ttl-after-finished"
    watches = (Watch(Job, to=itself),)

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._clock, self._jobs = client, clock, client.informer(Job)

    async def reconcile(self, key: Key) -> Outcome:
        job = self._jobs.get(key)
        left = seconds_left(job, self._clock.now()) if job else None
        if left is None:
            return DONE
        if left > 0:
            return Outcome(requeue_after=left)
        try:  # the ttl may have been changed meanwhile: only the server knows
            job = await self._client.get(Job, key)
            left = seconds_left(job, self._clock.now())
            if left is not None and left <= 0:
                meta = job.metadata
                options = DeleteOptions(propagation=FOREGROUND, uid=meta.uid, resource_version=meta.resource_version)
                await self._client.delete(Job, key, options)
        except NotFound:
            pass
        return DONE


def seconds_left(job: Job, now: datetime) -> float | None:
    """Until the Job goes; None if it stays, or goes already."""
    ended = [c for c in job.status.conditions if c.type in ("Complete", "Failed") and c.status == "True"]
    if job.spec.ttl_seconds_after_finished is None or not ended or job.metadata.deletion_timestamp:
        return None
    at = parse(ended[0].last_transition_time) + timedelta(seconds=job.spec.ttl_seconds_after_finished)
    return (at - now).total_seconds()
