"""Audit evasion: whatever a client does, what it did is in the log, under its own name."""

import pytest

from .conftest import DEFAULT

MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}


async def last(api):
    """What the log says of the last request."""
    return api.events()[-1]


@pytest.mark.parametrize(
    ("path", "verb"),
    [
        ("/api/v1/watch/namespaces/default/secrets?timeoutSeconds=1", "watch"),
        (f"{DEFAULT}/secrets?watch=1&timeoutSeconds=1", "watch"),
        (f"{DEFAULT}/secrets?watch=true&watch=false&timeoutSeconds=1", "watch"),
        (f"{DEFAULT}/secrets?fieldSelector=metadata.name%3Da", "list"),
        ("/api/v1/namespaces/default/%73ecrets", "list"),
        ("/api/v1/namespaces/default/secrets//", "list"),
        ("/api/v1/namespaces/default/secrets/a", "get"),
    ],
)
async def test_audit_evasion_by_another_way_to_say_it(api, path, verb):
    await api.send("GET", path)
    event = await last(api)
    assert (event["verb"], event["objectRef"]["resource"]) == (verb, "secrets")
    assert event["user"]["username"] == "admin"


@pytest.mark.parametrize("path", ["/healthz/../api/v1/secrets", "/healthz/%2e%2e/api/v1/secrets", "/healthz//x"])
async def test_audit_evasion_by_a_path_of_those_that_are_not_recorded(api, path):
    status, found = await api.send("GET", path)
    assert status == 404
    assert "items" not in found


async def test_audit_evasion_by_the_headers_of_others(api):
    says = {"Audit_ID": "a" * 10_000, "X_Forwarded_For": "192.0.2.1", "X_Remote_User": "nobody"}
    await api.send("POST", f"{DEFAULT}/configmaps", MAP, **says)
    event = await last(api)
    assert event["user"]["username"] == "admin"
    assert event["sourceIPs"][-1] == "127.0.0.1"
    assert event["auditID"] == "a" * 64


async def test_audit_evasion_by_a_dry_run_or_a_collection(api):
    await api.send("POST", f"{DEFAULT}/configmaps?dryRun=All", MAP)
    assert "dryRun=All" in (await last(api))["requestURI"]
    await api.send("DELETE", f"{DEFAULT}/configmaps?fieldSelector=metadata.name%3Dm")
    assert (await last(api))["verb"] == "deletecollection"


async def test_audit_evasion_by_what_fails(api):
    await api.send("POST", f"{DEFAULT}/configmaps?timeout=nonsense", MAP)
    assert (await last(api))["responseStatus"]["code"] == 400
    await api.send("PROPFIND", f"{DEFAULT}/configmaps", MAP)
    assert (await last(api))["verb"] == "propfind"
    await api.send("GET", f"{DEFAULT}/configmaps", token="bob", Impersonate_User="admin")
    event = await last(api)
    assert (event["user"]["username"], event["responseStatus"]["code"]) == ("bob", 403)


async def test_audit_evasion_by_acting_as_another_by_a_constrained_mode(api):
    group = {"apiGroups": ["authentication.k8s.io"], "resources": ["users"], "verbs": ["impersonate:user-info"]}
    on = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["impersonate-on:user-info:list"]}
    await api.allow("acts", group, on)
    await api.send("GET", f"{DEFAULT}/configmaps", token="bob", Impersonate_User="jane")
    event = await last(api)
    assert (event["user"]["username"], event["impersonatedUser"]["username"]) == ("bob", "jane")
    assert event["authenticationMetadata"] == {"impersonationConstraint": "impersonate:user-info"}
