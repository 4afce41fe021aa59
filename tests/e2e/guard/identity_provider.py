"""A small identity provider of OpenID Connect: a web server of its own thread, over HTTPS, that also issues tokens."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from joserfc import jwk, jws

from podo.cluster.pki import Identity, issue, new_authority


class IdentityProvider:
    """Its address, its authority (PEM), and tokens for whoever asks."""

    def __init__(self, address: str, authority: str) -> None:
        self.address, self.authority = address, authority
        self._key = jwk.RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})

    def token(self, seconds: int = 600, **claims: object) -> str:
        """An ID token."""
        given = {"iss": self.address, "aud": "podo", "exp": int(time.time()) + seconds} | claims
        head = {"alg": "RS256", "kid": "one"}
        return jws.serialize_compact(head, json.dumps(given).encode(), self._key, algorithms=["RS256"])

    def document(self, path: str) -> object:
        """What is served at a path; None for nothing."""
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.address, "jwks_uri": f"{self.address}/keys"}
        return {"keys": [self._key.as_dict(private=False)]} if path == "/keys" else None


@contextmanager
def identity_provider(folder: Path) -> Iterator[IdentityProvider]:
    """A provider that answers until left."""
    authority = new_authority("idp", datetime.now(UTC))
    certificate, key = issue(authority, Identity(file="idp", name="idp", hosts=("127.0.0.1",)), datetime.now(UTC))
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pair = folder / "idp.pem"
    pair.write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, pkcs8, serialization.NoEncryption()))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = provider.document(self.path)
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    address = f"https://127.0.0.1:{server.server_address[1]}"
    provider = IdentityProvider(address, authority.certificate.public_bytes(pem).decode())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
