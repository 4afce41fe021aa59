"""Bootstrap tokens, as the API believes them."""

import base64

import msgspec
import pytest

from podo.api.types.core_v1 import Secret
from podo.api.types.meta_v1 import ObjectMeta
from podo.clock import VirtualClock
from podo.server.authentication.base import Credentials
from podo.server.authentication.bootstrap_token import BootstrapTokens

TOKEN = "abcdef.0123456789abcdef"


def secret(name="bootstrap-token-abcdef", kind="bootstrap.kubernetes.io/token", **data):
    given = {"token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true"}
    given |= {key.replace("_", "-"): value for key, value in data.items()}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in given.items()}
    return Secret(metadata=ObjectMeta(namespace="kube-system", name=name), type=kind, data=encoded)


async def user(found, token=TOKEN):
    def find(cls, namespace, name):
        here = (cls, namespace, name) == (Secret, "kube-system", found.metadata.name)
        return found if here else None

    return await BootstrapTokens(find, VirtualClock()).authenticate(Credentials(token=token))


async def test_who_shows_a_bootstrap_token_is_a_bootstrapper():
    found = await user(secret())
    assert (found.name, found.groups) == ("system:bootstrap:abcdef", ("system:bootstrappers",))


async def test_a_token_may_give_more_groups():
    found = await user(secret(auth_extra_groups="system:bootstrappers:kubeadm,system:bootstrappers:b"))
    assert found.groups == ("system:bootstrappers", "system:bootstrappers:b", "system:bootstrappers:kubeadm")


@pytest.mark.parametrize(
    "bad",
    [
        secret(token_secret="0123456789abcdeX"),
        secret(token_id="fedcba"),
        secret(usage_bootstrap_authentication="false"),
        secret(expiration="2025-12-31T23:59:59Z"),
        secret(expiration="tomorrow"),
        secret(auth_extra_groups="system:masters"),
        secret(kind="Opaque"),
        secret("bootstrap-token-aaaaaa"),
    ],
    ids=["other secret", "other id", "not for this", "expired", "odd time", "escalation", "other type", "other name"],
)
async def test_privilege_escalation_by_bootstrap_tokens_is_refused(bad):
    assert await user(bad) is None


async def test_a_token_whose_secret_is_on_its_way_out_is_good_no_more():
    found = secret()
    meta = msgspec.structs.replace(found.metadata, deletion_timestamp="2026-01-01T00:00:00Z")
    assert await user(msgspec.structs.replace(found, metadata=meta)) is None


@pytest.mark.parametrize("token", ["", "abcdef", "ABCDEF.0123456789abcdef", "abcdef.0123456789abcde", "a.b.c"])
async def test_tokens_of_other_forms_are_not_looked_for(token):
    assert await user(secret(), token) is None
