"""Several ways to say who one is."""

import pytest

from podo.api.errors import Unauthorized
from podo.server.authentication.base import Credentials
from podo.server.authentication.certificate import CertificateAuthenticator
from podo.server.authentication.configuration import NOWHERE, Anonymous, AnonymousPath
from podo.server.authentication.token_file import StaticTokens
from podo.server.authentication.union import Union
from podo.server.context import ANONYMOUS, User

BOTH = [CertificateAuthenticator(), StaticTokens({"t": User("alice")})]


async def test_a_certificate_names_a_user_and_its_groups():
    user = await Union(BOTH).authenticate(Credentials("bob", ("ops",)))
    assert (user.name, user.groups) == ("bob", ("ops", "system:authenticated"))


async def test_a_token_names_a_user():
    assert (await Union(BOTH).authenticate(Credentials(token="t"))).name == "alice"


async def test_who_shows_nothing_is_anonymous():
    assert await Union(BOTH).authenticate(Credentials()) == ANONYMOUS


async def test_an_unknown_token_is_refused():
    with pytest.raises(Unauthorized):
        await Union(BOTH).authenticate(Credentials(token="other"))


async def test_where_nobody_may_be_anonymous_nothing_is_refused():
    with pytest.raises(Unauthorized):
        await Union(BOTH, anonymous=NOWHERE).authenticate(Credentials())


async def test_where_only_some_paths_are_open_no_other_is():
    union = Union(BOTH, anonymous=Anonymous(enabled=True, conditions=(AnonymousPath(path="/livez"),)))
    assert (await union.authenticate(Credentials(path="/livez"))).name == "system:anonymous"
    for path in ("/livez/ping", "/livez/", "/api", ""):
        with pytest.raises(Unauthorized):
            await union.authenticate(Credentials(path=path))
