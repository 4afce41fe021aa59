"""The autoscaler on the true API, with made-up metrics and a clock that is moved."""

import msgspec
import pytest

from podo.api.timestamps import format_time
from podo.api.types.apps_v1 import Deployment
from podo.api.types.autoscaling_v2 import (
    CrossVersionObjectReference,
    ExternalMetricSource,
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerSpec,
    MetricIdentifier,
    MetricSpec,
    MetricTarget,
    ObjectMetricSource,
    PodsMetricSource,
    ResourceMetricSource,
)
from podo.api.types.core_v1 import Container, Pod, PodCondition, ResourceRequirements
from podo.client.base import Key
from podo.controllers.autoscaling.controller import HorizontalPodAutoscalerController
from podo.controllers.autoscaling.metrics import MetricsFailure, PodMetric
from tests.build import deployment, meta, pod

CPU = MetricSpec(
    type="Resource",
    resource=ResourceMetricSource(name="cpu", target=MetricTarget(type="Utilization", average_utilization=50)),
)
PER_SECOND = MetricSpec(
    type="Pods",
    pods=PodsMetricSource(
        metric=MetricIdentifier(name="rps"), target=MetricTarget(type="AverageValue", average_value="10")
    ),
)
WEB = CrossVersionObjectReference(api_version="apps/v1", kind="Deployment", name="web")


class MadeUp:
    """What each metric says, in thousandths; None or nothing: there is none."""

    def __init__(self, clock):
        self.clock, self.each, self.custom, self.of_object, self.outside = clock, None, None, None, None

    def _of_pods(self, value, names):
        if value is None:
            raise MetricsFailure("no metrics returned from resource metrics API")
        return {name: PodMetric(value, self.clock.now()) for name in names}

    async def resource(self, resource, namespace, selector, container):
        return self._of_pods(self.each, (f"p{n}" for n in range(50)))

    async def pods(self, metric, namespace, selector, metric_selector):
        return self._of_pods(self.custom, (f"p{n}" for n in range(50)))

    async def object(self, metric, namespace, described, metric_selector):
        if self.of_object is None:
            raise MetricsFailure("none")
        return self.of_object

    async def external(self, metric, namespace, metric_selector):
        return self.outside or []


@pytest.fixture
async def metrics(lab):
    made = MadeUp(lab.clock)
    lab.start(lambda client, clock, events: HorizontalPodAutoscalerController(client, clock, events, made))
    return made


async def target(lab, replicas):
    """A Deployment whose Pods have run for long, as its status says."""
    made = await lab.user.create(deployment("web", replicas))
    await lab.change_status(made, replicas=replicas)
    for number in range(replicas):
        base = pod(f"p{number}", labels={"app": "web"})
        container = Container(name="c", image="i", resources=ResourceRequirements(requests={"cpu": "1"}))
        made = await lab.user.create(
            msgspec.structs.replace(base, spec=msgspec.structs.replace(base.spec, containers=(container,)))
        )
        since = "2025-01-01T00:00:00Z"
        ready = PodCondition(type="Ready", status="True", last_transition_time=since)
        await lab.change_status(made, phase="Running", conditions=(ready,), start_time=since)


async def autoscaler(lab, *metrics, least=1, most=10, name="hpa", to=WEB, behavior=None):
    spec = HorizontalPodAutoscalerSpec(
        scale_target_ref=to, min_replicas=least, max_replicas=most, metrics=metrics or (CPU,), behavior=behavior
    )
    await lab.user.create(HorizontalPodAutoscaler(metadata=meta(name), spec=spec))
    await lab.settle()


async def size(lab):
    await lab.settle()
    return (await lab.get(Deployment, "web")).spec.replicas


async def status(lab, name="hpa"):
    return (await lab.get(HorizontalPodAutoscaler, name)).status


async def conditions(lab, name="hpa"):
    return {c.type: (c.status, c.reason) for c in (await status(lab, name)).conditions}


async def test_load_scales_out_at_once(lab, metrics):
    await target(lab, 2)
    metrics.each = 1000
    await autoscaler(lab)
    assert await size(lab) == 4
    found = await status(lab)
    assert (found.current_replicas, found.desired_replicas) == (2, 4)
    assert found.last_scale_time == format_time(lab.clock.now())
    (current,) = found.current_metrics
    assert (current.resource.current.average_utilization, current.resource.current.average_value) == (100, "1")
    assert await conditions(lab) == {
        "AbleToScale": ("True", "SucceededRescale"),
        "ScalingActive": ("True", "ValidMetricFound"),
        "ScalingLimited": ("False", "DesiredWithinRange"),
    }
    assert await lab.event_lines() == [
        "Normal SuccessfulRescale hpa: New size: 4; "
        "reason: cpu resource utilization (percentage of request) above target"
    ]


async def test_less_load_scales_in_after_five_minutes(lab, metrics):
    await target(lab, 4)
    metrics.each = 100
    await autoscaler(lab)
    assert await size(lab) == 4
    assert (await conditions(lab))["AbleToScale"] == ("True", "ScaleDownStabilized")
    await lab.run_for(290)
    assert await size(lab) == 4
    await lab.run_for(30)
    assert await size(lab) == 1
    assert (await lab.event_lines())[-1] == (
        "Normal SuccessfulRescale hpa: New size: 1; reason: All metrics below target"
    )


async def test_without_metrics_nothing_moves_and_it_is_said_why(lab, metrics):
    await target(lab, 2)
    await autoscaler(lab)
    assert await size(lab) == 2
    assert (await conditions(lab))["ScalingActive"] == ("False", "FailedGetResourceMetric")
    message = next(c.message for c in (await status(lab)).conditions if c.type == "ScalingActive")
    why = "unable to get metrics for resource cpu: no metrics returned from resource metrics API"
    assert message == f"the HPA was unable to compute the replica count: failed to get cpu utilization: {why}"
    assert await lab.event_lines() == [
        f"Warning FailedGetResourceMetric hpa: failed to get cpu utilization: {why}",
        "Warning FailedComputeMetricsReplicas hpa: invalid metrics (1 invalid out of 1), first error is: "
        f"failed to get cpu resource metric value: failed to get cpu utilization: {why}",
    ]


async def test_one_metric_that_fails_does_not_keep_another_from_growing(lab, metrics):
    await target(lab, 2)
    metrics.custom = 30_000
    await autoscaler(lab, CPU, PER_SECOND)
    assert await size(lab) == 4, "six are called for, but twice as many are the most at a time"
    assert (await conditions(lab))["ScalingLimited"] == ("True", "ScaleUpLimit")


async def test_one_metric_that_fails_keeps_others_from_shrinking(lab, metrics):
    await target(lab, 4)
    metrics.custom = 1000
    await autoscaler(lab, CPU, PER_SECOND)
    await lab.run_for(600)
    assert await size(lab) == 4
    assert (await conditions(lab))["ScalingActive"] == ("False", "FailedGetResourceMetric")


@pytest.mark.parametrize(
    ("replicas", "least", "becomes", "reason"),
    [
        (12, 1, 10, "Current number of replicas above Spec.MaxReplicas"),
        (1, 3, 3, "Current number of replicas below Spec.MinReplicas"),
    ],
)
async def test_bounds_hold_without_any_metric(lab, metrics, replicas, least, becomes, reason):
    await target(lab, replicas)
    await autoscaler(lab, least=least)
    assert await size(lab) == becomes
    assert await lab.event_lines() == [f"Normal SuccessfulRescale hpa: New size: {becomes}; reason: {reason}"]


async def test_a_target_at_zero_is_left_alone(lab, metrics):
    await target(lab, 0)
    metrics.each = 1000
    await autoscaler(lab)
    await lab.run_for(60)
    assert await size(lab) == 0
    assert (await conditions(lab))["ScalingActive"] == ("False", "ScalingDisabled")


async def test_metrics_of_another_object_and_from_outside(lab, metrics):
    await target(lab, 2)
    metrics.of_object, metrics.outside = 300_000, [100_000, 400_000]
    of_object = MetricSpec(
        type="Object",
        object=ObjectMetricSource(
            described_object=CrossVersionObjectReference(api_version="v1", kind="Service", name="web"),
            metric=MetricIdentifier(name="hits"),
            target=MetricTarget(type="Value", value="100"),
        ),
    )
    outside = MetricSpec(
        type="External",
        external=ExternalMetricSource(
            metric=MetricIdentifier(name="queue"), target=MetricTarget(type="AverageValue", average_value="200")
        ),
    )
    await autoscaler(lab, of_object, outside)
    assert await size(lab) == 4
    first, second = (await status(lab)).current_metrics
    assert first.object.current.value == "300"
    assert second.external.current.average_value == "250"
    assert (await lab.event_lines())[-1].endswith("New size: 4; reason: Service metric hits above target")


async def test_what_has_no_scale_is_said(lab, metrics):
    await autoscaler(lab, to=CrossVersionObjectReference(api_version="apps/v1", kind="Deployment", name="none"))
    await autoscaler(lab, to=CrossVersionObjectReference(api_version="a.b/v1", kind="Ghost", name="x"), name="other")
    assert (await conditions(lab))["AbleToScale"] == ("False", "FailedGetScale")
    assert await lab.event_lines() == [
        'Warning FailedGetScale hpa: deployments.apps "none" not found',
        'Warning FailedGetScale other: no matches for kind "Ghost" in group "a.b"',
    ]


async def test_two_autoscalers_of_the_same_pods_do_nothing(lab, metrics):
    await target(lab, 2)
    metrics.each = 500
    await autoscaler(lab)
    await autoscaler(lab, name="hpb")
    metrics.each = 1000
    await lab.run_for(16)
    assert await size(lab) == 2
    for name in ("hpa", "hpb"):
        assert (await conditions(lab, name))["ScalingActive"] == ("False", "AmbiguousSelector")
    await lab.user.delete(HorizontalPodAutoscaler, Key("ns", "hpb"))
    await lab.run_for(16)
    assert await size(lab) == 4


async def test_a_look_every_fifteen_seconds_writes_nothing_while_nothing_changes(lab, metrics):
    await target(lab, 2)
    metrics.each = 500
    await autoscaler(lab)
    before = (await lab.get(HorizontalPodAutoscaler, "hpa")).metadata.resource_version
    await lab.run_for(600)
    assert (await lab.get(HorizontalPodAutoscaler, "hpa")).metadata.resource_version == before
    assert await lab.all(Pod), "there is something to look at"
