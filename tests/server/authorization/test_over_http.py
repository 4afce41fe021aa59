"""Authorization of requests, reviews included."""

import aiohttp
import pytest

from podo.clock import SystemClock
from podo.server.app import ServerConfig, serving

ACCESS = "/apis/authorization.k8s.io/v1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
TOKENS = 'secret,admin,1,"system:masters"\nbob,bob,2,"dev"\n'
BOB = {"Authorization": "Bearer bob"}


@pytest.fixture
async def api(tmp_path):
    tokens = tmp_path / "tokens.csv"
    tokens.write_text(TOKENS)
    config = ServerConfig(port=0, token_file=tokens, service_cidr="10.0.0.0/24")
    async with serving(config, SystemClock()) as server:
        headers = {"Authorization": "Bearer secret"}
        async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}", headers=headers) as session:
            yield session


async def send(api, method, path, body=None, **headers):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    async with api.request(method, path, json=body, headers=given) as response:
        is_json = response.content_type == "application/json"
        return response.status, await response.json() if is_json else await response.text()


async def allow(api, *rules, user="bob", namespace="default"):
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": rules}
    await send(api, "POST", f"{RBAC}/namespaces/{namespace}/roles", role)
    subject = {"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}
    binding = {"apiVersion": role["apiVersion"], "kind": "RoleBinding", "metadata": {"name": "b"}, "roleRef": ref}
    status, _ = await send(
        api, "POST", f"{RBAC}/namespaces/{namespace}/rolebindings", binding | {"subjects": [subject]}
    )
    assert status == 201


async def test_what_is_not_allowed_is_forbidden(api):
    status, body = await send(api, "GET", "/api/v1/namespaces/default/pods", Authorization="Bearer bob")
    assert status == 403
    assert body["message"] == (
        'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"'
    )


async def test_an_anonymous_request_sees_health_and_version_alone(api):
    async with aiohttp.ClientSession(api._base_url) as anonymous:
        assert (await send(anonymous, "GET", "/healthz"))[0] == 200
        assert (await send(anonymous, "GET", "/version"))[0] == 200
        assert (await send(anonymous, "GET", "/.well-known/openid-configuration"))[0] == 404  # allowed: no issuer here
        assert (await send(anonymous, "GET", "/openid/v1/jwks"))[0] == 403
        status, body = await send(anonymous, "GET", "/api")
        assert (status, body["message"]) == (403, 'forbidden: User "system:anonymous" cannot get path "/api"')


async def test_a_list_of_one_name_is_allowed_by_that_name(api):
    await allow(api, {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"], "resourceNames": ["c"]})
    path = "/api/v1/namespaces/default/configmaps"
    assert (await send(api, "GET", f"{path}?fieldSelector=metadata.name=c", **BOB))[0] == 200
    assert (await send(api, "GET", f"{path}?fieldSelector=metadata.name=d", **BOB))[0] == 403
    assert (await send(api, "GET", path, **BOB))[0] == 403


async def test_an_update_that_creates_needs_the_right_to_create(api):
    await allow(api, {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["update"]})
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}}
    path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l"
    status, body = await send(api, "PUT", path, lease, **BOB)
    assert status == 403
    assert 'leases.coordination.k8s.io "l" is forbidden: User "bob" cannot create' in body["message"]


async def test_reviews_answer_for_others_and_for_oneself(api):
    await allow(api, {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]})
    attributes = {"verb": "get", "resource": "pods", "namespace": "default"}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
    spec = {"user": "bob", "resourceAttributes": attributes}
    _, body = await send(api, "POST", f"{ACCESS}/subjectaccessreviews", review | {"spec": spec})
    reason = 'RBAC: allowed by RoleBinding "b/default" of Role "r" to User "bob"'
    assert body["status"] == {"allowed": True, "reason": reason}
    own = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    asked = own | {"spec": {"resourceAttributes": attributes | {"verb": "delete"}}}
    status, body = await send(api, "POST", f"{ACCESS}/selfsubjectaccessreviews", asked, **BOB)
    assert (status, body["status"]) == (201, {"allowed": False})


async def test_rules_reviews_enumerate(api):
    await allow(api, {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["p"]})
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": "default"},
    }
    _, body = await send(api, "POST", f"{ACCESS}/selfsubjectrulesreviews", review, **BOB)
    own = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["p"]}
    assert own in body["status"]["resourceRules"]
    assert body["status"]["incomplete"] is False


async def test_a_review_of_nothing_is_invalid(api):
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {"user": "x"}}
    status, body = await send(api, "POST", f"{ACCESS}/subjectaccessreviews", review)
    assert status == 422
    assert body["message"].startswith(
        '.authorization.k8s.io "" is invalid: spec.resourceAttributes: Invalid value: null'
    )


async def test_who_am_i_and_whose_token_is_this(api):
    path = "/apis/authentication.k8s.io/v1"
    own = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    _, body = await send(api, "POST", f"{path}/selfsubjectreviews", own, **BOB)
    assert body["status"]["userInfo"] == {"username": "bob", "uid": "2", "groups": ["dev", "system:authenticated"]}
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": "bob"}}
    _, body = await send(api, "POST", f"{path}/tokenreviews", review)
    assert body["status"]["authenticated"] is True
    assert body["status"]["user"]["username"] == "bob"
    _, body = await send(api, "POST", f"{path}/tokenreviews", review | {"spec": {"token": "nope"}})
    assert "authenticated" not in body["status"]


async def test_masters_may_act_as_others(api):
    _, body = await send(
        api,
        "POST",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
        Impersonate_User="carol",
        Impersonate_Group="ops",
    )
    assert body["status"]["userInfo"] == {"username": "carol", "groups": ["ops", "system:authenticated"]}
