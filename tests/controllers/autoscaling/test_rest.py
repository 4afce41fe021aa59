from datetime import UTC, datetime

import pytest

from podo.api.errors import NotFound, ServiceUnavailable
from podo.api.types.autoscaling_v2 import CrossVersionObjectReference
from podo.controllers.autoscaling.metrics import MetricsFailure, PodMetric
from podo.controllers.autoscaling.rest import RESTMetrics, seconds
from podo.controllers.served import ServedResources

AT, STAMP = datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00Z"


class API:
    """Answers for the paths that it is given; remembers what it was asked."""

    def __init__(self, **answers):
        self.answers, self.asked = {}, []

    def __setitem__(self, path, answer):
        self.answers[path] = answer

    async def __call__(self, path, query):
        self.asked.append((path, dict(query)))
        answer = self.answers.get(path, NotFound("the server could not find the requested resource"))
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def api():
    return API()


@pytest.fixture
def metrics(lab, api):
    return RESTMetrics(api, ServedResources(lab.client))


def pod_metrics(name, *containers):
    shown = [{"name": f"c{n}", "usage": usage} for n, usage in enumerate(containers)]
    return {"metadata": {"name": name}, "timestamp": STAMP, "window": "15.5s", "containers": shown}


async def test_resource_metrics_are_summed_over_containers(metrics, api):
    full = pod_metrics("a", {"cpu": "100m", "memory": "1Ki"}, {"cpu": "1", "memory": "1Ki"})
    api["/apis/metrics.k8s.io/v1beta1/namespaces/ns/pods"] = {"items": [full, pod_metrics("b", {"memory": "1"})]}
    assert await metrics.resource("cpu", "ns", "app=web", "") == {"a": PodMetric(1100, AT, 15.5)}
    assert api.asked == [("/apis/metrics.k8s.io/v1beta1/namespaces/ns/pods", {"labelSelector": "app=web"})]
    assert (await metrics.resource("cpu", "ns", "app=web", "c1"))["a"].value == 1000


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"items": []}, "no metrics returned from resource metrics API"),
        (ServiceUnavailable("down"), "unable to fetch metrics from resource metrics API: down"),
    ],
)
async def test_why_there_are_none(metrics, api, answer, message):
    api["/apis/metrics.k8s.io/v1beta1/namespaces/ns/pods"] = answer
    with pytest.raises(MetricsFailure) as caught:
        await metrics.resource("cpu", "ns", "app=web", "")
    assert str(caught.value) == message


async def test_pod_metrics_of_either_version(metrics, api):
    item = {"describedObject": {"name": "a"}, "value": "1500m", "timestamp": STAMP, "windowSeconds": 30}
    path = "/apis/custom.metrics.k8s.io/v1beta1/namespaces/ns/pods/*/requests_per_second"
    api[path] = {"items": [item]}
    found = await metrics.pods("requests_per_second", "ns", "app=web", "code=200")
    assert found == {"a": PodMetric(1500, AT, 30.0)}
    assert api.asked[-1] == (path, {"labelSelector": "app=web", "metricLabelSelector": "code=200"})
    assert [asked[0] for asked in api.asked] == [path.replace("v1beta1", "v1beta2"), path], "the newest is tried first"


@pytest.mark.parametrize(
    ("described", "path"),
    [
        (("networking.k8s.io/v1", "Ingress", "main"), "/namespaces/ns/ingresses.networking.k8s.io/main/hits"),
        (("v1", "Service", "web"), "/namespaces/ns/services/web/hits"),
        (("v1", "Namespace", "ns"), "/namespaces/ns/metrics/hits"),
    ],
)
async def test_metrics_of_other_objects(metrics, api, described, path):
    api[f"/apis/custom.metrics.k8s.io/v1beta2{path}"] = {"items": [{"value": "2k"}]}
    api_version, kind, name = described
    reference = CrossVersionObjectReference(api_version=api_version, kind=kind, name=name)
    assert await metrics.object("hits", "ns", reference, "") == 2_000_000


async def test_a_kind_that_is_not_served_has_no_metrics(metrics):
    with pytest.raises(MetricsFailure, match='no matches for kind "Ghost"'):
        await metrics.object("hits", "ns", CrossVersionObjectReference(api_version="a/v1", kind="Ghost"), "")


async def test_external_metrics(metrics, api):
    path = "/apis/external.metrics.k8s.io/v1beta1/namespaces/ns/queue"
    api[path] = {"items": [{"value": "1"}, {"value": "2500m"}]}
    assert await metrics.external("queue", "ns", "name=x") == [1000, 2500]
    assert api.asked == [(path, {"labelSelector": "name=x"})]


@pytest.mark.parametrize(
    ("text", "value"), [("15s", 15), ("1m30s", 90), ("15.5s", 15.5), ("500ms", 0.5), ("", 0), ("soon", 0)]
)
def test_durations(text, value):
    assert seconds(text) == value
