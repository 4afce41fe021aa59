"""Backups at set times: what is to be done is in files of the cluster's folder, and its server does it.

A server that was not there when a backup was due does it once when it is there again.
"""

import asyncio
import contextlib
import logging
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import msgspec

from podo.api import cron
from podo.clock import Clock
from podo.cluster.errors import ClusterError
from podo.cluster.paths import write_atomically
from podo.controllers.cron_times import next_time, zone_of

FOLDER, DONE = "backups", ".done"
LOOK_EVERY, AGAIN_AFTER = 10.0, 300.0  # seconds: between looks; until a backup that failed is tried again
RECENT = timedelta(days=2)
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
log = logging.getLogger(__name__)


class BackupSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """When backups are to be taken, of what, and where they are kept."""

    name: str
    at: str  # as a CronJob's schedule
    to: str
    passphrase_file: str
    store_file: str = ""
    namespaces: tuple[str, ...] = ()
    keep: int = 0
    since: datetime


class LastRun(msgspec.Struct, frozen=True, kw_only=True):
    """How it went the last time; `failed` is "" if well. `due` is the time that it was for."""

    began: datetime
    due: datetime
    failed: str = ""


class Schedules:
    """Those of a cluster, in a folder."""

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER

    def all(self) -> list[BackupSchedule]:
        """All of them, by name."""
        files = [f for f in sorted(self._folder.glob("*.json")) if not f.stem.endswith(DONE)]
        return [msgspec.json.decode(f.read_bytes(), type=BackupSchedule) for f in files]

    def add(self, schedule: BackupSchedule) -> None:
        """Have one, in place of one of the same name. Raises ClusterError if it is none."""
        if not NAME.fullmatch(schedule.name):
            raise ClusterError(f"{schedule.name!r} is not a name: small letters, digits and dashes")
        try:
            zone_of(cron.parse(schedule.at).zone)
        except (cron.CronError, ZoneInfoNotFoundError, ValueError) as error:
            raise ClusterError(f"{schedule.at!r} is no schedule: {error}") from error
        self._folder.mkdir(exist_ok=True, mode=0o700)
        write_atomically(self._file(schedule.name), msgspec.json.encode(schedule), 0o600)

    def remove(self, name: str) -> None:
        """Have it no more. Raises ClusterError if it is not there."""
        if not NAME.fullmatch(name) or not self._file(name).exists():
            raise ClusterError(f"there is no schedule {name!r}")
        self._file(name).unlink()
        self._file(name + DONE).unlink(missing_ok=True)

    def last(self, name: str) -> LastRun | None:
        """How it went the last time."""
        try:
            return msgspec.json.decode(self._file(name + DONE).read_bytes(), type=LastRun)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def note(self, name: str, run: LastRun) -> None:
        """Write down how it went."""
        if self._file(name).exists():
            write_atomically(self._file(name + DONE), msgspec.json.encode(run), 0o600)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def due(schedule: BackupSchedule, last: LastRun | None, now: datetime) -> datetime | None:
    """For which time a backup is to be taken now, if one is: the last that has passed. Pure."""
    if last is not None and last.failed:
        return last.due if (now - last.began).total_seconds() >= AGAIN_AFTER else None
    parsed = cron.parse(schedule.at)
    begin = last.due if last else schedule.since
    recent = max(begin, now - RECENT)  # else all that were missed in a year would be counted
    return _latest(parsed, recent, now) or _latest(parsed, begin, now)


def _latest(parsed: cron.Schedule, after: datetime, until: datetime) -> datetime | None:
    zone, found = zone_of(parsed.zone), None
    following = next_time(parsed, after, zone)
    while following is not None and following <= until:
        found, following = following, next_time(parsed, following, zone)
    return found


Take = Callable[[BackupSchedule], Awaitable[None]]
"""Takes a backup. Raises ClusterError."""


async def keep(schedules: Schedules, take: Take, clock: Clock) -> None:
    """Take backups when they are due, one after the other, until cancelled."""
    while True:
        for schedule in await asyncio.to_thread(schedules.all):
            now = clock.now()
            if (time := due(schedule, schedules.last(schedule.name), now)) is None:
                continue
            failed = ""
            try:
                await take(schedule)
            except ClusterError as error:
                failed = str(error)
                log.warning("the backup %s failed: %s", schedule.name, error)
            schedules.note(schedule.name, LastRun(began=now, due=time, failed=failed))
        await clock.sleep(LOOK_EVERY)


def arguments(schedule: BackupSchedule, cluster: str, state: Path) -> list[str]:
    """The command by which its backups are taken."""
    pairs: Iterable[tuple[str, str]] = [
        ("--to", schedule.to),
        ("--passphrase-file", schedule.passphrase_file),
        ("--keep", str(schedule.keep)),
        ("--name", cluster),
        ("--state-dir", str(state)),
        *([("--store-file", schedule.store_file)] if schedule.store_file else []),
        *(("--namespace", namespace) for namespace in schedule.namespaces),
    ]
    return ["backup", "create", *(part for pair in pairs for part in pair)]


def taker(cluster: str, state: Path) -> Take:
    """Takes backups by podo's own command, in a process of its own."""

    async def take(schedule: BackupSchedule) -> None:
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        command = [sys.executable, "-m", "podo.main", *arguments(schedule, cluster, state)]
        process = await asyncio.create_subprocess_exec(*command, stdin=nothing, stdout=nothing, stderr=pipe)
        try:
            _, said = await process.communicate()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
        if process.returncode:
            lines = said.decode(errors="replace").strip().splitlines()
            raise ClusterError(lines[-1] if lines else f"it ended with {process.returncode}")

    return take


def new(name: str, fields: Mapping[str, object]) -> BackupSchedule:
    """A schedule that begins now."""
    return msgspec.convert({"name": name, "since": datetime.now(UTC), **fields}, BackupSchedule)
