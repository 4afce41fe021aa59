"""What keeps a Pod from ever becoming ready, as far as one can tell by looking at it. Pure."""

from podo.api.types.core_v1 import ContainerStatus, Pod

RESTARTS = 1
"""A container that has been restarted so often and crashed again will go on so."""
HOPELESS = frozenset({"ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError"})


def trouble(pod: Pod) -> str:
    """`container c: CrashLoopBackOff` and the like; "" if it may yet become ready."""
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        if reason := _reason(status):
            return f"container {status.name}: {reason}"
    return ""


def _reason(status: ContainerStatus) -> str:
    waiting = status.state.waiting if status.state else None
    if waiting is None:
        return ""
    if waiting.reason == "CrashLoopBackOff":
        return waiting.reason if (status.restart_count or 0) >= RESTARTS else ""
    return waiting.reason if waiting.reason in HOPELESS else ""
