"""Constant load on an address: so many requests a second, each on a connection of its own, bounded in number."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

THREADS, PATIENCE = 8, 5.0
REQUEST = b"GET /cgi-bin/index.cgi HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n"


@dataclass
class Load:
    """What came of it. `late` is how many requests were sent later than the rate wants: the machine was busy."""

    address: str
    rate: int
    answered: int = 0
    late: int = 0
    failures: list[str] = field(default_factory=list)


@contextmanager
def load(address: str, *, rate: int = 200, at_most: int = 12_000, port: int = 80) -> Iterator[Load]:
    """Send requests until left; then see what came of them."""
    found, over = Load(address, rate), threading.Event()
    lock = threading.Lock()

    def send(first: int) -> None:
        begin = time.monotonic()
        for number in range(first, at_most, THREADS):
            wait = begin + number / rate - time.monotonic()
            if over.wait(max(wait, 0)):
                return
            failure = _ask(address, port)
            with lock:
                found.late += wait < 0
                if failure:
                    found.failures.append(f"{time.monotonic() - begin:.2f} s: {failure}")
                else:
                    found.answered += 1

    threads = [threading.Thread(target=send, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        over.set()
        for thread in threads:
            thread.join(timeout=2 * PATIENCE)


def _ask(address: str, port: int) -> str:
    """One request; why it failed, or ""."""
    try:
        with socket.create_connection((address, port), timeout=PATIENCE) as connection:
            connection.sendall(REQUEST)
            received = b""
            while chunk := connection.recv(4096):
                received += chunk
    except OSError as error:
        return f"{type(error).__name__}: {error}"
    return "" if received.startswith(b"HTTP/1.1 200") or received.startswith(b"HTTP/1.0 200") else repr(received[:80])
