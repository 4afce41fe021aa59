"""What each metric of an autoscaler calls for, and what all of them together do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from podo.api import quantity, selectors
from podo.api.types.autoscaling_v2 import (
    ContainerResourceMetricStatus,
    CrossVersionObjectReference,
    ExternalMetricStatus,
    MetricIdentifier,
    MetricSpec,
    MetricStatus,
    MetricTarget,
    MetricValueStatus,
    ObjectMetricStatus,
    PodsMetricStatus,
    ResourceMetricStatus,
)
from podo.api.types.core_v1 import Pod
from podo.controllers.autoscaling import calculator
from podo.controllers.autoscaling.calculator import Called, Tolerances
from podo.controllers.autoscaling.metrics import Metrics, MetricsFailure
from podo.controllers.disruption import shown

NO_TARGET = "invalid {} metric source: neither {} target nor an average {} target was set"


@dataclass(frozen=True)
class Situation:
    """What the metrics are looked at with: the Pods that the selector selects, how many there are and should be."""

    namespace: str
    selector: str
    pods: list[Pod]
    wanted: int
    actual: int
    tolerances: Tolerances
    now: datetime


class Proposal(NamedTuple):
    """What a metric calls for; `name` as events call it."""

    replicas: int
    name: str
    status: MetricStatus


class Failed(Exception):
    """A metric says nothing: the reason and message for condition and event, and what the whole then says."""

    def __init__(self, reason: str, why: str, text: str) -> None:
        super().__init__(text)
        self.reason, self.why = reason, why


@dataclass(frozen=True)
class Proposals:
    """Of all metrics: `chosen` is the largest; `failures` are in the order of the metrics that failed."""

    statuses: tuple[MetricStatus, ...]
    chosen: Proposal | None
    failures: tuple[Failed, ...]


async def proposals(specs: Sequence[MetricSpec], situation: Situation, metrics: Metrics) -> Proposals:
    """Look at all of them."""
    statuses, chosen, failures = [], None, []
    for spec in specs:
        try:
            found = await proposal(spec, situation, metrics)
        except Failed as failure:
            failures.append(failure)
            statuses.append(MetricStatus())
            continue
        statuses.append(found.status)
        if chosen is None or chosen.replicas == 0 or found.replicas > chosen.replicas:
            chosen = found
    return Proposals(tuple(statuses), chosen, tuple(failures))


async def proposal(spec: MetricSpec, situation: Situation, metrics: Metrics) -> Proposal:
    """What one metric calls for. Raises Failed."""
    match spec.type:
        case "Resource" if spec.resource:
            return await _resource(spec, situation, metrics)
        case "ContainerResource" if spec.container_resource:
            return await _resource(spec, situation, metrics)
        case "Pods" if spec.pods:
            return await _pods(spec, situation, metrics)
        case "Object" if spec.object:
            return await _object(spec, situation, metrics)
        case "External" if spec.external:
            return await _external(spec, situation, metrics)
    why = f'unknown metric source type "{spec.type}"'
    raise Failed("InvalidMetricSourceType", why, why)


async def _resource(spec: MetricSpec, situation: Situation, metrics: Metrics) -> Proposal:
    inner = spec.container_resource
    source = spec.resource or inner
    assert source is not None
    name, container = source.name, inner.container if inner else ""
    target = source.target or MetricTarget()
    try:
        called, what = await _called_by_resource(name, container, target, situation, metrics)
    except MetricsFailure as failure:
        reason = "FailedGetContainerResourceMetric" if inner else "FailedGetResourceMetric"
        whose = f"{container} container" if inner else f"{name} resource"
        raise Failed(reason, str(failure), f"failed to get {whose} metric value: {failure}") from failure
    current = MetricValueStatus(
        average_value=amount(called.usage, binary=name == "memory"), average_utilization=called.utilization
    )
    if inner:
        status = MetricStatus(
            type=spec.type,
            container_resource=ContainerResourceMetricStatus(name=name, container=container, current=current),
        )
    else:
        status = MetricStatus(type=spec.type, resource=ResourceMetricStatus(name=name, current=current))
    return Proposal(called.replicas, what, status)


async def _called_by_resource(
    name: str, container: str, target: MetricTarget, at: Situation, metrics: Metrics
) -> tuple[Called, str]:
    if not target.average_value and target.average_utilization is None:
        raise MetricsFailure(NO_TARGET.format("resource", "an average utilization", "value (usage)"))
    figure = "usage" if target.average_value else "utilization"
    try:
        try:
            found = await metrics.resource(name, at.namespace, at.selector, container)
        except MetricsFailure as failure:
            raise MetricsFailure(f"unable to get metrics for resource {name}: {failure}") from failure
        if target.average_value:
            milli = quantity.to_milli(target.average_value)
            called = calculator.by_average(at.wanted, milli, name, at.pods, found, at.tolerances, at.now)
            return called, f"{name} resource"
        percent = target.average_utilization or 1
        called = calculator.by_utilization(at.wanted, percent, name, container, at.pods, found, at.tolerances, at.now)
    except MetricsFailure as failure:
        raise MetricsFailure(f"failed to get {name} {figure}: {failure}") from failure
    what = "container resource" if container else "resource"
    return called, f"{name} {what} utilization (percentage of request)"


async def _pods(spec: MetricSpec, at: Situation, metrics: Metrics) -> Proposal:
    source = spec.pods
    assert source is not None
    metric = source.metric or MetricIdentifier()
    target = source.target or MetricTarget()
    try:
        try:
            found = await metrics.pods(metric.name, at.namespace, at.selector, selector_text(metric))
        except MetricsFailure as failure:
            raise MetricsFailure(f"unable to get metric {metric.name}: {failure}") from failure
        milli = quantity.to_milli(target.average_value)
        called = calculator.by_average(at.wanted, milli, "", at.pods, found, at.tolerances, at.now)
    except MetricsFailure as failure:
        raise Failed("FailedGetPodsMetric", str(failure), f"failed to get pods metric value: {failure}") from failure
    current = MetricValueStatus(average_value=amount(called.usage))
    status = MetricStatus(type=spec.type, pods=PodsMetricStatus(metric=metric, current=current))
    return Proposal(called.replicas, f"pods metric {metric.name}", status)


async def _object(spec: MetricSpec, at: Situation, metrics: Metrics) -> Proposal:
    source = spec.object
    assert source is not None
    metric, target = source.metric or MetricIdentifier(), source.target or MetricTarget()
    described = source.described_object or CrossVersionObjectReference()
    try:
        if target.type == "Value" and target.value:
            usage = await _of_object(metric, described, at, metrics)
            called = calculator.by_value(at.wanted, usage, quantity.to_milli(target.value), at.pods, at.tolerances)
            current = MetricValueStatus(value=amount(called.usage))
            name = f"{described.kind} metric {metric.name}"
        elif target.type == "AverageValue" and target.average_value:
            usage = await _of_object(metric, described, at, metrics)
            called = calculator.by_share(at.actual, usage, quantity.to_milli(target.average_value), at.tolerances)
            current = MetricValueStatus(average_value=amount(called.usage))
            name = f"external metric {metric.name}({printed(metric)})"
        else:
            raise MetricsFailure(NO_TARGET.format("object", "a value", "value"))
    except MetricsFailure as failure:
        text = f"failed to get object metric value: {failure}"
        raise Failed("FailedGetObjectMetric", str(failure), text) from failure
    status = ObjectMetricStatus(described_object=described, metric=metric, current=current)
    return Proposal(called.replicas, name, MetricStatus(type=spec.type, object=status))


async def _of_object(
    metric: MetricIdentifier, described: CrossVersionObjectReference, at: Situation, metrics: Metrics
) -> int:
    try:
        return await metrics.object(metric.name, at.namespace, described, selector_text(metric))
    except MetricsFailure as failure:
        where = f"on {described.kind} {at.namespace}/{described.name}"
        raise MetricsFailure(f"unable to get metric {metric.name}: {where}/{failure}") from failure


async def _external(spec: MetricSpec, at: Situation, metrics: Metrics) -> Proposal:
    source = spec.external
    assert source is not None
    metric, target = source.metric or MetricIdentifier(), source.target or MetricTarget()
    try:
        if not target.average_value and not target.value:
            raise MetricsFailure(NO_TARGET.format("external", "a value", "value"))
        try:
            found = await metrics.external(metric.name, at.namespace, selector_text(metric))
        except MetricsFailure as failure:
            where = f"{at.namespace}/{metric.name}/{printed(metric)}"
            raise MetricsFailure(f"unable to get external metric {where}: {failure}") from failure
        usage = sum(found)
        if target.average_value:
            called = calculator.by_share(at.actual, usage, quantity.to_milli(target.average_value), at.tolerances)
            current = MetricValueStatus(average_value=amount(called.usage))
        else:
            called = calculator.by_value(at.wanted, usage, quantity.to_milli(target.value), at.pods, at.tolerances)
            current = MetricValueStatus(value=amount(called.usage))
    except MetricsFailure as failure:
        what = f"{metric.name} external metric" if target.average_value else f"external metric {metric.name}"
        why = f"failed to get {what}: {failure}" if target.average_value or target.value else str(failure)
        text = f"failed to get {metric.name} external metric value: {why}"
        raise Failed("FailedGetExternalMetric", str(failure), text) from failure
    status = MetricStatus(type=spec.type, external=ExternalMetricStatus(metric=metric, current=current))
    return Proposal(called.replicas, f"external metric {metric.name}({printed(metric)})", status)


def selector_text(metric: MetricIdentifier) -> str:
    """The selector of a metric as the metrics APIs take it."""
    if metric.selector is None:
        return ""
    found = selectors.from_object(metric.selector)
    return selectors.format_labels(found) if isinstance(found, selectors.LabelSelector) else ""


def printed(metric: MetricIdentifier) -> str:
    """The selector of a metric as Go prints it in messages."""
    return "nil" if metric.selector is None else shown(metric.selector)


def amount(milli: int, *, binary: bool = False) -> str:
    """Thousandths as a quantity."""
    value = Decimal(milli).scaleb(-3)
    return quantity.format_binary(value) if binary else quantity.format_decimal(value)
