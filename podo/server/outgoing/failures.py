"""Why a connection or a call failed, in the words that clients of Kubernetes know. Pure."""

import errno
import json
import re
import ssl
from typing import Any

from aiohttp import ClientConnectorCertificateError, ClientConnectorError, ClientError, ServerDisconnectedError

ERRNO = {
    errno.ECONNREFUSED: "connection refused",
    errno.EHOSTUNREACH: "no route to host",
    errno.ENETUNREACH: "network is unreachable",
    errno.ETIMEDOUT: "connection timed out",
    errno.ECONNRESET: "connection reset by peer",
}
PHRASES = {
    400: "the server rejected our request for an unknown reason",
    401: "the server has asked for the client to provide credentials",
    403: "the server does not allow access to the requested resource",
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
    409: "the server reported a conflict",
    413: "the request is too large",
    415: "the media type of the request is not supported",
    429: "the server has received too many requests and has asked us to try again later",
    503: "the server is currently unable to handle the request",
    504: "the server was unable to return a response in the time allotted, but may still be processing the request",
}
"""What a client says of an answer without a Status."""
BROKEN = 'an error on the server ("{text}") has prevented the request from succeeding'


def why(error: BaseException, place: str) -> str:
    """Why connecting to `place` (host:port), or talking to it, failed."""
    if isinstance(error, TimeoutError):
        return "context deadline exceeded"
    if isinstance(error, ClientConnectorCertificateError):
        return certificate(error.certificate_error)
    if isinstance(error, ssl.SSLError):
        return certificate(error)
    if isinstance(error, ClientConnectorError):
        return why(error.os_error, place)
    if isinstance(error, ServerDisconnectedError):
        return "EOF"
    if isinstance(error, OSError) and error.errno in ERRNO:
        return f"dial tcp {place}: connect: {ERRNO[error.errno]}"
    if isinstance(error, OSError | ClientError):
        return f"dial tcp {place}: {error}"
    return str(error)


def certificate(error: BaseException) -> str:
    """Why a server's certificate was not accepted, or TLS could not begin."""
    if isinstance(error, ssl.SSLCertVerificationError):
        text = error.verify_message or str(error)
        head = "tls: failed to verify certificate: x509: "
        if "mismatch" in text or "not valid for" in text:
            name = re.search(r"for '([^']+)'", text)
            return f"{head}certificate is not valid for {name.group(1) if name else 'any names'}"
        if "expired" in text:
            return f"{head}certificate has expired or is not yet valid"
        return f"{head}certificate signed by unknown authority"
    if "WRONG_VERSION_NUMBER" in str(error) or "HTTP_REQUEST" in str(error):
        return "http: server gave HTTP response to HTTPS client"
    return f"remote error: tls: {getattr(error, 'reason', None) or error}"


def answered(status: int, body: bytes) -> str:
    """What an answer that is no success says: the message of its Status, or what its code means."""
    found = _json(body)
    if isinstance(found, dict) and found.get("kind") == "Status" and found.get("message"):
        return str(found["message"])
    if status in PHRASES:
        return PHRASES[status]
    if status >= 500:
        return BROKEN.format(text=body[:2048].decode("utf-8", "replace").strip() or "unknown")
    return f"the server responded with the status code {status} but did not return more information"


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
