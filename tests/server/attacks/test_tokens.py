"""Tokens of deleted Pods and accounts, and confused audiences."""

import base64

import msgspec
import pytest

from .conftest import DEFAULT

ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "worker"}}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
POD |= {"spec": {"serviceAccountName": "worker", "containers": [{"name": "c", "image": "i"}]}}
SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
WHO = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}


@pytest.fixture
async def token(api):
    """A way to get a token of the account, which has a Pod."""
    await api.made(f"{DEFAULT}/serviceaccounts", ACCOUNT)
    await api.made(f"{DEFAULT}/pods", POD)

    async def issue(**spec):
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        made = await api.made(f"{DEFAULT}/serviceaccounts/worker/token", body)
        return made["status"]["token"]

    return issue


async def who(api, token):
    """(status, name) of whom the server takes the bearer for."""
    status, found = await api.send("POST", SELF, WHO, token)
    return status, found.get("status", {}).get("userInfo", {}).get("username") if status == 201 else None


WORKER = (201, "system:serviceaccount:default:worker")


@pytest.mark.parametrize("again", [False, True], ids=["gone", "made anew"])
async def test_tokens_of_deleted_pods_are_refused(api, token, again):
    _, pod = await api.send("GET", f"{DEFAULT}/pods/p")
    reference = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": pod["metadata"]["uid"]}
    bound, free = await token(boundObjectRef=reference), await token()
    assert await who(api, bound) == WORKER
    await api.send("DELETE", f"{DEFAULT}/pods/p?gracePeriodSeconds=0")
    if again:
        await api.made(f"{DEFAULT}/pods", POD)
    assert await who(api, bound) == (401, None)
    assert await who(api, free) == WORKER


@pytest.mark.parametrize("again", [False, True], ids=["gone", "made anew"])
async def test_tokens_of_deleted_accounts_are_refused(api, token, again):
    old = await token()
    assert await who(api, old) == WORKER
    await api.send("DELETE", f"{DEFAULT}/serviceaccounts/worker")
    if again:
        await api.made(f"{DEFAULT}/serviceaccounts", ACCOUNT)
    assert await who(api, old) == (401, None)


async def test_tokens_of_deleted_secrets_and_nodes_are_refused(api, token):
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}
    for path, body in ((f"{DEFAULT}/secrets", secret), ("/api/v1/nodes", node)):
        made = await api.made(path, body)
        name, uid = made["metadata"]["name"], made["metadata"]["uid"]
        bound = await token(boundObjectRef={"apiVersion": "v1", "kind": made["kind"], "name": name, "uid": uid})
        assert await who(api, bound) == WORKER
        await api.send("DELETE", f"{path}/{name}")
        assert await who(api, bound) == (401, None)


def changed(token, **claims):
    """The token with other claims, and the old signature."""
    head, body, signature = token.split(".")
    found = msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))) | claims
    body = base64.urlsafe_b64encode(msgspec.json.encode(found)).rstrip(b"=").decode()
    return ".".join((head, body, signature))


async def test_tokens_whose_claims_were_changed_are_refused(api, token):
    own = await token()
    assert await who(api, changed(own)) == WORKER
    assert await who(api, changed(own, exp=4102444800)) == (401, None)
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    assert await who(api, ".".join((none, own.split(".")[1], ""))) == (401, None)


async def test_confused_audiences(api, token):
    vault, own = await token(audiences=["https://vault"]), await token()
    assert await who(api, vault) == (401, None)

    async def review(token, *audiences):
        spec = {"token": token} | ({"audiences": list(audiences)} if audiences else {})
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec}
        return (await api.made(REVIEWS, body))["status"]

    found = await review(vault, "https://vault", "https://other")
    assert (found["authenticated"], found["audiences"]) == (True, ["https://vault"])
    for status in (await review(vault), await review(vault, "https://other"), await review(own, "https://vault")):
        assert not status.get("authenticated")
        assert not status.get("user")
        assert "audiences" in status["error"]
