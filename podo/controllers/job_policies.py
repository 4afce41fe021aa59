"""What a Job's pod failure policy and success policy make of its Pods. Pure."""

from collections.abc import Iterable, Set
from typing import NamedTuple

from podo.api.types.batch_v1 import Job, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule
from podo.api.types.core_v1 import ContainerStatus, Pod
from podo.controllers import job_indexes
from podo.controllers.job_pods import failures_of, is_failed


class Verdict(NamedTuple):
    """On a failed Pod: whether it counts against the limits, the rule's action ("" without one), why the Job fails."""

    counts: bool
    action: str = ""
    message: str = ""


def judge(job: Job, pod: Pod) -> Verdict:
    """The first rule that a failed Pod matches decides."""
    policy = job.spec.pod_failure_policy
    for place, rule in enumerate(policy.rules if policy else ()):
        what = _matched(pod, rule)
        if what:
            message = f"{what} matching {rule.action} rule at index {place}" if rule.action == "FailJob" else ""
            return Verdict(rule.action != "Ignore", rule.action, message)
    return Verdict(True)


def failure_message(job: Job, all_pods: Iterable[Pod]) -> str:
    """Why the Job fails by its policy at once; "" if it does not."""
    if job.spec.pod_failure_policy is None:
        return ""
    return next((m for p in all_pods if is_failed(p, job) and (m := judge(job, p).message)), "")


def fails_index(job: Job, pod: Pod) -> bool:
    """Whether this Pod was its index' last try."""
    if not is_failed(pod, job):
        return False
    verdict = judge(job, pod)
    if verdict.action == "FailIndex":
        return True
    return verdict.counts and failures_of(pod)[0] >= (job.spec.backoff_limit_per_index or 0)


def next_failures(job: Job, replaced: Pod | None) -> tuple[int, int]:
    """How often an index has failed (counted, ignored) when its Pod is replaced."""
    if replaced is None:
        return 0, 0
    counted, ignored = failures_of(replaced)
    return (counted + 1, ignored) if judge(job, replaced).counts else (counted, ignored + 1)


def success_message(job: Job, succeeded: Set[int]) -> str:
    """Which rule of the success policy is fulfilled; "" if none is."""
    policy = job.spec.success_policy
    for place, rule in enumerate(policy.rules if policy and succeeded else ()):
        if rule.succeeded_indexes:
            wanted = job_indexes.parse(rule.succeeded_indexes, job.spec.completions or 0)
            have = len(wanted & succeeded)
            met = bool(wanted) and (have == len(wanted) or _enough(have, rule.succeeded_count))
        else:
            met = _enough(len(succeeded), rule.succeeded_count)
        if met:
            return f"Matched rules at index {place}"
    return ""


def _enough(have: int, wanted: int | None) -> bool:
    return wanted is not None and have >= wanted


def _matched(pod: Pod, rule: PodFailurePolicyRule) -> str:
    """What about the Pod matches the rule, as the message begins; "" if nothing does."""
    where = f"{pod.metadata.namespace}/{pod.metadata.name}"
    if rule.on_exit_codes is not None:
        status = pod.status
        for found in [*status.container_statuses, *status.init_container_statuses]:
            code = _matching_code(found, rule.on_exit_codes)
            if code is not None:
                return f"Container {found.name} for pod {where} failed with exit code {code}"
        return ""
    for condition in pod.status.conditions:
        if any((condition.type, condition.status) == (p.type, p.status) for p in rule.on_pod_conditions):
            return f"Pod {where} has condition {condition.type}"
    return ""


def _matching_code(found: ContainerStatus, wanted: PodFailurePolicyOnExitCodesRequirement) -> int | None:
    terminated = found.state.terminated if found.state else None
    if terminated is None or not terminated.exit_code or wanted.container_name not in ("", found.name):
        return None
    is_in = terminated.exit_code in wanted.values
    matches = is_in if wanted.operator == "In" else wanted.operator == "NotIn" and not is_in
    return terminated.exit_code if matches else None
