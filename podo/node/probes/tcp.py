"""TCP checks: a connection, closed at once."""

import asyncio
import os

from podo.node.probes.checks import Answer, CheckFailed


def joined(host: str, port: int) -> str:
    """host:port, with brackets for IPv6."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def dial_error(host: str, port: int, error: OSError) -> str:
    """In the words that Kubernetes users know from Go."""
    text = os.strerror(error.errno) if error.errno else str(error)  # asyncio puts other words into strerror
    return f"dial tcp {joined(host, port)}: connect: {text[:1].lower()}{text[1:]}"


async def connect(host: str, port: int, timeout: float) -> Answer:
    """Connect to host:port. Raises CheckFailed."""
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError as error:
        raise CheckFailed(f"dial tcp {joined(host, port)}: i/o timeout") from error
    except OSError as error:
        raise CheckFailed(dial_error(host, port, error)) from error
    writer.close()
    return Answer()
