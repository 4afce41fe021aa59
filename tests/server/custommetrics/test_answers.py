"""custom.metrics.k8s.io, from made-up Pods."""

import asyncio

import msgspec
import pytest

from podo.api.errors import NotFound
from podo.api.types.core_v1 import Pod
from podo.server.context import User
from podo.server.custommetrics.answers import CustomMetricsAPI
from podo.server.custommetrics.scraping import PAUSE, Place, Scrapes, place_of
from podo.server.http.handler import Call
from podo.server.http.request_info import request_info
from tests.build import pod, served, service

SCRAPED = {"prometheus.io/scrape": "true", "prometheus.io/port": "9000"}


class Pods:
    """Each says that it has had ten requests more whenever a second has passed; counts who was asked."""

    def __init__(self, clock):
        self.clock, self.asked, self.start, self.down = clock, [], clock.now(), set()

    async def __call__(self, place: Place) -> str:
        self.asked.append(place.host)
        if place.host in self.down:
            raise OSError("refused")
        seconds = (self.clock.now() - self.start).total_seconds()
        return f"http_requests_total {100 + 10 * seconds}\nqueue 2\n"


@pytest.fixture
async def world(core, client, clock):
    for name, address in (("a", "10.0.0.1"), ("b", "10.0.0.2"), ("quiet", "10.0.0.3")):
        annotations = SCRAPED if name != "quiet" else {}
        made = pod(name, labels={"app": "web"}, annotations=annotations, status=served(address))
        stored = await client.create(made)
        await client.update(msgspec.structs.replace(stored, status=made.status), subresource="status")
    await client.create(service("web"))
    pods = Pods(clock)
    return CustomMetricsAPI(core, Scrapes(pods, clock)), pods


async def ask(world, clock, path, query=None, version="v1beta2"):
    info = request_info("GET", f"/apis/custom.metrics.k8s.io/{version}/namespaces/ns/{path}")

    async def may():
        pass

    asked = asyncio.ensure_future(world[0].answer(Call(None, info, query or {}, User("me"), may)))
    await clock.run_for(0)
    if not asked.done():
        await clock.run_for(PAUSE)
    return msgspec.json.decode((await asked).body)


async def test_each_pod_that_says_where_its_metrics_are_has_some(world, clock):
    found = await ask(world, clock, "pods/*/http_requests_per_second", {"labelSelector": "app=web"})
    assert (found["kind"], found["apiVersion"]) == ("MetricValueList", "custom.metrics.k8s.io/v1beta2")
    assert [(i["describedObject"]["name"], i["value"], i["windowSeconds"]) for i in found["items"]] == [
        ("a", "10", 1),
        ("b", "10", 1),
    ]
    assert found["items"][0]["metric"] == {"name": "http_requests_per_second", "selector": None}


async def test_of_one_pod_in_the_older_version(world, clock):
    found = await ask(world, clock, "pods/a/queue", version="v1beta1")
    (item,) = found["items"]
    assert (item["metricName"], item["value"]) == ("queue", "2")


async def test_of_a_service_and_of_a_namespace_it_is_the_sum(world, clock):
    (item,) = (await ask(world, clock, "services/web/http_requests_per_second"))["items"]
    assert (item["describedObject"]["kind"], item["value"]) == ("Service", "20")
    (item,) = (await ask(world, clock, "metrics/queue"))["items"]
    assert (item["describedObject"]["kind"], item["value"]) == ("Namespace", "4")


async def test_a_pod_that_does_not_answer_is_left_out(world, clock):
    world[1].down = {"10.0.0.1"}
    found = await ask(world, clock, "pods/*/queue")
    assert [i["describedObject"]["name"] for i in found["items"]] == ["b"]


async def test_the_second_who_asks_waits_for_nothing(world, clock):
    await ask(world, clock, "pods/*/queue")
    clock.advance(15)
    before = clock.monotonic()
    found = await ask(world, clock, "pods/*/http_requests_per_second")
    assert (clock.monotonic() - before, found["items"][0]["windowSeconds"]) == (0, 16)


@pytest.mark.parametrize("path", ["pods/*/none", "ingresses.networking.k8s.io/x/hits"])
async def test_what_nobody_says_is_not_found(world, clock, path):
    with pytest.raises(NotFound, match="could not find the metric"):
        await ask(world, clock, path)


@pytest.mark.parametrize(
    ("annotations", "place"),
    [
        ({}, None),
        ({"prometheus.io/scrape": "true"}, Place("http", "10.0.0.1", 80, "/metrics")),
        (SCRAPED | {"prometheus.io/path": "stats", "prometheus.io/scheme": "https"},
         Place("https", "10.0.0.1", 9000, "/stats")),
        (SCRAPED | {"prometheus.io/port": "web"}, None),
    ],
)  # fmt: skip
def test_where_a_pods_metrics_are(annotations, place):
    made: Pod = pod("a", annotations=annotations, status=served("10.0.0.1"))
    assert place_of(msgspec.json.decode(msgspec.json.encode(made))) == place
