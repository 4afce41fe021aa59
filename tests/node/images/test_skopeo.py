import base64

import msgspec
import pytest

from podo.node.images.base import Credentials, ImageFailure, ImageNotFound, RegistryUnavailable
from podo.node.images.skopeo import auth_document, failure, is_loopback

FATAL = 'time="2026-01-01T00:00:00Z" level=fatal msg="{}"\n'


@pytest.mark.parametrize(
    ("message", "kind", "said"),
    [
        ("reading manifest v9 in localhost:5000/a: manifest unknown: manifest unknown", ImageNotFound, "x: not found"),
        ("reading manifest latest in x.io/a: name unknown: repository name not known", ImageNotFound, "x: not found"),
        ("reading manifest v1 in docker.io/x: unauthorized: access denied", ImageNotFound, "needs credentials"),
        (
            "initializing source docker://localhost:1/a:v1: pinging container registry localhost:1: "
            'Get \\"http://localhost:1/v2/\\": dial tcp 127.0.0.1:1: connect: connection refused',
            RegistryUnavailable,
            "failed to pull x: pinging container registry localhost:1",
        ),
        ("pinging container registry r.example: lookup r.example: no such host", RegistryUnavailable, "no such host"),
        ("writing blob: no space left on device", ImageFailure, "x: writing blob: no space left on device"),
    ],
)
def test_what_skopeo_says_becomes_a_plain_error(message, kind, said):
    error = failure("x", FATAL.format(message))
    assert type(error) is kind
    assert said in str(error)


def test_silence_is_an_error_too():
    assert "without a word" in str(failure("x", ""))


def test_credentials_become_an_auth_file():
    document = msgspec.json.decode(auth_document("r.example", Credentials("me", "s:cret")))
    assert base64.b64decode(document["auths"]["r.example"]["auth"]) == b"me:s:cret"


def test_without_credentials_the_machines_own_count():
    assert auth_document("r.example", None) is None
    assert auth_document("r.example", Credentials()) is None


def test_a_password_is_not_shown():
    assert "secret" not in repr(Credentials("me", "secret"))


@pytest.mark.parametrize(
    ("domain", "loopback"),
    [
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("127.1.2.3", True),
        ("[::1]:5000", True),
        ("10.0.0.1:5000", False),
        ("docker.io", False),
        ("localhost.example.com", False),
    ],
)
def test_only_this_machines_registries_may_do_without_tls(domain, loopback):
    assert is_loopback(domain) is loopback
