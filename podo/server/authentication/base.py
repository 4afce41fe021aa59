"""Who a request is from. An authenticator knows one way of telling; `union.py` asks several in turn."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, runtime_checkable

from podo.api.scheme import Object
from podo.server.context import User

T = TypeVar("T", bound=Object)


class Find(Protocol):
    """Finds a shared, typed object of a built-in kind, as the server knows it now."""

    def __call__(self, cls: type[T], namespace: str, name: str) -> T | None: ...


@dataclass(slots=True)
class Credentials:
    """What a request shows of who it is from: the subject of a verified client certificate, and a bearer token.

    `not_after` is until when the certificate is good, as OpenSSL writes it.
    Or the name in the certificate of a front proxy (`proxy`), whose `headers` then count; others' are left out.
    `warnings` and `annotations` take what an authenticator has to say to the client, and for the audit log.
    """

    common_name: str = ""
    organizations: tuple[str, ...] = ()
    token: str = ""
    path: str = ""
    proxy: str | None = None
    headers: Sequence[tuple[str, str]] = ()
    not_after: str = ""
    warnings: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)


class Authenticator(Protocol):
    """Gives the user, or None for credentials of another kind. Raises Unauthorized for those that are refused."""

    async def authenticate(self, credentials: Credentials) -> User | None: ...


@runtime_checkable
class ForAudiences(Protocol):
    """An authenticator whose tokens say for whom they are."""

    async def judge(self, token: str, audiences: tuple[str, ...]) -> tuple[User, tuple[str, ...]] | None:
        """The user, and those of `audiences` that the token is for; None if it is of another kind.

        Raises InvalidToken, with the reason, for one that is good no more, or for none of them.
        """
        ...


class InvalidToken(ValueError):
    """A token of ours that is good no more; the message says why."""
