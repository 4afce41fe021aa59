"""Who a request is from. An authenticator knows one way of telling; `union.py` asks several in turn."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from podo.server.context import User


class Credentials(NamedTuple):
    """What a request shows of who it is from: the subject of a verified client certificate, and a bearer token."""

    common_name: str = ""
    organizations: tuple[str, ...] = ()
    token: str = ""


class Authenticator(Protocol):
    """Gives the user, or None for credentials of another kind. Raises Unauthorized for those that are refused."""

    async def authenticate(self, credentials: Credentials) -> User | None: ...


Headers = Mapping[str, str]
