"""Tokens in Secrets: made for an account, gone with it, and retired when nobody uses them."""

import base64

import msgspec
import pytest

from podo.api.types.core_v1 import (
    ConfigMap,
    Container,
    Namespace,
    ObjectReference,
    Pod,
    PodSpec,
    Secret,
    SecretVolumeSource,
    ServiceAccount,
    Volume,
)
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key, key_of
from podo.controllers.legacy_token_cleaner import INVALID_SINCE, TRACKING, LegacyTokenCleaner
from podo.controllers.service_account_tokens import NAME, TYPE, UID, ServiceAccountTokens

from .lab import NS

YEAR = 365 * 86400


def secret(name="t", account="x", **annotations):
    given = {NAME: account} | annotations
    return Secret(metadata=ObjectMeta(namespace=NS, name=name, annotations=given), type=TYPE)


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(
        lambda client, clock, events: ServiceAccountTokens(client, "CA", lambda claims: f"signed:{claims.decode()}"),
        lambda client, clock, events: LegacyTokenCleaner(client, clock),
    )


@pytest.fixture
async def account(lab):
    return await lab.user.create(ServiceAccount(metadata=ObjectMeta(namespace=NS, name="x")))


def value(found, name):
    return base64.b64decode(found.data[name]).decode()


async def test_a_secret_for_an_account_gets_its_token(lab, account):
    await lab.user.create(secret())
    await lab.settle()
    found = await lab.get(Secret, "t")
    assert (value(found, "ca.crt"), value(found, "namespace")) == ("CA", NS)
    assert found.metadata.annotations[UID] == account.metadata.uid
    claims = msgspec.json.decode(value(found, "token").removeprefix("signed:"))
    assert claims == {
        "iss": "kubernetes/serviceaccount",
        "kubernetes.io/serviceaccount/namespace": NS,
        "kubernetes.io/serviceaccount/secret.name": "t",
        "kubernetes.io/serviceaccount/service-account.name": "x",
        "kubernetes.io/serviceaccount/service-account.uid": account.metadata.uid,
        "sub": f"system:serviceaccount:{NS}:x",
    }


async def test_a_token_goes_with_its_account(lab, account):
    await lab.user.create(secret())
    await lab.settle()
    await lab.user.delete(ServiceAccount, key_of(account))
    await lab.settle()
    assert await lab.get(Secret, "t") is None


@pytest.mark.usefixtures("account")
async def test_a_secret_for_no_account_or_an_earlier_one_goes(lab):
    await lab.user.create(secret("of-nobody", "nobody"))
    await lab.user.create(secret("of-earlier", **{UID: "earlier"}))
    await lab.settle()
    assert await lab.get(Secret, "of-nobody") is None
    assert await lab.get(Secret, "of-earlier") is None


async def test_an_account_forgets_a_token_that_was_deleted(lab, account):
    await lab.user.create(secret())
    refs = (ObjectReference(name="t"), ObjectReference(name="other"))
    await lab.user.update(msgspec.structs.replace(account, secrets=refs))
    await lab.settle()
    await lab.user.delete(Secret, Key(NS, "t"))
    await lab.settle()
    assert [ref.name for ref in (await lab.get(ServiceAccount, "x")).secrets] == ["other"]


@pytest.fixture
async def automatic(lab, account):
    """A token that the account lists, and that is recorded as unused since the first of January."""
    await lab.user.create(Namespace(metadata=ObjectMeta(name="kube-system")))
    meta = ObjectMeta(namespace=TRACKING.namespace, name=TRACKING.name)
    await lab.user.create(ConfigMap(metadata=meta, data={"since": "2026-01-01"}))
    await lab.user.create(secret())
    await lab.user.update(msgspec.structs.replace(account, secrets=(ObjectReference(name="t"),)))
    await lab.settle()


@pytest.mark.usefixtures("automatic")
async def test_a_token_that_nobody_uses_is_marked_after_a_year_and_goes_after_another(lab):
    await lab.run_for(YEAR)
    assert INVALID_SINCE not in (await lab.get(Secret, "t")).metadata.labels
    await lab.run_for(3 * 86400)
    assert (await lab.get(Secret, "t")).metadata.labels[INVALID_SINCE].startswith("2027-01")
    await lab.run_for(YEAR + 3 * 86400)
    assert await lab.get(Secret, "t") is None


@pytest.mark.usefixtures("automatic")
async def test_a_token_that_a_pod_mounts_stays(lab):
    volume = Volume(name="v", secret=SecretVolumeSource(secret_name="t"))
    spec = PodSpec(containers=(Container(name="c", image="i"),), volumes=(volume,))
    await lab.user.create(Pod(metadata=ObjectMeta(namespace=NS, name="p"), spec=spec))
    await lab.run_for(YEAR + 5 * 86400)
    assert INVALID_SINCE not in (await lab.get(Secret, "t")).metadata.labels


@pytest.mark.usefixtures("account")
async def test_a_token_that_someone_made_stays(lab):
    await lab.user.create(secret())
    await lab.run_for(3 * YEAR)
    assert await lab.get(Secret, "t")
