"""Bootstrap tokens expire, and sign what new nodes read first."""

import base64
import hashlib
import hmac

import msgspec
import pytest

from podo.api.types.core_v1 import ConfigMap, Namespace, Secret
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import key_of
from podo.controllers.bootstrap_signer import BootstrapSigner
from podo.controllers.bootstrap_token_cleaner import BootstrapTokenCleaner


def secret(token_id="abcdef", kind="bootstrap.kubernetes.io/token", name="", **data):
    given = {"token-id": token_id, "token-secret": "0123456789abcdef", "usage-bootstrap-signing": "true"}
    given |= {key.replace("_", "-"): value for key, value in data.items()}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in given.items()}
    meta = ObjectMeta(namespace="kube-system", name=f"bootstrap-token-{name or token_id}")
    return Secret(metadata=meta, type=kind, data=encoded)


@pytest.fixture(autouse=True)
async def running(lab):
    for name in ("kube-system", "kube-public"):
        await lab.user.create(Namespace(metadata=ObjectMeta(name=name)))
    info = ConfigMap(metadata=ObjectMeta(namespace="kube-public", name="cluster-info"), data={"kubeconfig": "content"})
    await lab.user.create(info)
    lab.start(
        lambda client, clock, events: BootstrapTokenCleaner(client, clock),
        lambda client, clock, events: BootstrapSigner(client, clock),
    )


async def signatures(lab):
    found = await lab.get(ConfigMap, "cluster-info", "kube-public")
    return {name: value for name, value in found.data.items() if name != "kubeconfig"}


async def test_a_token_goes_when_it_expires_and_takes_its_signature_along(lab):
    await lab.user.create(secret(expiration="2026-01-01T01:00:00Z"))
    await lab.run_for(3590)
    assert await lab.get(Secret, "bootstrap-token-abcdef", "kube-system")
    assert await signatures(lab)
    await lab.run_for(20)
    assert await lab.get(Secret, "bootstrap-token-abcdef", "kube-system") is None
    assert await signatures(lab) == {}


async def test_a_token_without_an_end_stays_and_one_with_an_odd_end_goes(lab):
    await lab.user.create(secret())
    await lab.user.create(secret("ffffff", expiration="tomorrow"))
    await lab.run_for(10**8)
    assert await lab.get(Secret, "bootstrap-token-abcdef", "kube-system")
    assert await lab.get(Secret, "bootstrap-token-ffffff", "kube-system") is None


async def test_what_is_signed_can_be_verified_with_the_token(lab):
    await lab.user.create(secret())
    await lab.settle()
    [(name, signature)] = (await signatures(lab)).items()
    assert name == "jws-kubeconfig-abcdef"
    header, content, code = signature.split(".")
    assert content == ""
    assert msgspec.json.decode(base64.urlsafe_b64decode(header + "==")) == {"alg": "HS256", "kid": "abcdef"}
    body = base64.urlsafe_b64encode(b"content").rstrip(b"=").decode()
    expected = hmac.new(b"0123456789abcdef", f"{header}.{body}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(code + "==") == expected


async def test_what_is_signed_anew_when_it_changes(lab):
    await lab.user.create(secret())
    await lab.settle()
    before = await signatures(lab)
    found = await lab.get(ConfigMap, "cluster-info", "kube-public")
    await lab.user.update(msgspec.structs.replace(found, data={**found.data, "kubeconfig": "other"}))
    await lab.settle()
    after = await signatures(lab)
    assert after.keys() == before.keys()
    assert after != before


async def test_only_whole_tokens_that_may_sign_do(lab):
    await lab.user.create(secret(usage_bootstrap_signing="false"))
    await lab.user.create(secret("ffffff", name="eeeeee"))
    await lab.user.create(secret("dddddd", kind="Opaque"))
    await lab.settle()
    assert await signatures(lab) == {}


async def test_the_signature_of_a_deleted_token_goes(lab):
    await lab.user.create(secret())
    await lab.settle()
    assert await signatures(lab)
    await lab.user.delete(Secret, key_of(secret()))
    await lab.settle()
    assert await signatures(lab) == {}
