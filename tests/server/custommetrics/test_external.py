"""external.metrics.k8s.io from exporters, and what discovery says of metrics."""

import asyncio
import json

import msgspec
import pytest

from podo.api.errors import BadRequest, NotFound
from podo.server.aggregation.merging import RemoteVersion
from podo.server.context import User
from podo.server.custommetrics.answers import CustomMetricsAPI
from podo.server.custommetrics.external import ExternalMetricsAPI
from podo.server.custommetrics.listing import offered
from podo.server.custommetrics.scraping import PAUSE, Place, Scrapes
from podo.server.discovery import Discovery
from podo.server.http.handler import Call, PathRequest
from podo.server.http.request_info import request_info
from podo.server.registry.catalog import Catalog
from tests.build import pod, served

SCRAPED = {"prometheus.io/scrape": "true"}
V2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@pytest.fixture
async def scrapes(client, clock):
    for name, address in (("exporter-a", "10.0.0.1"), ("exporter-b", "10.0.0.2")):
        made = pod(name, annotations=SCRAPED, status=served(address))
        stored = await client.create(made)
        await client.update(msgspec.structs.replace(stored, status=made.status), subresource="status")
    start = clock.now()

    async def fetch(place: Place) -> str:
        seconds = (clock.now() - start).total_seconds()
        return f'ready{{queue="mail"}} 3\nready{{queue="bills"}} 4.5\nsent_total{{queue="mail"}} {20 * seconds}\n'

    return Scrapes(fetch, clock)


@pytest.fixture
def external(core, scrapes):
    return ExternalMetricsAPI(core, scrapes)


async def ask(api, clock, metric, query=None, namespace="ns"):
    info = request_info("GET", f"/apis/external.metrics.k8s.io/v1beta1/namespaces/{namespace}/{metric}")

    async def may():
        pass

    asked = asyncio.ensure_future(api.answer(Call(None, info, query or {}, User("me"), may)))
    await clock.run_for(0)
    if not asked.done():
        await clock.run_for(PAUSE)
    return json.loads((await asked).body)


async def test_there_is_a_value_for_each_set_of_labels_summed_over_the_exporters(external, clock):
    found = await ask(external, clock, "ready")
    assert (found["kind"], found["apiVersion"]) == ("ExternalMetricValueList", "external.metrics.k8s.io/v1beta1")
    assert [(i["metricName"], i["metricLabels"], i["value"]) for i in found["items"]] == [
        ("ready", {"queue": "bills"}, "9"),
        ("ready", {"queue": "mail"}, "6"),
    ]
    assert all("window" not in item for item in found["items"])


async def test_a_selector_picks_by_labels_of_the_metric(external, clock):
    (item,) = (await ask(external, clock, "ready", {"labelSelector": "queue=mail"}))["items"]
    assert item["value"] == "6"
    with pytest.raises(BadRequest):
        await ask(external, clock, "ready", {"labelSelector": "queue in"})


async def test_a_counter_tells_how_fast_it_grows(external, clock):
    (item,) = (await ask(external, clock, "sent_per_second"))["items"]
    assert (item["metricLabels"], item["value"], item["window"]) == ({"queue": "mail"}, "40", 1)


@pytest.mark.parametrize(("metric", "namespace"), [("none", "ns"), ("ready", "other"), ("ready/below", "ns")])
async def test_what_nobody_says_there_is_not_found(external, clock, metric, namespace):
    with pytest.raises(NotFound):
        await ask(external, clock, metric, namespace=namespace)


def test_a_counter_is_offered_with_its_rate():
    assert offered(["ready", "sent_total"]) == ["ready", "sent_per_second", "sent_total"]


class Others:
    """What other servers serve."""

    def __init__(self, remote):
        self.remote, self.version = remote, 1

    def groups(self):
        return self.remote


async def document(discovery, path, accept="application/json"):
    return json.loads((await discovery.answer(PathRequest("GET", path, {}, {"Accept": accept}, User("u")))).body)


@pytest.fixture
def discovered(core, scrapes, external):
    def made(remote=None):
        computed = {"custom.metrics.k8s.io": CustomMetricsAPI(core, scrapes), "external.metrics.k8s.io": external}
        return Discovery(Catalog(), lambda: "127.0.0.1:6443", computed, Others(remote or {}))

    return made


async def test_the_groups_of_metrics_are_in_discovery_before_any_is_known(discovered):
    found = discovered()
    listed = {g["name"]: [v["version"] for v in g["versions"]] for g in (await document(found, "/apis"))["groups"]}
    assert listed["custom.metrics.k8s.io"] == ["v1beta2", "v1beta1"]
    assert await document(found, "/apis/external.metrics.k8s.io/v1beta1") == {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": "external.metrics.k8s.io/v1beta1",
        "resources": [],
    }


async def test_metrics_that_have_been_seen_are_rows_of_discovery(discovered, external, clock):
    found = discovered()
    await document(found, "/apis")
    await ask(external, clock, "ready")
    rows = (await document(found, "/apis/external.metrics.k8s.io/v1beta1"))["resources"]
    assert [(r["name"], r["kind"], r["verbs"]) for r in rows] == [
        (name, "ExternalMetricValueList", ["get"]) for name in ("ready", "sent_per_second", "sent_total")
    ]
    rows = (await document(found, "/apis/custom.metrics.k8s.io/v1beta2"))["resources"]
    assert {
        "name": "pods/ready",
        "singularName": "",
        "namespaced": True,
        "kind": "MetricValueList",
        "verbs": ["get"],
    } in rows
    assert "pods" not in {r["name"] for r in rows}
    groups = {i["metadata"].get("name"): i for i in (await document(found, "/apis", V2))["items"]}
    pods = groups["custom.metrics.k8s.io"]["versions"][0]["resources"][1]
    assert (pods["resource"], pods["subresources"][0]["subresource"]) == ("pods", "ready")


async def test_a_group_that_an_add_on_serves_is_not_shown_as_ours(discovered, external, clock):
    await ask(external, clock, "ready")
    theirs = RemoteVersion("v1beta1", 100, 100, True, [{"resource": "theirs"}])
    found = discovered({"custom.metrics.k8s.io": [theirs]})
    groups = {i["metadata"].get("name"): i for i in (await document(found, "/apis", V2))["items"]}
    (version,) = groups["custom.metrics.k8s.io"]["versions"]
    assert (version["version"], version["resources"]) == ("v1beta1", [{"resource": "theirs"}])
