"""TLS: who is trusted, and who we show to be."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from podo.api.errors import ServiceUnavailable
from podo.client.kubeconfig import Credentials
from podo.client.transport import Request, Transport


class Authority:
    """A CA and what it signs; PEM."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test-ca")])
        self.pem, _ = self._sign("test-ca", self._key, ca=True)

    def issue(self, name: str) -> tuple[str, str]:
        return self._sign(name, ec.generate_private_key(ec.SECP256R1()), ca=False)

    def _sign(self, name: str, key: ec.EllipticCurvePrivateKey, *, ca: bool) -> tuple[str, str]:
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture
async def address(authority, tmp_path):
    """A server that demands a client certificate and answers with its common name."""
    certificate, key = authority.issue("podo.test")
    (tmp_path / "pair.pem").write_text(certificate + key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=authority.pem)
    context.load_cert_chain(tmp_path / "pair.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # our authority has only what Go's servers want

    async def who(request: web.Request) -> web.Response:
        subject = request.transport.get_extra_info("peercert")["subject"]
        return web.Response(text=dict(pair for part in subject for pair in part)["commonName"])

    app = web.Application()
    app.router.add_get("/who", who)
    async with TestServer(app) as server:
        await server.close()
    server = TestServer(app)
    await server.start_server(ssl=context)
    yield f"https://127.0.0.1:{server.port}"
    await server.close()


async def ask(credentials: Credentials) -> str:
    transport = Transport(credentials)
    try:
        return (await transport.send(Request("GET", "/who"))).body.decode()
    finally:
        await transport.close()


async def test_a_client_certificate_says_who_asks(authority, address):
    certificate, key = authority.issue("system:node:n1")
    credentials = Credentials(
        server=address, ca=authority.pem, certificate=certificate, key=key, server_name="podo.test"
    )
    assert await ask(credentials) == "system:node:n1"


async def test_a_server_of_another_authority_is_not_talked_to(authority, address):
    certificate, key = authority.issue("me")
    stranger = Authority().pem
    with pytest.raises(ServiceUnavailable, match="certificate verify failed"):
        await ask(Credentials(server=address, ca=stranger, certificate=certificate, key=key, server_name="podo.test"))


async def test_a_server_of_another_name_is_not_talked_to(authority, address):
    certificate, key = authority.issue("me")
    with pytest.raises(ServiceUnavailable, match=r"podo\.example|Hostname mismatch"):
        await ask(
            Credentials(server=address, ca=authority.pem, certificate=certificate, key=key, server_name="podo.example")
        )


async def test_insecure_trusts_anyone(authority, address):
    certificate, key = authority.issue("me")
    assert await ask(Credentials(server=address, insecure=True, certificate=certificate, key=key)) == "me"


async def test_a_token_file_is_read_at_each_request(tmp_path):
    seen = []

    async def remember(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.Response()

    app = web.Application()
    app.router.add_get("/", remember)
    file = tmp_path / "token"
    async with TestServer(app) as server:
        transport = Transport(Credentials(server=f"http://127.0.0.1:{server.port}", token_file=str(file)))
        for token in ("one\n", "two"):
            file.write_text(token)
            await transport.send(Request("GET", "/"))
        file.unlink()
        with pytest.raises(ServiceUnavailable, match="cannot read the token"):
            await transport.send(Request("GET", "/"))
        await transport.close()
    assert seen == ["Bearer one", "Bearer two"]
