"""A running API with the plug-ins that are on by default, and a namespace with its account."""

from collections.abc import AsyncIterator

import pytest

from podo.api.types.core_v1 import ServiceAccount
from podo.api.types.meta_v1 import ObjectMeta
from podo.server.admission.default_set import default_admission
from podo.server.admission.resource_quota import QuotaWriter
from podo.server.authorization.default_set import default_access
from podo.server.core import Core, running_core, system_chance
from podo.store.memory import MemoryStore
from tests.server.admission.build import namespace


@pytest.fixture
async def core(clock) -> AsyncIterator[Core]:
    quotas = QuotaWriter()

    def admission(cache, catalog):
        return default_admission(cache, catalog, default_access(cache, catalog).authorizer, quotas)

    async with running_core(MemoryStore(), clock, admission=admission, chance=system_chance(1)) as running:
        quotas.client = client = running.client()
        await client.create(namespace("default"))
        await client.create(ServiceAccount(metadata=ObjectMeta(name="default", namespace="default")))
        yield running
