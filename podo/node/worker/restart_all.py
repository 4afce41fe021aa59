"""Restarting a whole Pod in place because one of its containers ended as a rule of it says (KEP-5532). Pure.

Nothing is remembered for it: whatever was made before such an end belongs to the old life of the Pod, and is to be
replaced. It is stopped at once; when all has ended, the init containers begin anew, and so on.
"""

from collections.abc import Iterable
from datetime import datetime

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
    """The ids of the newest attempts at each container that are to be replaced."""
    if not has_rule(spec):
        return frozenset()
    containers, seen = {c.name: c for c in _containers(spec)}, list(attempts)
    moment = max((at for c in seen if (at := _ended_by_rule(c, containers)) is not None), default=None)
    if moment is None:
        return frozenset()
    newest: dict[str, ObservedContainer] = {}
    for one in sorted(seen, key=lambda c: c.attempt):
        newest[one.name] = one
    return frozenset(
        c.id
        for name, c in newest.items()
        if name in containers and (c.created_at < moment or _ended_by_rule(c, containers) == moment)
    )


def _ended_by_rule(seen: ObservedContainer, containers: dict[str, Container]) -> datetime | None:
    container = containers.get(seen.name)
    if container is None or seen.state is not ContainerState.EXITED or seen.exit_code is None:
        return None
    return seen.finished_at if matching_action(container, seen.exit_code) == RESTART_ALL else None


def _containers(spec: PodSpec) -> tuple[Container, ...]:
    return (*spec.init_containers, *spec.containers)
