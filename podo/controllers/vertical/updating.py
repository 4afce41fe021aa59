"""Which Pods ask for something else than is recommended, and how they come to ask for that. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from podo.api import quantity
from podo.api.timestamps import parse
from podo.api.types.core_v1 import Pod
from podo.api.vertical import VerticalPodAutoscaler, amended, policy_for, recommended_for
from podo.controllers import pods

SETTLED = timedelta(hours=12)  # a Pod that is older is changed for less
NOTICEABLE = 0.1  # share by which a settled Pod's requests have to differ


def is_outdated(pod: Pod, autoscaler: VerticalPodAutoscaler, now: datetime) -> bool:
    """Whether a Pod's requests are out of the bounds, or differ enough for its age."""
    asked, wanted = 0.0, 0.0
    for container in pod.spec.containers:
        found = recommended_for(autoscaler, container.name)
        requests = container.resources.requests if container.resources else {}
        for resource, text in found.target.items() if found is not None else ():
            assert found is not None
            has, target = quantity.to_milli(requests.get(resource, "0")), quantity.to_milli(text)
            low, high = found.lower_bound.get(resource, text), found.upper_bound.get(resource, text)
            if not quantity.to_milli(low) <= has <= quantity.to_milli(high):
                return True
            wanted += abs(target - has) / target if target else 0.0
            asked += 1
    is_settled = now - parse(pod.metadata.creation_timestamp) >= SETTLED
    return bool(asked) and is_settled and wanted / asked >= NOTICEABLE


def resized(pod: Pod, autoscaler: VerticalPodAutoscaler) -> dict[str, Any]:
    """The patch of the Pod's subresource `resize`; {} where nothing differs."""
    containers = []
    for container in pod.spec.containers:
        found = recommended_for(autoscaler, container.name)
        if found is None or not found.target:
            continue
        new = amended(container.resources, found.target, policy_for(autoscaler, container.name))
        if new.changed:
            containers.append({"name": container.name, "resources": {"requests": new.requests, "limits": new.limits}})
    return {"spec": {"containers": containers}} if containers else {}


def is_infeasible(pod: Pod) -> bool:
    """Whether its node has said that it can never be what it was resized to."""
    found = pods.condition(pod, "PodResizePending")
    return found is not None and found.status == "True" and found.reason == "Infeasible"


def is_being_resized(pod: Pod) -> bool:
    """Whether an earlier change is under way."""
    return any(c.type.startswith("PodResize") and c.status == "True" for c in pod.status.conditions)


def may_evict(mine: Iterable[Pod], least: int) -> bool:
    """Whether so many run that one may go."""
    return sum(map(pods.is_active, mine)) >= least
