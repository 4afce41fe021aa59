"""Fairness, as clients see it."""

import asyncio

import aiohttp
import pytest

from podo.clock import SystemClock
from podo.server.app import ServerConfig, serving
from podo.server.options import GuardOptions

API = "/apis/flowcontrol.apiserver.k8s.io/v1"
HEADERS = ("X-Kubernetes-PF-FlowSchema-UID", "X-Kubernetes-PF-PriorityLevel-UID")


@pytest.fixture
async def api(tmp_path):
    (tmp_path / "tokens.csv").write_text('secret,admin,1,"system:masters"\nbob,bob,2,"system:masters"\nnoxu,noxu,3\n')
    guard = GuardOptions(max_requests_inflight=8, max_mutating_requests_inflight=2)
    config = ServerConfig(port=0, token_file=tmp_path / "tokens.csv", service_cidr="10.0.0.0/24", guard=guard)
    async with serving(config, SystemClock()) as server:
        headers = {"Authorization": "Bearer secret"}
        async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}", headers=headers) as session:
            session.core = server.core
            yield session


async def send(api, method, path, body=None, token="secret"):
    async with api.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"}) as response:
        is_json = response.content_type == "application/json"
        return response, await response.json() if is_json else await response.text()


async def level(api, name="mine", **limited):
    given = {"nominalConcurrencyShares": 1, "limitResponse": {"type": "Reject"}} | limited
    spec = {"type": "Limited", "limited": given}
    body = {"apiVersion": API[6:], "kind": "PriorityLevelConfiguration", "metadata": {"name": name}, "spec": spec}
    return (await send(api, "POST", f"{API}/prioritylevelconfigurations", body))[1]


async def schema(api, name="mine", user="noxu", precedence=2, to="mine"):
    rule = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True}
    paths = {"verbs": ["*"], "nonResourceURLs": ["*"]}
    subject = {"kind": "User", "user": {"name": user}}
    rules = [{"subjects": [subject], "resourceRules": [rule], "nonResourceRules": [paths]}]
    spec = {"matchingPrecedence": precedence, "priorityLevelConfiguration": {"name": to}, "rules": rules}
    body = {"apiVersion": API[6:], "kind": "FlowSchema", "metadata": {"name": name}, "spec": spec}
    return (await send(api, "POST", f"{API}/flowschemas", body))[1]


async def until(look):
    for _ in range(500):
        if found := await look():
            return found
        await asyncio.sleep(0.01)
    raise AssertionError("it never happens")


def condition(obj):
    found = [c for c in obj.get("status", {}).get("conditions", ()) if c["type"] == "Dangling"]
    return (found[0]["status"], found[0]["reason"]) if found else None


async def test_answers_say_to_which_schema_and_level_the_request_belongs(api):
    its_level, its_schema = await level(api), await schema(api)
    response, _ = await send(api, "GET", "/version", token="noxu")
    assert response.headers[HEADERS[0]] == its_schema["metadata"]["uid"]
    assert response.headers[HEADERS[1]] == its_level["metadata"]["uid"]
    other, _ = await send(api, "GET", "/version")
    assert other.headers[HEADERS[0]] not in ("", its_schema["metadata"]["uid"])


async def test_a_refused_request_is_counted_like_the_others(api):
    response, _ = await send(api, "GET", "/api/v1/nodes", token="noxu")
    assert response.status == 403
    assert response.headers[HEADERS[0]]


async def test_a_schema_says_whether_its_level_is_there(api):
    async def said(expected):
        async def look():
            return condition((await send(api, "GET", f"{API}/flowschemas/mine"))[1]) == expected

        return await until(look)

    await schema(api)
    await said(("True", "NotFound"))
    await level(api)
    await said(("False", "Found"))


async def test_what_every_cluster_has_comes_back_and_is_put_right(api):
    path = f"{API}/prioritylevelconfigurations/catch-all"
    _, before = await send(api, "GET", path)
    changed = before | {"spec": {"type": "Limited", "limited": {"nominalConcurrencyShares": 99}}}
    await send(api, "PUT", path, changed)

    async def shares():
        _, now = await send(api, "GET", path)
        return now.get("spec", {}).get("limited", {}).get("nominalConcurrencyShares") == 5

    await until(shares)
    await send(api, "DELETE", path)
    await until(shares)


async def test_where_someone_says_so_their_own_values_stay(api):
    path = f"{API}/prioritylevelconfigurations/workload-low"
    _, before = await send(api, "GET", path)
    before["metadata"]["annotations"]["apf.kubernetes.io/autoupdate-spec"] = "false"
    before["spec"]["limited"]["nominalConcurrencyShares"] = 77
    await send(api, "PUT", path, before)
    await level(api)
    await schema(api)

    async def settled():
        return condition((await send(api, "GET", f"{API}/flowschemas/mine"))[1])

    await until(settled)
    assert (await send(api, "GET", path))[1]["spec"]["limited"]["nominalConcurrencyShares"] == 77


async def test_the_levels_can_be_looked_at(api):
    _, text = await send(api, "GET", "/debug/api_priority_and_fairness/dump_priority_levels")
    lines = text.splitlines()
    assert lines[0].split() == [
        *("PriorityLevelName,", "ActiveQueues,", "IsIdle,", "IsQuiescing,", "WaitingRequests,", "ExecutingRequests,"),
        *("DispatchedRequests,", "RejectedRequests,", "TimedoutRequests,", "CancelledRequests"),
    ]
    assert any(line.startswith("workload-low,") and " true, " in line for line in lines)
    _, queues = await send(api, "GET", "/debug/api_priority_and_fairness/dump_queues")
    assert len(queues.splitlines()) > 100
    _, requests = await send(api, "GET", "/debug/api_priority_and_fairness/dump_requests")
    assert requests.startswith("PriorityLevelName,")


async def test_a_watch_holds_its_seat_only_until_its_stream_has_begun(api):
    await level(api)
    await schema(api)
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "noxu"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "noxu"}],
    }
    await send(api, "POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)
    headers = {"Authorization": "Bearer noxu"}
    async with api.get("/api/v1/namespaces?watch=1", headers=headers) as first:
        await first.content.readline()
        async with api.get("/api/v1/namespaces?watch=1", headers=headers) as second:
            await second.content.readline()
            response, _ = await send(api, "GET", "/api/v1/namespaces", token="noxu")
            assert (first.status, second.status, response.status) == (200, 200, 200)
