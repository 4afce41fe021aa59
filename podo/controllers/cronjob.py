"""CronJob: a Job at each time of a schedule. Its name has the time in it, so that none is made twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

import msgspec

from podo.api.cron import CronError, Schedule, parse
from podo.api.errors import AlreadyExists, APIError, NotFound, is_terminating
from podo.api.timestamps import format_time
from podo.api.timestamps import parse as parse_time
from podo.api.types.batch_v1 import CronJob, CronJobStatus, Job
from podo.api.types.core_v1 import ObjectReference
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import BACKGROUND, DeleteOptions, Key, key_of
from podo.client.events import EventWriter, reference
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import ownership
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.cron_times import next_time, zone_of
from podo.controllers.ownership import by_controller, reference_to

SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
EARLY = 0.1  # seconds that a start is late on purpose, so that clocks that differ a little do not miss it
MANY = 100


class CronJobController:
    """Reads CronJob and Job; writes Jobs, and CronJob.status."""

    name = "cronjob"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._clock, self._events = client, clock, events.recorder("cronjob-controller")
        self._crons, self._jobs = client.informer(CronJob), client.informer(Job).index(by_controller)
        self._plans: dict[str, tuple[str, str]] = {}  # by uid: schedule and zone as they were when last seen
        self.watches = (Watch(CronJob, to=itself), Watch(Job, to=ownership.controller_key("CronJob")))

    async def reconcile(self, key: Key) -> Outcome:
        cron = self._crons.get(key)
        if cron is None:
            return DONE
        change = Change(cron)
        self._follow_jobs(change, ownership.owned(self._jobs, cron))
        await self._forget_missing(change, ownership.owned(self._jobs, cron))
        wait = None
        try:
            if not cron.metadata.deletion_timestamp:
                await self._clean_up(change, ownership.owned(self._jobs, cron))
                wait = await self._start(change)
        except APIError:
            await self._write(change)  # what was started or deleted before it failed
            raise
        await self._write(change)
        return Outcome(wait)

    async def _write(self, change: "Change") -> None:
        if change.status() != change.cron.status:
            await self._client.update(change.changed(), subresource="status")

    def _follow_jobs(self, change: "Change", jobs: Sequence[Job]) -> None:
        for job in jobs:
            ending = finished(job)
            if not ending and job.metadata.uid not in change.active:
                message = f"Saw a job that the controller did not create or forgot: {job.metadata.name}"
                self._events.warning(change.cron, "UnexpectedJob", message)
            elif ending and job.metadata.uid in change.active:
                del change.active[job.metadata.uid]
                message = f"Saw completed job: {job.metadata.name}, condition: {ending}"
                self._events.normal(change.cron, "SawCompletedJob", message)
            if ending == "Complete":
                change.last_success = max(change.last_success, job.status.completion_time)

    async def _forget_missing(self, change: "Change", jobs: Sequence[Job]) -> None:
        known = {job.metadata.uid for job in jobs}
        for uid, ref in list(change.active.items()):
            if uid in known:
                continue
            try:
                await self._client.get(Job, Key(ref.namespace, ref.name))
            except NotFound:
                self._events.normal(change.cron, "MissingJob", f"Active job went missing: {ref.name}")
                del change.active[uid]

    async def _start(self, change: "Change") -> float | None:
        """Start what is due; in how many seconds to come again."""
        cron, now = change.cron, self._clock.now()
        plan = self._read_plan(cron)
        if plan is None or cron.spec.suspend:
            return None
        before = self._plans.get(cron.metadata.uid)
        self._plans[cron.metadata.uid] = (cron.spec.schedule, cron.spec.time_zone)
        try:
            due = find_due(cron, plan, now)
        except CronError as error:
            message = f"invalid schedule: {cron.spec.schedule} : {error}"
            self._events.warning(cron, "InvalidSchedule", message)
            return None
        changed = before is not None and before != self._plans[cron.metadata.uid]
        if due.at is not None and not changed:
            if due.missed > MANY:
                text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
                self._events.warning(cron, "TooManyMissedTimes", text)
            await self._start_at(change, due.at, plan.zone, now)
        return seconds_to_next(change.changed(), plan, now)

    async def _start_at(self, change: "Change", at: datetime, zone: tzinfo, now: datetime) -> None:
        cron = change.cron
        if (deadline := cron.spec.starting_deadline_seconds) is not None and at + timedelta(seconds=deadline) < now:
            message = f"Missed scheduled time to start a job: {at.strftime('%a, %d %b %Y %H:%M:%S +0000')}"
            self._events.warning(cron, "MissSchedule", message)
            return
        name = job_name(cron, at)
        if any(ref.name == name for ref in change.active.values()) or change.last_schedule == format_time(at):
            return
        if change.active and cron.spec.concurrency_policy == "Forbid":
            message = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._events.normal(cron, "JobAlreadyActive", message)
            return
        if cron.spec.concurrency_policy == "Replace":
            for uid, ref in list(change.active.items()):
                await self._delete(change, Key(ref.namespace, ref.name), uid)
        await self._create(change, make_job(cron, at, zone), at)

    async def _create(self, change: "Change", job: Job, at: datetime) -> None:
        cron = change.cron
        try:
            made = await self._client.create(job)
        except AlreadyExists:
            made = await self._client.get(Job, key_of(job))
            if not ownership.is_controlled_by(made, cron):
                return
        except APIError as error:
            if not is_terminating(error):
                self._events.warning(cron, "FailedCreate", f"Error creating job: {error}")
            raise
        else:
            self._events.normal(cron, "SuccessfulCreate", f"Created job {made.metadata.name}")
        change.active[made.metadata.uid] = reference(made)
        change.last_schedule = format_time(at)

    async def _clean_up(self, change: "Change", jobs: Sequence[Job]) -> None:
        """Delete the oldest finished Jobs beyond the limits."""
        spec = change.cron.spec
        limits = {"Complete": spec.successful_jobs_history_limit, "Failed": spec.failed_jobs_history_limit}
        for ending, limit in limits.items():
            if limit is not None:
                for job in surplus((j for j in jobs if finished(j) == ending), limit):
                    await self._delete(change, key_of(job), job.metadata.uid)

    async def _delete(self, change: "Change", key: Key, uid: str) -> None:
        try:
            await self._client.delete(Job, key, DeleteOptions(propagation=BACKGROUND, uid=uid))
        except NotFound:
            pass
        except APIError as error:
            self._events.warning(change.cron, "FailedDelete", f"Deleted job: {error}")
            raise
        change.active.pop(uid, None)
        self._events.normal(change.cron, "SuccessfulDelete", f"Deleted job {key.name}")

    def _read_plan(self, cron: CronJob) -> "Plan | None":
        try:
            zone = zone_of(cron.spec.time_zone)
        except (LookupError, ValueError) as error:
            message = f'invalid timeZone: "{cron.spec.time_zone}": {error}'
            self._events.warning(cron, "UnknownTimeZone", message)
            return None
        try:
            schedule = parse(cron.spec.schedule)
            return Plan(schedule, zone_of(schedule.zone) if schedule.zone and not cron.spec.time_zone else zone)
        except (LookupError, ValueError) as error:
            message = f'unparseable schedule: "{cron.spec.schedule}" : {error}'
            self._events.warning(cron, "UnparseableSchedule", message)
            return None


class Plan(NamedTuple):
    """A schedule and where its clock hangs."""

    schedule: Schedule
    zone: tzinfo

    def after(self, at: datetime) -> datetime:
        """The next time. Raises CronError if there is none."""
        found = next_time(self.schedule, at, self.zone)
        if found is None:
            raise CronError("time difference between two schedules is less than 1 second")
        return found


@dataclass
class Change:
    """A CronJob, and its status as it is to be."""

    cron: CronJob
    active: dict[str, ObjectReference] = field(init=False)
    last_schedule: str = field(init=False)
    last_success: str = field(init=False)

    def __post_init__(self) -> None:
        status = self.cron.status
        self.active = {ref.uid: ref for ref in status.active}
        self.last_schedule, self.last_success = status.last_schedule_time, status.last_successful_time

    def status(self) -> CronJobStatus:
        """The status to write."""
        return CronJobStatus(
            active=tuple(self.active.values()),
            last_schedule_time=self.last_schedule,
            last_successful_time=self.last_success,
        )

    def changed(self) -> CronJob:
        """The CronJob with that status."""
        return msgspec.structs.replace(self.cron, status=self.status())


class Due(NamedTuple):
    """The latest time that should have started by now, None if there is none, and about how many were missed."""

    at: datetime | None
    missed: int


def find_due(cron: CronJob, plan: Plan, now: datetime, *, by_deadline: bool = True) -> Due:
    """What is due since the last start, or since the CronJob is there; no earlier than the starting deadline allows.

    Raises CronError for a schedule that never comes.
    """
    since = _since(cron)
    deadline = cron.spec.starting_deadline_seconds
    if by_deadline and deadline is not None:
        since = max(since, now - timedelta(seconds=deadline))
    first = plan.after(since)
    if now < first:
        return Due(None, 0)
    second = plan.after(first)
    if now < second:
        return Due(first, 0)
    between = (second - first).total_seconds()
    missed = int((now - first).total_seconds() // between) + 1
    at, latest = plan.after(first + timedelta(seconds=(missed - 2) * between)), None
    while at <= now:
        at, latest = plan.after(at), at
    return Due(latest, missed)


def seconds_to_next(cron: CronJob, plan: Plan, now: datetime) -> float | None:
    """Until the next start, and a little more."""
    due = find_due(cron, plan, now, by_deadline=False)
    base = due.at or (now if due.missed else _since(cron))
    return (plan.after(base) - now).total_seconds() + EARLY


def make_job(cron: CronJob, at: datetime, zone: tzinfo) -> Job:
    """The Job of a time."""
    template = cron.spec.job_template
    assert template is not None
    shown = at.astimezone(zone).isoformat().replace("+00:00", "Z")
    meta = ObjectMeta(
        name=job_name(cron, at),
        namespace=cron.metadata.namespace,
        labels=template.metadata.labels,
        annotations={**template.metadata.annotations, SCHEDULED_AT: shown},
        owner_references=(reference_to(cron),),
    )
    return Job(metadata=meta, spec=template.spec)


def job_name(cron: CronJob, at: datetime) -> str:
    """The name of the Job of a time: minutes since 1970."""
    return f"{cron.metadata.name}-{int(at.timestamp()) // 60}"


def finished(job: Job) -> str:
    """Complete, Failed, or ""."""
    return next((c.type for c in job.status.conditions if c.type in ("Complete", "Failed") and c.status == "True"), "")


def surplus(jobs: Iterable[Job], limit: int) -> list[Job]:
    """The oldest Jobs beyond the limit."""
    ordered = sorted(jobs, key=lambda j: (not j.status.start_time, j.status.start_time, j.metadata.name))
    return ordered[: max(0, len(ordered) - limit)]


def _since(cron: CronJob) -> datetime:
    return parse_time(cron.status.last_schedule_time or cron.metadata.creation_timestamp)
