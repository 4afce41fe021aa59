"""Front proxies, over TLS with real certificates."""

import ssl
from datetime import UTC, datetime

import aiohttp
import pytest
from cryptography.hazmat.primitives import serialization

from podo.clock import SystemClock
from podo.cluster.pki import Identity, issue, new_authority
from podo.server.app import ServerConfig, serving
from podo.server.http.serving import TLSFiles
from podo.server.options import GuardOptions

NOW = datetime.now(UTC)
REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}


def write(folder, name, certificate, key):
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / f"{name}.key").write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))


@pytest.fixture
def folder(tmp_path):
    """Two authorities; of the first a server and a user, of the other a proxy, and one that is not allowed."""
    clients, proxies = new_authority("ca", NOW), new_authority("proxies", NOW)
    write(tmp_path, "ca", clients.certificate, clients.key)
    write(tmp_path, "proxy-ca", proxies.certificate, proxies.key)
    for authority, file, name, groups in (
        (clients, "server", "kube-apiserver", ()),
        (clients, "user", "front", ()),
        (proxies, "proxy", "front", ("system:masters",)),
        (proxies, "stranger", "stranger", ()),
    ):
        write(
            tmp_path, file, *issue(authority, Identity(file=file, name=name, groups=groups, hosts=("127.0.0.1",)), NOW)
        )
    return tmp_path


@pytest.fixture
async def address(folder):
    guard = GuardOptions(requestheader_client_ca_file=str(folder / "proxy-ca.crt"), requestheader_allowed_names="front")
    tls = TLSFiles(folder / "server.crt", folder / "server.key", folder / "ca.crt")
    async with serving(ServerConfig(port=0, tls=tls, guard=guard), SystemClock()) as server:
        yield f"https://127.0.0.1:{server.port}"


async def who(folder, address, certificate="", headers=()):
    """The status, and the user that the server sees."""
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    if certificate:
        context.load_cert_chain(folder / f"{certificate}.crt", folder / f"{certificate}.key")
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session,
        session.post(
            f"{address}/apis/authentication.k8s.io/v1/selfsubjectreviews", json=REVIEW, headers=headers
        ) as got,
    ):
        body = await got.json()
        return got.status, body["status"]["userInfo"] if got.status == 201 else None


SAYS = [
    ("X-Remote-User", "jane"),
    ("X-Remote-Uid", "7"),
    ("X-Remote-Group", "dev"),
    ("X-Remote-Group", "ops"),
    ("X-Remote-Extra-Example.com%2fscope", "a"),
]


async def test_a_front_proxy_says_who_asks(folder, address):
    status, user = await who(folder, address, "proxy", SAYS)
    assert status == 201
    assert (user["username"], user["uid"]) == ("jane", "7")
    assert user["groups"] == ["dev", "ops", "system:authenticated"]
    assert user["extra"] == {"example.com/scope": ["a"]}


@pytest.mark.parametrize("certificate", ["", "user"])
async def test_header_smuggling_the_headers_of_others_mean_nothing(folder, address, certificate):
    masters = [("X-Remote-User", "jane"), ("X-Remote-Group", "system:masters")]
    status, user = await who(folder, address, certificate, masters)
    if certificate:
        assert (status, user["username"], user["groups"]) == (201, "front", ["system:authenticated"])
    else:
        assert status == 403  # anonymous


async def test_header_smuggling_a_proxy_that_is_not_named_is_refused(folder, address):
    assert (await who(folder, address, "stranger", SAYS))[0] == 401


async def test_privilege_escalation_a_proxys_certificate_makes_no_user(folder, address):
    status, _ = await who(folder, address, "proxy")
    assert status == 403  # anonymous: neither its name nor its groups count
