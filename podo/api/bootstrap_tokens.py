"""Bootstrap tokens: `id.secret`, kept in Secrets `bootstrap-token-<id>` of kube-system.

See https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

NAMESPACE, SECRET_TYPE, PREFIX = "kube-system", "bootstrap.kubernetes.io/token", "bootstrap-token-"
USER_PREFIX, GROUP = "system:bootstrap:", "system:bootstrappers"
_TOKEN = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})")
_ID = re.compile(r"[a-z0-9]{6}")
_GROUP = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]")


class BootstrapToken(NamedTuple):
    """What a Secret says of its token. `expires` is None where it never does."""

    id: str
    secret: str
    expires: datetime | None = None
    authenticates: bool = False
    signs: bool = False
    groups: tuple[str, ...] = (GROUP,)


def parse_token(token: str) -> tuple[str, str] | None:
    """Id and secret of what has the form of a bootstrap token."""
    found = _TOKEN.fullmatch(token)
    return (found[1], found[2]) if found else None


def read(name: str, data: Mapping[str, str]) -> BootstrapToken | None:
    """The token in the Secret `name` (values in base64); None where it is not whole, or not what its name says."""
    values = {key: _text(value) for key, value in data.items()}
    token_id, secret = values.get("token-id", ""), values.get("token-secret", "")
    if not _ID.fullmatch(token_id) or name != f"{PREFIX}{token_id}" or not secret:
        return None
    groups = _groups(values.get("auth-extra-groups", ""))
    expires = expiry(data)
    if groups is None:
        return None
    return BootstrapToken(
        token_id,
        secret,
        expires,
        values.get("usage-bootstrap-authentication") == "true",
        values.get("usage-bootstrap-signing") == "true",
        groups,
    )


def expiry(data: Mapping[str, str]) -> datetime | None:
    """When a token expires; long ago for a time that cannot be read; None for never."""
    text = _text(data.get("expiration", ""))
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return LONG_AGO
    return found if found.tzinfo else LONG_AGO


LONG_AGO = datetime.fromisoformat("0001-01-02T00:00:00+00:00")


def _text(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _groups(text: str) -> tuple[str, ...] | None:
    extra = text.split(",") if text else []
    if not all(_GROUP.fullmatch(group) for group in extra):
        return None
    return tuple(sorted({GROUP, *extra}))
