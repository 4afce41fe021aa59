"""Restarting a whole Pod in place because one of its containers ended as a rule of it says (KEP-5532). Pure.

Nothing is remembered for it: whatever was made before such an end belongs to the old life of the Pod, and is to be
replaced. It is stopped at once; when all has ended, the init containers begin anew, and so on.
"""

from collections.abc import Iterable

from podo.api.types.core_v1 import Container, PodSpec
from podo.node.runtime.observed import ContainerState, ObservedContainer
from podo.node.worker.restart_policy import matching_action

RESTART_ALL = "RestartAllContainers"
CONDITION, REASON = "AllContainersRestarting", "RestartAllContainersStarted"
MESSAGE = "container exited with restart policy rule"
WAITING = "RestartingAllContainers"


def has_rule(spec: PodSpec) -> bool:
    """Whether a container of the Pod may have it restarted."""
    return any(rule.action == RESTART_ALL for c in _containers(spec) for rule in c.restart_policy_rules)


def outlived(spec: PodSpec, attempts: Iterable[ObservedContainer]) -> frozenset[str]:
    """The ids of the newest attempts at each container that are to be replaced.

    Containers begin one after the other. What comes before the one that ended belongs to the old life if it was made
    before that end; what comes after it, if it was made before that one began anew.
    """
    if not has_rule(spec):
        return frozenset()
    containers = _containers(spec)
    order = {c.name: index for index, c in enumerate(containers)}
    seen = sorted((c for c in attempts if c.name in order), key=lambda c: c.attempt)
    newest = {c.name: c for c in seen}
    found: set[str] = set()
    for cause in seen:
        if not _has_all_restarted(containers[order[cause.name]], cause):
            continue
        anew = next((c.created_at for c in seen if c.name == cause.name and c.attempt > cause.attempt), None)
        for name, one in newest.items():
            limit = cause.finished_at if order[name] < order[cause.name] else anew
            if limit is None or one.created_at < limit:
                found.add(one.id)
    return frozenset(found)


def _has_all_restarted(container: Container, seen: ObservedContainer) -> bool:
    ended = seen.state is ContainerState.EXITED and seen.exit_code is not None and seen.finished_at is not None
    return ended and matching_action(container, seen.exit_code or 0) == RESTART_ALL


def _containers(spec: PodSpec) -> tuple[Container, ...]:
    return (*spec.init_containers, *spec.containers)
