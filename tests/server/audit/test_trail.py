"""What the audit log says of requests, over HTTP."""

import asyncio

import aiohttp
import msgspec
import pytest
import yaml

from podo.clock import SystemClock
from podo.server.app import ServerConfig, serving
from podo.server.options import GuardOptions

TOKENS = 'secret,admin,1,"system:masters"\nbob,bob,2,"dev"\n'
RULES = [
    {"level": "None", "nonResourceURLs": ["/healthz"]},
    {"level": "Metadata", "resources": [{"resources": ["secrets", "serviceaccounts/token"]}]},
    {"level": "Request", "verbs": ["list", "watch"]},
    {"level": "RequestResponse", "omitManagedFields": True},
]


@pytest.fixture
async def api(tmp_path):
    (tmp_path / "tokens.csv").write_text(TOKENS)
    policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": RULES}
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(policy))
    guard = GuardOptions(audit_policy_file=str(tmp_path / "policy.yaml"), audit_log_path=str(tmp_path / "audit.log"))
    config = ServerConfig(port=0, token_file=tmp_path / "tokens.csv", service_cidr="10.0.0.0/24", guard=guard)
    async with serving(config, SystemClock()) as server:
        headers = {"Authorization": "Bearer secret", "User-Agent": "test/1"}
        async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}", headers=headers) as session:
            session.log = tmp_path / "audit.log"
            yield session


def events(api, stage="ResponseComplete"):
    found = [msgspec.json.decode(line) for line in api.log.read_bytes().splitlines()]
    return [event for event in found if event["stage"] == stage]


async def send(api, method, path, body=None, **headers):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    async with api.request(method, path, json=body, headers=given) as response:
        await response.read()
        return response


def config_map(name="a"):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": "v"}}


MAPS = "/api/v1/namespaces/default/configmaps"


async def test_an_event_says_who_did_what_from_where_and_how_it_ended(api):
    answer = await send(api, "POST", f"{MAPS}?fieldManager=m", config_map(), X_Forwarded_For="192.0.2.1")
    [event] = events(api)
    assert event["level"] == "RequestResponse"
    assert event["auditID"] == answer.headers["Audit-Id"]
    assert (event["requestURI"], event["verb"]) == (f"{MAPS}?fieldManager=m", "create")
    assert event["user"] == {"username": "admin", "uid": "1", "groups": ["system:masters", "system:authenticated"]}
    assert event["sourceIPs"] == ["192.0.2.1", "127.0.0.1"]
    assert event["userAgent"] == "test/1"
    assert event["objectRef"] == {
        "resource": "configmaps", "namespace": "default", "name": "a", "apiVersion": "v1"
    }  # fmt: skip
    assert event["responseStatus"] == {"metadata": {}, "code": 201}
    assert event["requestObject"]["data"] == {"k": "v"}
    assert event["responseObject"]["metadata"]["uid"]
    assert "managedFields" not in event["responseObject"]["metadata"]
    assert event["annotations"]["authorization.k8s.io/decision"] == "allow"
    assert event["requestReceivedTimestamp"] <= event["stageTimestamp"]
    [received] = events(api, "RequestReceived")
    assert received["auditID"] == event["auditID"]
    assert "responseStatus" not in received


async def test_a_client_may_name_its_request(api):
    answer = await send(api, "GET", MAPS, Audit_ID="mine")
    assert answer.headers["Audit-Id"] == "mine"
    assert events(api)[0]["auditID"] == "mine"


async def test_what_is_refused_is_recorded_with_the_reason(api):
    await send(api, "GET", f"{MAPS}/a", Authorization="Bearer bob")
    [event] = events(api)
    assert event["user"]["username"] == "bob"
    assert event["annotations"]["authorization.k8s.io/decision"] == "forbid"
    assert (event["responseStatus"]["code"], event["responseStatus"]["reason"]) == (403, "Forbidden")


async def test_audit_evasion_a_request_without_good_credentials_is_recorded(api):
    await send(api, "DELETE", f"{MAPS}/a", Authorization="Bearer nobody")
    [event] = events(api)
    assert (event["user"], event["verb"], event["responseStatus"]["code"]) == ({}, "delete", 401)


async def test_audit_evasion_who_acts_as_another_is_named_too(api):
    await send(api, "GET", MAPS, Impersonate_User="jane")
    [event] = events(api)
    assert event["user"]["username"] == "admin"
    assert event["impersonatedUser"]["username"] == "jane"


async def test_audit_evasion_an_odd_path_is_recorded_as_what_it_does(api):
    await send(api, "POST", f"{MAPS}/", config_map("b"))
    await send(api, "DELETE", "/api/v1/namespaces/default/config%6daps/b")
    assert [event["verb"] for event in events(api)] == ["create", "delete"]
    assert events(api)[1]["objectRef"]["resource"] == "configmaps"


async def test_audit_evasion_a_client_that_goes_before_the_answer_is_recorded(api):
    async with api.get(f"{MAPS}?watch=1") as response:
        assert len(events(api, "ResponseStarted")) == 1
        response.close()
    for _ in range(500):
        if events(api):
            break
        await asyncio.sleep(0.01)
    [event] = events(api)
    assert event["verb"] == "watch"
    assert event["responseStatus"] == {"metadata": {}, "message": "Connection closed early", "code": 200}


async def test_secrets_are_not_written_into_the_log_where_the_policy_says_so(api):
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "hidden"}}
    await send(api, "POST", "/api/v1/namespaces/default/secrets", secret)
    [event] = events(api)
    assert event["level"] == "Metadata"
    assert event["objectRef"]["name"] == "s"
    assert b"hidden" not in api.log.read_bytes()


async def test_a_patch_is_recorded_as_it_was_sent(api):
    await send(api, "POST", MAPS, config_map())
    patch = b"data: {k: w}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    headers = {"Content-Type": "application/apply-patch+yaml"}
    url = f"{MAPS}/a?fieldManager=m&force=true"
    async with api.patch(url, data=patch, headers=headers) as response:
        assert response.status == 200
    event = events(api)[-1]
    assert (event["verb"], event["requestObject"]["data"]) == ("patch", {"k": "w"})


async def test_a_list_is_recorded_without_its_answer_at_level_request(api):
    await send(api, "GET", MAPS)
    [event] = events(api)
    assert event["level"] == "Request"
    assert "responseObject" not in event


async def test_answers_in_protobuf_are_recorded_too(api):
    await send(api, "POST", MAPS, config_map())
    await send(api, "GET", f"{MAPS}/a", Accept="application/vnd.kubernetes.protobuf")
    assert events(api)[-1]["responseObject"]["data"] == {"k": "v"}


async def test_what_the_policy_leaves_out_is_not_recorded(api):
    await send(api, "GET", "/healthz")
    assert events(api) == []
