"""CronJobs."""

import re
import zoneinfo

from podo.api import cron
from podo.api.field_errors import invalid, not_supported, required
from podo.server.validation.batch.job import job_spec
from podo.server.validation.core.options import TEMPLATE, PodOptions
from podo.server.validation.core.ratchet import template_options
from podo.server.validation.fields import Errors, Object, non_negative
from podo.server.validation.metadata import changed_meta, new_meta
from podo.server.validation.selectors import selector_shown

NAME_MAX = 52  # a Job's name is this name and eleven characters more
_ZONE_PART = re.compile(r"[A-Za-z.\-_0-9+]{1,14}")


def create(obj: Object) -> Errors:
    """What is wrong with a new CronJob."""
    errs: Errors = []
    new_meta(errs, obj)
    _spec(errs, obj["spec"], None, TEMPLATE)
    name = obj["metadata"].get("name", "")
    if len(name) > NAME_MAX:
        errs.append(invalid("metadata.name", name, f"must be no more than {NAME_MAX} characters"))
    return errs


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed CronJob."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    template, stored = (o["spec"]["jobTemplate"]["spec"]["template"] for o in (obj, old))
    _spec(errs, obj["spec"], old["spec"], template_options(template, stored))
    return errs


def _spec(errs: Errors, spec: Object, old: Object | None, opts: PodOptions) -> None:
    if not spec["schedule"]:
        errs.append(required("spec.schedule"))
    else:
        zoned_before = old is not None and "TZ" in old["schedule"]
        _schedule(errs, spec["schedule"], spec.get("timeZone"), zoned_before)
    non_negative(errs, "spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    if old is None or old.get("timeZone") != spec.get("timeZone"):
        _time_zone(errs, spec.get("timeZone"))
    policy = spec.get("concurrencyPolicy", "")
    if not policy:
        errs.append(required("spec.concurrencyPolicy"))
    elif policy not in ("Allow", "Forbid", "Replace"):
        errs.append(not_supported("spec.concurrencyPolicy", policy, ("Allow", "Forbid", "Replace")))
    job, path = spec["jobTemplate"]["spec"], "spec.jobTemplate.spec"
    job_spec(errs, job, path, opts)
    if job.get("selector") is not None:
        message = "`selector` will be auto-generated"
        errs.append(invalid(f"{path}.selector", selector_shown(job["selector"]), message))
    if job.get("manualSelector"):
        errs.append(not_supported(f"{path}.manualSelector", True, ("nil", "false")))
    for key in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        non_negative(errs, f"spec.{key}", spec.get(key))


def _schedule(errs: Errors, schedule: str, zone: str | None, zoned_before: bool) -> None:
    try:
        cron.parse(schedule)
    except cron.CronError as error:
        errs.append(invalid("spec.schedule", schedule, str(error)))
    if "TZ" not in schedule:
        return
    if not zoned_before:
        message = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        errs.append(invalid("spec.schedule", schedule, message))
    elif zone is not None:
        message = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
        errs.append(invalid("spec.schedule", schedule, message))


def _time_zone(errs: Errors, zone: str | None) -> None:
    path = "spec.timeZone"
    if zone is None:
        return
    if not zone:
        errs.append(invalid(path, zone, "timeZone must be nil or non-empty string"))
        return
    if ".." in zone or zone[0] in "/\\":
        errs.append(invalid(path, zone, "time: invalid location name"))
        return
    for part in zone.split("/"):
        if part in (".", "..") or part.startswith("-") or not _ZONE_PART.fullmatch(part):
            errs.append(invalid(path, zone, f"unknown time zone {zone}"))
            return
    if zone.lower() == "local":
        message = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        errs.append(invalid(path, zone, message))
    if zone not in ("Local", "UTC") and not _is_known(zone):
        errs.append(invalid(path, zone, f"unknown time zone {zone}"))


def _is_known(zone: str) -> bool:
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
