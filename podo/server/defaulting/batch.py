"""Defaults of the batch group."""

from collections.abc import Callable
from typing import Any

from podo.server.defaulting import pod

Object = dict[str, Any]
MAX_INT32 = 2**31 - 1


def job(obj: Object) -> None:
    """A Job; the template inside a CronJob gets only the template's own defaults."""
    spec = obj["spec"]
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", MAX_INT32 if "backoffLimitPerIndex" in spec else 6)
    labels = spec["template"]["metadata"].get("labels")
    if labels:
        obj["metadata"].setdefault("labels", labels)  # the same dict: labels that are generated later go to both
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("podReplacementPolicy", "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed")
    spec.setdefault("manualSelector", False)
    job_spec(spec)


def job_spec(spec: Object) -> None:
    """The parts of a JobSpec that have defaults wherever it stands."""
    pod.template(spec["template"])
    for rule in spec.get("podFailurePolicy", {}).get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            pattern["status"] = pattern.get("status") or "True"


def cron_job(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    job_spec(spec["jobTemplate"]["spec"])


DEFAULTS: dict[tuple[str, str], Callable[[Object], None]] = {
    ("batch/v1", "Job"): job,
    ("batch/v1", "CronJob"): cron_job,
}
