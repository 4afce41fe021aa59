"""Static tokens from a file: CSV lines `token,user,uid,"group1,group2"`, as Kubernetes' --token-auth-file."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from podo.server.authentication.base import Credentials
from podo.server.authentication.union import authenticated
from podo.server.context import User


class TokenFileError(ValueError):
    """The file is no such CSV; the message says where."""


def read_tokens(path: Path) -> dict[str, User]:
    """The users by their tokens. Raises TokenFileError, OSError."""
    with path.open(newline="") as lines:
        return parse_tokens(lines)


def parse_tokens(lines: Iterable[str]) -> dict[str, User]:
    """The users by their tokens. Raises TokenFileError."""
    found: dict[str, User] = {}
    for number, row in enumerate(csv.reader(lines, skipinitialspace=True), start=1):
        if not row or row[0].startswith("#"):
            continue
        if len(row) < 3:
            raise TokenFileError(f"line {number}: expected token, user name and uid, found {len(row)} columns")
        token, name, uid, *groups = row
        if not token:
            raise TokenFileError(f"line {number}: the token is empty")
        members = tuple(group.strip() for group in groups[0].split(",")) if groups and groups[0] else ()
        found[token] = User(name, uid, members)
    return found


class StaticTokens:
    """Known tokens, each of one user."""

    def __init__(self, users: Mapping[str, User]) -> None:
        self._users = {token: authenticated(user) for token, user in users.items()}

    async def authenticate(self, credentials: Credentials) -> User | None:
        return self._users.get(credentials.token) if credentials.token else None
