"""HTTP checks: GET, no certificate is verified, redirects are followed on the same host only."""

import asyncio
import errno
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp

from podo.api.types.core_v1 import HTTPGetAction
from podo.node.probes.checks import MAX_OUTPUT, Answer, CheckFailed
from podo.node.probes.tcp import dial_error, joined

AGENT, MAX_REDIRECTS = "kube-probe/1.36", 10


async def get(action: HTTPGetAction, host: str, port: int, timeout: float) -> Answer:
    """GET what the action says from host:port. Raises CheckFailed."""
    scheme = (action.scheme or "HTTP").lower()
    path = action.path if action.path.startswith("/") else f"/{action.path}"
    url = f"{scheme}://{joined(host, port)}{path}"
    try:
        async with asyncio.timeout(timeout), _session() as session:
            return await _follow(session, url, _headers(action))
    except TimeoutError as error:
        late = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        raise CheckFailed(f'Get "{url}": {late}') from error
    except aiohttp.ClientConnectorError as error:
        raise CheckFailed(f'Get "{url}": {dial_error(host, port, error.os_error)}') from error
    except aiohttp.ServerDisconnectedError as error:
        raise CheckFailed(f'Get "{url}": EOF') from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        known = getattr(error, "errno", None) == errno.ECONNRESET
        raise CheckFailed(f'Get "{url}": {"read: connection reset by peer" if known else error}') from error


def _session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(ssl=False, force_close=True, use_dns_cache=False)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)


def _headers(action: HTTPGetAction) -> list[tuple[str, str]]:
    given = [(h.name, h.value) for h in action.http_headers]
    names = {name.lower() for name, _ in given}
    defaults = (("User-Agent", AGENT), ("Accept", "*/*"))
    return [*given, *((n, v) for n, v in defaults if n.lower() not in names)]


async def _follow(session: aiohttp.ClientSession, url: str, headers: list[tuple[str, str]]) -> Answer:
    first = urlsplit(url).hostname
    for _ in range(MAX_REDIRECTS):
        skip: Mapping[str, Any] = {"skip_auto_headers": ("Accept-Encoding",)}
        async with session.get(url, headers=headers, allow_redirects=False, **skip) as response:
            body = (await response.content.read(MAX_OUTPUT)).decode(errors="replace")
            status, location = response.status, response.headers.get("Location", "")
        if 300 <= status < 400 and location:
            following = urljoin(url, location)
            if urlsplit(following).hostname == first:
                url = following
                continue
        if 200 <= status < 300:
            return Answer(body)
        if 300 <= status < 400:
            return Answer(body, warning=f"Probe terminated redirects, Response body: {body}")
        raise CheckFailed(f"HTTP probe failed with statuscode: {status}")
    raise CheckFailed(f'Get "{url}": stopped after {MAX_REDIRECTS} redirects')
