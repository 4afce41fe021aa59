from base64 import b64encode

import msgspec
import pytest

from podo.network.haproxy.certificates import CertificateProblem, pem_of
from tests.network.certificates import pems, tls_secret


def broken(**data):
    found = tls_secret()
    return msgspec.structs.replace(found, data=found.data | data)


def test_a_chain_and_its_key_are_one_file():
    assert pem_of(tls_secret()) == b"".join(each.strip() + b"\n" for each in pems("a.example"))


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        (broken(**{"tls.key": ""}), "has no tls.crt and tls.key"),
        (broken(**{"tls.crt": b64encode(b"nothing").decode()}), "has a tls.crt or tls.key that is no PEM"),
        (broken(**{"tls.key": b64encode(b"nothing").decode()}), "has a tls.crt or tls.key that is no PEM"),
        (broken(**{"tls.key": b64encode(pems("b.example")[1]).decode()}), "that is not the one of its tls.crt"),
    ],
    ids=["absent", "no certificate", "no key", "another's key"],
)
def test_what_haproxy_would_refuse_is_told(secret, problem):
    with pytest.raises(CertificateProblem, match=problem):
        pem_of(secret)
