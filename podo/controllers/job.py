"""Job: Pods that run to their end, until enough have succeeded or too many have failed.

A Pod keeps a finalizer until it is counted (KEP-2307): its uid is noted in the status, the finalizer taken off, only
then the number raised. So each Pod counts exactly once, whatever crashes in between. `job_state.py` decides.
"""

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime

import msgspec

from podo.api import selectors
from podo.api.errors import NotFound
from podo.api.timestamps import format_time
from podo.api.types.batch_v1 import Job, JobCondition, JobStatus
from podo.api.types.core_v1 import Pod
from podo.client.base import STRATEGIC_PATCH, Key, Patch, key_of
from podo.client.events import EventWriter
from podo.client.informer import by_namespace
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import job_indexes, job_pods, job_policies, ownership, pods
from podo.controllers import job_state as states
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.job_pods import FINALIZER, is_indexed, is_suspended, is_tracked
from podo.controllers.job_state import Seen
from podo.controllers.ownership import by_controller

OURS = ("", "kubernetes.io/job-controller")  # values of spec.managedBy
BURST = 500
WITHOUT_FINALIZER = Patch(  # not an update: Pods that we have just deleted have changed since
    media_type=STRATEGIC_PATCH, body={"metadata": {"$deleteFromPrimitiveList/finalizers": [FINALIZER]}}
)
ALONE = "pod:"  # begins the name in the key of a Pod with the finalizer but without a Job


def by_job_name(pod: Pod) -> Iterable[Hashable]:
    """Index keys: the place of the Job that controls the Pod, whether that is there or not."""
    owner = ownership.controller_of(pod)
    return (Key(pod.metadata.namespace, owner.name),) if owner and owner.kind == "Job" else ()


class JobController:
    """Reads Job and Pod; writes Pods, and Job.status."""

    name = "job"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._clock = client, clock
        self._jobs, informer = client.informer(Job), client.informer(Pod)
        self._in_namespace = self._jobs.index(by_namespace)
        self._all_pods, self._pods, self._named = informer, informer.index(by_controller), informer.index(by_job_name)
        self._events = events.recorder("job-controller")
        self._control = pods.PodControl(client, self._events)
        self.watches = (
            Watch(Job, to=itself),
            Watch(Pod, to=self._concerns, when=ownership.may_matter_to_owners),
        )

    async def reconcile(self, key: Key) -> Outcome:
        if key.name.startswith(ALONE):
            pod = self._all_pods.get(Key(key.namespace, key.name.removeprefix(ALONE)))
            await self._release([pod] if pod and not ownership.controller_of(pod) else [])
            return DONE
        job = self._jobs.get(key)
        if job is None or states.is_finished(job):
            if job is None or job.spec.managed_by in OURS:
                await self._release(self._named(key))
            return DONE
        if job.spec.managed_by not in OURS:
            return DONE
        if job.spec.completion_mode not in ("", "NonIndexed", "Indexed"):
            self._events.warning(job, "UnknownCompletionMode", "Skipped Job sync because completion mode is unknown")
            return DONE
        return await self._sync(job)

    async def _sync(self, job: Job) -> Outcome:
        selector, now = selectors.from_object(job.spec.selector), self._clock.now()
        candidates = [*ownership.owned(self._pods, job), *ownership.orphans(self._pods, job.metadata.namespace)]
        mine = await ownership.claim(self._client, job, selector, candidates, finalizer=FINALIZER)
        job = _started(job, now)
        seen = states.see(job, mine)
        ending, wait = states.verdict(seen, now), None
        if ending is not None:
            await pods.together(self._control.delete(p, job) for p in seen.active)
        elif not job.metadata.deletion_timestamp:
            wait = await self._manage(seen, now)
        mine = ownership.owned(self._pods, job)
        active = [p for p in mine if pods.is_active(p)]
        if ending is None and states.is_complete(seen, len(active)):
            message = "Reached expected number of succeeded pods"
            ending = states.make(states.MET, "CompletionsReached", message, now)
        await self._account(seen, mine, ending)
        left = states.seconds_to_deadline(job, now)
        return Outcome(min((w for w in (wait, left) if w is not None and w > 0), default=None))

    async def _manage(self, seen: Seen, now: datetime) -> float | None:
        """Make or delete Pods; in how many seconds to come again where back-off forbids to make them."""
        job = seen.job
        too_many = max(0, len(seen.active) - states.wanted_active(seen))
        if removed := job_pods.surplus(job, seen.active, too_many)[:BURST]:
            await pods.together(self._remove(pod, job) for pod in removed)
            return None
        count = min(states.missing(seen), BURST)
        if not count:
            return None
        if job.spec.backoff_limit_per_index is None:
            left = job_pods.backoff_left(*job_pods.recent_failures(job, seen.pods), now)
            if left > 0:
                return left
        if not is_indexed(job):
            await pods.slow_start(count, lambda _: self._control.create(job_pods.make_pod(job, None, None), job))
            return None
        return await self._make_indexed(seen, count, now)

    async def _make_indexed(self, seen: Seen, count: int, now: datetime) -> float | None:
        job = seen.job
        indexes = job_indexes.pending(states.taken_indexes(seen), job.spec.completions or 0, count)
        waits = {i: _index_backoff(seen.to_replace.get(i), now) for i in indexes}
        ready = [i for i in indexes if not waits[i]]
        if not ready:
            return min(waits.values(), default=None)

        async def make(number: int) -> None:
            index, failures = ready[number], None
            if job.spec.backoff_limit_per_index is not None:
                failures = job_policies.next_failures(job, seen.to_replace.get(index))
            await self._control.create(job_pods.make_pod(job, index, failures), job)

        await pods.slow_start(len(ready), make)
        return min((w for w in waits.values() if w), default=None)

    async def _account(self, seen: Seen, mine: Sequence[Pod], ending: JobCondition | None) -> None:
        """Write the status, take finalizers off, and write what follows from that."""
        now = self._clock.now()
        noted, released = states.accounted(seen, ending)
        noted = self._with_suspension(seen.job, noted, ending, now)
        if ending is not None:
            noted = states.with_condition(noted, ending)
        job = await self._write(seen.job, _with_numbers(states.settled(noted, mine), mine))
        await self._release(released)
        mine = ownership.owned(self._pods, job)
        status = _with_numbers(states.settled(job.status, mine), mine)
        is_over = ending is not None and states.is_settled(status) and not status.terminating and not status.active
        job = await self._write(job, states.ended(status, ending, now) if is_over and ending else status)
        if is_over and ending is not None:
            self._tell_end(job, ending)

    async def _write(self, job: Job, status: JobStatus) -> Job:
        known = self._jobs.get(key_of(job))
        if known is not None and known.metadata.uid == job.metadata.uid and status == known.status:
            return known
        return await self._client.update(msgspec.structs.replace(job, status=status), subresource="status")

    def _with_suspension(self, job: Job, status: JobStatus, ending: JobCondition | None, now: datetime) -> JobStatus:
        if ending is not None or job.metadata.deletion_timestamp:
            return status
        if is_suspended(job):
            made = states.make(states.SUSPENDED, "JobSuspended", "Job suspended", now)
        else:
            made = states.make(states.SUSPENDED, "JobResumed", "Job resumed", now, status="False")
        changed = states.with_condition(status, made)
        if changed is status:
            return status
        reason, start = ("Suspended", "") if is_suspended(job) else ("Resumed", format_time(now))
        self._events.normal(job, reason, made.message)
        return msgspec.structs.replace(changed, start_time=start)

    def _tell_end(self, job: Job, ending: JobCondition) -> None:
        if ending.type != states.MET:
            self._events.warning(job, ending.reason, ending.message)
            return
        if job.spec.completions is not None and (job.status.succeeded or 0) > job.spec.completions:
            message = "Too many succeeded pods running after completion count reached"
            self._events.warning(job, "TooManySucceededPods", message)
        self._events.normal(job, "Completed", "Job completed")

    async def _remove(self, pod: Pod, job: Job) -> None:
        """Delete a Pod that does not count."""
        await self._release([pod])
        await self._control.delete(pod, job)

    async def _release(self, released: Iterable[Pod]) -> None:
        async def release(pod: Pod) -> None:
            try:
                await self._client.patch(Pod, key_of(pod), WITHOUT_FINALIZER)
            except NotFound:
                pass

        await pods.together(release(p) for p in released if is_tracked(p))

    def _concerns(self, pod: Pod) -> Iterable[Key]:
        if owner := ownership.controller_of(pod):
            return (Key(pod.metadata.namespace, owner.name),) if owner.kind == "Job" else ()
        candidates = self._in_namespace(pod.metadata.namespace)
        found = [key_of(j) for j in candidates if selectors.from_object(j.spec.selector).matches(pod.metadata.labels)]
        return found or ((Key(pod.metadata.namespace, ALONE + pod.metadata.name),) if is_tracked(pod) else ())


def _started(job: Job, now: datetime) -> Job:
    """`job` with the time of its start, if it starts now."""
    if job.status.start_time or is_suspended(job):
        return job
    return msgspec.structs.replace(job, status=msgspec.structs.replace(job.status, start_time=format_time(now)))


def _with_numbers(status: JobStatus, mine: Sequence[Pod]) -> JobStatus:
    active = [p for p in mine if pods.is_active(p)]
    return msgspec.structs.replace(
        status,
        active=len(active) or None,
        ready=sum(map(pods.is_ready, active)),
        terminating=sum(map(pods.is_terminating_pod, mine)),
    )


def _index_backoff(failed: Pod | None, now: datetime) -> float:
    if failed is None:
        return 0.0
    return job_pods.backoff_left(sum(job_pods.failures_of(failed)) + 1, job_pods.finished_at(failed), now)
