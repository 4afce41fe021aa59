"""Tokens of service accounts."""

import msgspec
import pytest

from podo.api.errors import BadRequest, Conflict, Invalid, NotFound
from podo.server.subresources.token import EXTENDED_SECONDS, PROJECTED_SECONDS


@pytest.fixture
async def accounts(lab):
    served = lab.kind("", "serviceaccounts")
    await lab.create(served)
    return served


async def ask(lab, served, name="x", metadata=None, **spec):
    obj = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec, "metadata": metadata or {}}
    return await lab.tokens.create(lab.ctx("token"), lab.target(served, name), obj)


def claims(lab, answer):
    return msgspec.json.decode(lab.issuer.key.verify(answer["status"]["token"]))


async def test_a_token_says_who_it_is_of_and_how_long(lab, accounts):
    answer = await ask(lab, accounts)
    found = claims(lab, answer)
    uid = (await lab.get(accounts))["metadata"]["uid"]
    assert found["sub"] == "system:serviceaccount:ns:x"
    assert found["kubernetes.io"] == {"namespace": "ns", "serviceaccount": {"name": "x", "uid": uid}}
    assert found["exp"] - found["iat"] == 3600
    assert answer["status"]["expirationTimestamp"] == "2026-01-01T01:00:00Z"
    assert answer["spec"]["audiences"] == ["https://cluster"]


async def test_a_token_is_bound_to_a_pod_and_its_node(lab, accounts):
    pod = await lab.pod("p", serviceAccountName="x", nodeName="n1")
    ref = {"kind": "Pod", "apiVersion": "v1", "name": "p"}
    found = claims(lab, await ask(lab, accounts, boundObjectRef=ref))["kubernetes.io"]
    assert found["pod"] == {"name": "p", "uid": pod["metadata"]["uid"]}
    assert found["node"] == {"name": "n1"}


async def test_a_projected_token_outlives_what_it_says_and_warns(lab, accounts):
    await lab.pod("p", serviceAccountName="x")
    ref = {"kind": "Pod", "apiVersion": "v1", "name": "p"}
    answer = await ask(lab, accounts, boundObjectRef=ref, expirationSeconds=PROJECTED_SECONDS)
    found = claims(lab, answer)
    assert found["exp"] - found["iat"] == EXTENDED_SECONDS
    assert found["kubernetes.io"]["warnafter"] - found["iat"] == PROJECTED_SECONDS


@pytest.mark.parametrize(
    ("ref", "failure", "complaint"),
    [
        ({"kind": "Pod", "apiVersion": "v1", "name": "none"}, NotFound, 'pods "none" not found'),
        ({"kind": "ConfigMap", "apiVersion": "v1", "name": "c"}, BadRequest, "cannot bind token to object of type /v1"),
        (
            {"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": "other"},
            Conflict,
            "does not match the UID in record",
        ),
        ({"kind": "Pod", "apiVersion": "v1", "name": "q"}, BadRequest, "running with different serviceaccount name"),
    ],
)
async def test_a_token_is_not_bound_to_just_anything(lab, accounts, ref, failure, complaint):
    await lab.pod("p", serviceAccountName="x")
    await lab.pod("q", serviceAccountName="y")
    with pytest.raises(failure, match=complaint):
        await ask(lab, accounts, boundObjectRef=ref)


@pytest.mark.parametrize(
    ("seconds", "complaint"), [(5, "less than 10 minutes"), (1 << 33, "larger than 2\\^32 seconds")]
)
async def test_a_token_lives_neither_too_short_nor_too_long(lab, accounts, seconds, complaint):
    with pytest.raises(Invalid, match=complaint):
        await ask(lab, accounts, expirationSeconds=seconds)


async def test_only_accounts_that_are_there_have_tokens(lab, accounts):
    with pytest.raises(NotFound, match='serviceaccounts "none" not found'):
        await ask(lab, accounts, "none")
    with pytest.raises(Conflict, match="does not match the UID of the service account"):
        await ask(lab, accounts, metadata={"uid": "other"})
    with pytest.raises(Invalid, match="must match the service account name if specified"):
        await ask(lab, accounts, metadata={"name": "other"})
