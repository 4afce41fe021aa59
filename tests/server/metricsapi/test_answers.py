"""metrics.k8s.io over HTTP, from made-up summaries."""

import msgspec
import pytest

from podo.api.errors import NotFound
from podo.api.types.core_v1 import Node
from podo.api.types.meta_v1 import ObjectMeta
from podo.server.context import User
from podo.server.http.handler import Call
from podo.server.http.request_info import request_info
from podo.server.metricsapi.answers import MetricsAPI
from podo.server.metricsapi.objects import total
from tests.build import pod

AT = "2026-01-01T00:00:10Z"


class Agents:
    """Says what it is given for the nodes that it is asked about."""

    def __init__(self, summaries):
        self.summaries = summaries

    async def of(self, nodes):
        names = {node["metadata"]["name"] for node in nodes}
        return {name: summary for name, summary in self.summaries.items() if name in names}


def figures(nano, working, **more):
    return {"cpu": {"time": AT, "usageNanoCores": nano}, "memory": {"time": AT, "workingSetBytes": working}} | more


class Request:
    def __init__(self, accept=""):
        self.headers = {"Accept": accept}


@pytest.fixture
async def ask(core, client):
    agents = Agents({})
    api = MetricsAPI(core, agents)
    uids = {}
    for name in ("n1", "silent"):
        await client.create(Node(metadata=ObjectMeta(name=name, labels={"zone": name})))
    for name, node in (("a", "n1"), ("b", "n1"), ("c", "silent")):
        made = await client.create(pod(name, node=node, labels={"app": name}))
        uids[name] = made.metadata.uid
    containers = [figures(2_000_000, 2048, name="y"), figures(1_000_001, 1024, name="x")]
    fresh = [{"name": "x", "memory": {"workingSetBytes": 1}}]
    agents.summaries["n1"] = {
        "node": figures(500_000_000, 4096, window="15.5s"),
        "pods": [
            figures(3_000_001, 3072, podRef={"uid": uids["a"]}, containers=containers),
            figures(1, 1, podRef={"uid": uids["b"]}, containers=fresh),
        ],
    }

    async def answered(path, query=None, accept="", method="GET", verb="list"):
        info = request_info(method, f"/apis/metrics.k8s.io/v1beta1/{path}")._replace(verb=verb)

        async def may():
            pass

        answer = await api.answer(Call(Request(accept), info, query or {}, User("me"), may))
        return msgspec.json.decode(answer.body)

    return answered


async def test_nodes_that_answer_have_metrics(ask):
    found = await ask("nodes")
    assert (found["kind"], found["apiVersion"]) == ("NodeMetricsList", "metrics.k8s.io/v1beta1")
    (node,) = found["items"]
    assert node["metadata"] == {"name": "n1", "creationTimestamp": AT, "labels": {"zone": "n1"}}
    assert (node["timestamp"], node["window"]) == (AT, "15.5s")
    assert node["usage"] == {"cpu": "500m", "memory": "4Ki"}


async def test_pods_have_metrics_by_container_once_all_have_figures(ask):
    (found,) = (await ask("namespaces/ns/pods"))["items"]
    assert found["metadata"]["name"] == "a"
    assert found["containers"] == [
        {"name": "x", "usage": {"cpu": "1000001n", "memory": "1Ki"}},
        {"name": "y", "usage": {"cpu": "2m", "memory": "2Ki"}},
    ]
    assert total(found) == {"cpu": "3000001n", "memory": "3Ki"}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"labelSelector": "app=a"}, ["a"]),
        ({"labelSelector": "app=b"}, []),
        ({"fieldSelector": "metadata.name=a"}, ["a"]),
    ],
)
async def test_selectors(ask, query, names):
    assert [i["metadata"]["name"] for i in (await ask("pods", query))["items"]] == names


async def test_one_pod(ask):
    assert (await ask("namespaces/ns/pods/a", verb="get"))["kind"] == "PodMetrics"
    with pytest.raises(NotFound) as caught:
        await ask("namespaces/ns/pods/b", verb="get")
    assert str(caught.value) == 'podmetrics.metrics.k8s.io "ns/b" not found'


async def test_as_a_table(ask):
    found = await ask("nodes", accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    assert [c["name"] for c in found["columnDefinitions"]] == ["Name", "cpu", "memory", "Window"]
    assert [row["cells"] for row in found["rows"]] == [["n1", "500m", "4Ki", "15.5s"]]


async def test_nothing_else_can_be_done_with_them(ask):
    with pytest.raises(Exception, match="does not allow this method"):
        await ask("nodes/n1", method="DELETE", verb="delete")
    with pytest.raises(NotFound, match="could not find the requested resource"):
        await ask("claims")
