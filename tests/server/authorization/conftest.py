"""An API with the deciders that it asks by default."""

import pytest

from podo.api.types.core_v1 import Namespace
from podo.api.types.meta_v1 import ObjectMeta
from podo.server.authorization.base import Verdict
from podo.server.authorization.default_set import default_access, install_access


@pytest.fixture
def access(core):
    found = default_access(core.cache, core.catalog)
    install_access(core, found)
    return found


@pytest.fixture
async def namespace(client):
    return await client.create(Namespace(metadata=ObjectMeta(name="ns")))


@pytest.fixture
def decide(core, access):
    """The decision on an attempt, when all that was written is known."""

    async def ask(attempt):
        await core.cache.consistent()
        return await access.authorizer.authorize(attempt)

    return ask


@pytest.fixture
def may(decide):
    """Whether an attempt is allowed."""

    async def ask(attempt):
        return (await decide(attempt)).verdict is Verdict.ALLOW

    return ask
