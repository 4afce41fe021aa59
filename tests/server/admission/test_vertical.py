"""New Pods and recommendations."""

import msgspec
import pytest

from podo.api.types.core_v1 import ResourceRequirements
from podo.api.vertical import (
    AutoscalerSpec,
    AutoscalerStatus,
    ContainerPolicy,
    ContainerRecommendation,
    Recommendation,
    ResourcePolicy,
    VerticalPodAutoscaler,
    amended,
)
from podo.server.admission.vertical import amend
from tests.server.admission.build import meta

TARGET = {"cpu": "300m", "memory": "200"}


def autoscaler(*policies):
    found = ContainerRecommendation(container_name="c", target=TARGET)
    return VerticalPodAutoscaler(
        metadata=meta("vpa"),
        spec=AutoscalerSpec(resource_policy=ResourcePolicy(container_policies=policies)),
        status=AutoscalerStatus(recommendation=Recommendation(container_recommendations=(found,))),
    )


def pod(**resources):
    containers = [{"name": "other"}, {"name": "c"} | ({"resources": resources} if resources else {})]
    return {"metadata": {"name": "p"}, "spec": {"containers": containers}}


def test_a_pod_asks_for_what_is_recommended_and_says_so():
    made = pod()
    amend(made, autoscaler())
    assert made["spec"]["containers"] == [{"name": "other"}, {"name": "c", "resources": {"requests": TARGET}}]
    assert made["metadata"]["annotations"] == {
        "vpaObservedContainers": "other, c",
        "vpaUpdates": "Pod resources updated by vpa: container 1: cpu request, memory request",
    }


def test_a_container_that_is_to_be_left_alone_is():
    made = pod(requests={"cpu": "1"})
    amend(made, autoscaler(ContainerPolicy(container_name="c", mode="Off")))
    assert made["spec"]["containers"][1]["resources"] == {"requests": {"cpu": "1"}}
    assert "vpaUpdates" not in made["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("given", "values", "requests", "limits"),
    [
        ({"requests": {"cpu": "100m"}, "limits": {"cpu": "200m"}}, "RequestsAndLimits", "300m", {"cpu": "600m"}),
        ({"limits": {"cpu": "200m"}}, "RequestsAndLimits", "300m", {"cpu": "300m"}),
        ({"requests": {"cpu": "100m"}, "limits": {"cpu": "1"}}, "RequestsOnly", "300m", {"cpu": "1"}),
        ({"requests": {"cpu": "100m"}, "limits": {"cpu": "200m"}}, "RequestsOnly", "200m", {"cpu": "200m"}),
    ],
)
def test_limits_keep_their_proportion_unless_they_are_to_stay(given, values, requests, limits):
    before = msgspec.convert(given, ResourceRequirements)
    found = amended(before, {"cpu": "300m"}, ContainerPolicy(controlled_values=values))
    assert (found.requests["cpu"], found.limits) == (requests, limits)
