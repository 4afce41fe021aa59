"""Ask several authenticators; who shows nothing is anonymous."""

from collections.abc import Sequence
from dataclasses import replace

from podo.api.errors import Unauthorized
from podo.server.authentication.base import Authenticator, Credentials
from podo.server.authentication.configuration import EVERYWHERE, Anonymous
from podo.server.context import ANONYMOUS, User

AUTHENTICATED = "system:authenticated"


class Union:
    """The first answer counts. A token that none of them knows is refused, even where anonymous requests are not."""

    def __init__(self, authenticators: Sequence[Authenticator], *, anonymous: Anonymous = EVERYWHERE) -> None:
        self._authenticators, self._enabled = tuple(authenticators), anonymous.enabled
        self._paths = frozenset(condition.path for condition in anonymous.conditions)

    async def authenticate(self, credentials: Credentials) -> User:
        """Raises Unauthorized."""
        for authenticator in self._authenticators:
            user = await authenticator.authenticate(credentials)
            if user is not None:
                return authenticated(user)
        if credentials.token or not self._enabled or (self._paths and credentials.path not in self._paths):
            raise Unauthorized("Unauthorized")
        return ANONYMOUS


def authenticated(user: User) -> User:
    """The user as a member of the group of all authenticated ones."""
    if AUTHENTICATED in user.groups or user.name == ANONYMOUS.name:
        return user
    return replace(user, groups=(*user.groups, AUTHENTICATED))
