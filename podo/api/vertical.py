"""autoscaling.k8s.io/v1: VerticalPodAutoscaler as classes, and what a recommendation makes of a container. Pure."""

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

import msgspec

from podo.api import quantity
from podo.api.types.autoscaling_v2 import CrossVersionObjectReference
from podo.api.types.core_v1 import ResourceRequirements
from podo.api.types.meta_v1 import Condition, ObjectMeta

GROUP, VERSION, PLURAL = "autoscaling.k8s.io", "v1", "verticalpodautoscalers"
API_VERSION = f"{GROUP}/{VERSION}"
DEFINITION = f"{PLURAL}.{GROUP}"
OURS = "podo.dev/vertical-autoscaling"
"""An annotation of the definition: podo acts on its objects. Where it is missing they are an add-on's."""
OFF, INITIAL, RECREATE, AUTO, IN_PLACE = "Off", "Initial", "Recreate", "Auto", "InPlaceOrRecreate"
CPU, MEMORY = "cpu", "memory"
Amounts = Mapping[str, str]


class UpdatePolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    update_mode: str = AUTO
    min_replicas: int = 2


class ContainerPolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """For the container of a name; "*" is for all that no other is for."""

    container_name: str = ""
    mode: str = "Auto"
    min_allowed: dict[str, str | int] = {}
    max_allowed: dict[str, str | int] = {}
    controlled_resources: tuple[str, ...] = (CPU, MEMORY)
    controlled_values: str = "RequestsAndLimits"


class ResourcePolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    container_policies: tuple[ContainerPolicy, ...] = ()


class AutoscalerSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    target_ref: CrossVersionObjectReference | None = None
    update_policy: UpdatePolicy = UpdatePolicy()
    resource_policy: ResourcePolicy = ResourcePolicy()


class ContainerRecommendation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """`uncapped_target` is the target before policies bound it."""

    container_name: str = ""
    target: dict[str, str] = {}
    lower_bound: dict[str, str] = {}
    upper_bound: dict[str, str] = {}
    uncapped_target: dict[str, str] = {}


class Recommendation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    container_recommendations: tuple[ContainerRecommendation, ...] = ()


class AutoscalerStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    recommendation: Recommendation | None = None
    conditions: tuple[Condition, ...] = ()


class VerticalPodAutoscaler(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What Pods of a controller should ask for, and what to do about it."""

    api_version: str = API_VERSION
    kind: str = "VerticalPodAutoscaler"
    metadata: ObjectMeta = ObjectMeta()
    spec: AutoscalerSpec = AutoscalerSpec()
    status: AutoscalerStatus = AutoscalerStatus()


class Amended(NamedTuple):
    """A container's resources as recommended, and what of them differs: `cpu request`, `memory limit`."""

    requests: dict[str, str]
    limits: dict[str, str]
    changed: tuple[str, ...]


def policy_for(autoscaler: VerticalPodAutoscaler, container: str) -> ContainerPolicy:
    """The policy for a container."""
    policies = {p.container_name: p for p in autoscaler.spec.resource_policy.container_policies}
    return policies.get(container) or policies.get("*") or ContainerPolicy()


def recommended_for(autoscaler: VerticalPodAutoscaler, container: str) -> ContainerRecommendation | None:
    """What is recommended for a container, unless its policy wants none."""
    if policy_for(autoscaler, container).mode == OFF or autoscaler.status.recommendation is None:
        return None
    known = autoscaler.status.recommendation.container_recommendations
    return next((r for r in known if r.container_name == container), None)


def bounded(amounts: Amounts, policy: ContainerPolicy) -> dict[str, str]:
    """Within what the policy allows, and only what it controls."""
    found = {}
    for name in (CPU, MEMORY):
        if name not in amounts or name not in policy.controlled_resources:
            continue
        number = quantity.to_milli(amounts[name])
        if name in policy.min_allowed:
            number = max(number, quantity.to_milli(str(policy.min_allowed[name])))
        if name in policy.max_allowed:
            number = min(number, quantity.to_milli(str(policy.max_allowed[name])))
        found[name] = text_of(name, number)
    return found


def text_of(resource: str, milli: int) -> str:
    """Thousandths as a quantity: CPU in `m`, memory in whole bytes, rounded up."""
    return f"{milli}m" if resource == CPU else str(-(-milli // 1000))


def amended(resources: ResourceRequirements | None, target: Amounts, policy: ContainerPolicy) -> Amended:
    """Requests as in the target; limits keep their proportion to them, unless the policy is about requests alone."""
    before = resources or ResourceRequirements()
    requests, limits, changed = dict(before.requests), dict(before.limits), []
    for name, text in target.items():
        old = before.requests.get(name) or before.limits.get(name)
        if old is None or quantity.to_milli(before.requests.get(name, "0")) != quantity.to_milli(text):
            changed.append(f"{name} request")
        requests[name] = text
        if name in limits and old is not None and policy.controlled_values != "RequestsOnly":
            limits[name] = scaled(name, limits[name], quantity.to_milli(text), quantity.to_milli(old))
            if quantity.to_milli(limits[name]) != quantity.to_milli(before.limits[name]):
                changed.append(f"{name} limit")
        elif name in limits and quantity.to_milli(limits[name]) < quantity.to_milli(text):
            requests[name] = limits[name]  # no request may be above its limit
    return Amended(requests, limits, tuple(changed))


def scaled(resource: str, limit: str, new: int, old: int) -> str:
    """A limit that has the proportion to the new request that it had to the old one."""
    if not old:
        return limit
    return text_of(resource, int(Fraction(quantity.to_milli(limit)) * new / old))
