"""The status of a Job: a count of what has happened, whose claims must fit together and never go back."""

from typing import Any

from podo.api.field_errors import duplicate, invalid, required
from podo.server.validation.batch import indexes
from podo.server.validation.batch.policies import without_value
from podo.server.validation.fields import Errors, Object, non_negative
from podo.server.validation.metadata import changed_meta

CONDITIONS = "status.conditions"


def is_true(job: Object, kind: str) -> bool:
    """Whether a condition of the Job holds."""
    return any(c["type"] == kind and c["status"] == "True" for c in job["status"].get("conditions", ()))


def is_finished(job: Object) -> bool:
    """Whether the Job has succeeded or failed."""
    return is_true(job, "Complete") or is_true(job, "Failed")


def status_update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed status; what was so before is mostly let be."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    _counts(errs, obj["status"])
    _uncounted(errs, obj["status"])
    _conditions(errs, obj, old)
    _finished(errs, obj, old)
    _indexes(errs, obj, old)
    _pods(errs, obj, old)
    _success(errs, obj)
    _transitions(errs, obj, old)
    return errs


def _changed(obj: Object, old: Object, key: str) -> bool:
    return bool(obj["status"].get(key) != old["status"].get(key))


def _flipped(obj: Object, old: Object, kind: str) -> bool:
    return is_true(obj, kind) != is_true(old, kind)


def _counts(errs: Errors, status: Object) -> None:
    for key in ("active", "succeeded", "failed", "ready", "terminating"):
        non_negative(errs, f"status.{key}", status.get(key))


def _uncounted(errs: Errors, status: Object) -> None:
    seen: set[str] = set()
    for key in ("succeeded", "failed"):
        for index, uid in enumerate(status.get("uncountedTerminatedPods", {}).get(key, ())):
            path = f"status.uncountedTerminatedPods.{key}[{index}]"
            if not uid:
                errs.append(invalid(path, uid, "must not be empty"))
            elif uid in seen:
                errs.append(duplicate(path, uid))
            seen.add(uid)


def _conditions(errs: Errors, obj: Object, old: Object) -> None:
    status = obj["status"]
    complete, failed, failing = is_true(obj, "Complete"), is_true(obj, "Failed"), is_true(obj, "FailureTarget")
    completed_at, path = status.get("completionTime"), "status.completionTime"
    complete_flipped = _flipped(obj, old, "Complete")
    if (complete_flipped or _flipped(obj, old, "Failed")) and complete and failed:
        errs.append(without_value(CONDITIONS, "cannot set Complete=True and Failed=true conditions"))
    if (complete_flipped or _flipped(obj, old, "FailureTarget")) and complete and failing:
        errs.append(without_value(CONDITIONS, "cannot set Complete=True and FailureTarget=true conditions"))
    if complete_flipped or _changed(obj, old, "completionTime"):
        if completed_at is not None and not complete:
            message = "cannot set completionTime when there is no Complete=True condition"
            errs.append(invalid(path, completed_at, message))
        if completed_at is None and complete:
            errs.append(required(path, "completionTime is required for Complete jobs"))
    started_at = status.get("startTime")
    times_changed = _changed(obj, old, "startTime") or _changed(obj, old, "completionTime")
    if times_changed and started_at and completed_at and completed_at < started_at:
        errs.append(invalid(path, completed_at, "must be equal to or after `startTime`"))
    if (_flipped(obj, old, "Failed") or _changed(obj, old, "failedIndexes")) and failed and not failing:
        message = "cannot set Failed=True condition without the FailureTarget=true condition"
        errs.append(without_value(CONDITIONS, message))
    met_flipped = _flipped(obj, old, "SuccessCriteriaMet")
    if (complete_flipped or met_flipped) and complete and not is_true(obj, "SuccessCriteriaMet"):
        message = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"
        errs.append(without_value(CONDITIONS, message))


def _finished(errs: Errors, obj: Object, old: Object) -> None:
    if not is_finished(obj):
        return
    status, spec = obj["status"], obj["spec"]
    now_finished = not is_finished(old)
    if (now_finished or _changed(obj, old, "active")) and status.get("active", 0) > 0:
        errs.append(invalid("status.active", status["active"], "active>0 is invalid for finished job"))
    never_ran = spec.get("suspend") is True and spec.get("completions") == 0
    if (now_finished or _changed(obj, old, "startTime")) and not never_ran and "startTime" not in status:
        errs.append(required("status.startTime", "startTime is required for finished job"))
    uncounted = status.get("uncountedTerminatedPods", {})
    if (now_finished or _changed(obj, old, "uncountedTerminatedPods")) and any(uncounted.values()):
        message = "must be empty for finished job"
        errs.append(invalid("status.uncountedTerminatedPods", _dump(uncounted), message))


def _dump(uncounted: Object) -> Any:
    return {"Succeeded": uncounted.get("succeeded"), "Failed": uncounted.get("failed")}


def _indexes(errs: Errors, obj: Object, old: Object) -> None:
    status, spec = obj["status"], obj["spec"]
    done, failed = status.get("completedIndexes", ""), status.get("failedIndexes")
    done_changed, failed_changed = _changed(obj, old, "completedIndexes"), _changed(obj, old, "failedIndexes")
    completions, at_failed = spec.get("completions"), "status.failedIndexes"
    if done_changed and completions is not None and (problem := _problem(done, completions)):
        message = f"error parsing completedIndexes: {problem}"
        errs.append(invalid("status.completedIndexes", done, message))
    readable = completions is not None and failed is not None
    if failed_changed and readable and "backoffLimitPerIndex" in spec and (problem := _problem(failed, completions)):
        errs.append(invalid(at_failed, failed, f"error parsing failedIndexes: {problem}"))
    if done_changed and done and spec.get("completionMode") != "Indexed":
        message = "cannot set non-empty completedIndexes when non-indexed completion mode"
        errs.append(invalid("status.completedIndexes", done, message))
    if failed_changed and failed is not None and "backoffLimitPerIndex" not in spec:
        message = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        errs.append(invalid(at_failed, failed, message))
    if (failed_changed or done_changed) and readable:
        shared = indexes.overlap(done, failed or "", completions or 0)
        if shared is not None:
            message = f"failedIndexes and completedIndexes overlap at index: {shared}"
            errs.append(invalid(at_failed, failed, message))


def _problem(text: str | None, completions: int | None) -> str:
    try:
        indexes.total(text or "", completions or 0)
    except indexes.BadIndexes as error:
        return str(error)
    return ""


def _pods(errs: Errors, obj: Object, old: Object) -> None:
    status = obj["status"]
    ending = status.get("terminating") or 0
    if (not is_finished(old) or _changed(obj, old, "terminating")) and ending > 0 and is_finished(obj):
        errs.append(invalid("status.terminating", ending, "terminating>0 is invalid for finished job"))
    ready = status.get("ready")
    if (_changed(obj, old, "ready") or _changed(obj, old, "active")) and (ready or 0) > status.get("active", 0):
        errs.append(invalid("status.ready", ready, "cannot set more ready pods than active"))


def _success(errs: Errors, obj: Object) -> None:
    met = is_true(obj, "SuccessCriteriaMet")
    for kind, shown in (("Failed", "Failed=true"), ("FailureTarget", "FailureTarget=true")):
        if met and is_true(obj, kind):
            errs.append(without_value(CONDITIONS, f"cannot set SuccessCriteriaMet=True and {shown} conditions"))
    if "successPolicy" in obj["spec"] and not met and is_true(obj, "Complete"):
        message = "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"
        errs.append(without_value(CONDITIONS, message))


def _transitions(errs: Errors, obj: Object, old: Object) -> None:
    """What may not be taken back."""
    status, before, spec = obj["status"], old["status"], obj["spec"]
    for kind in ("Failed", "Complete", "FailureTarget"):
        if is_true(old, kind) and not is_true(obj, kind):
            errs.append(without_value(CONDITIONS, f"cannot disable the terminal {kind}=True condition"))
    if status.get("failed", 0) < before.get("failed", 0):
        errs.append(invalid("status.failed", status.get("failed", 0), "cannot decrease the failed counter"))
    elastic = spec.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")
    if not elastic and status.get("succeeded", 0) < before.get("succeeded", 0):
        message = "cannot decrease the succeeded counter"
        errs.append(invalid("status.succeeded", status.get("succeeded", 0), message))
    completed_at, was_completed_at = status.get("completionTime"), before.get("completionTime")
    if completed_at and was_completed_at and completed_at != was_completed_at:
        errs.append(invalid("status.completionTime", completed_at, "field is immutable"))
    resuming = is_true(old, "Suspended") and _is_false(obj, "Suspended")
    if _changed(obj, old, "startTime") and not resuming and before.get("startTime") and not spec.get("suspend"):
        message = "field is immutable for unsuspended job once set"
        errs.append(invalid("status.startTime", status.get("startTime"), message))
    if is_true(old, "SuccessCriteriaMet") and not is_true(obj, "SuccessCriteriaMet"):
        errs.append(without_value(CONDITIONS, "cannot disable the SuccessCriteriaMet=True condition"))
    newly_met = is_true(obj, "SuccessCriteriaMet") and not is_true(old, "SuccessCriteriaMet")
    if is_true(old, "Complete") and newly_met:
        message = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"
        errs.append(without_value(CONDITIONS, message))


def _is_false(job: Object, kind: str) -> bool:
    return any(c["type"] == kind and c["status"] == "False" for c in job["status"].get("conditions", ()))
