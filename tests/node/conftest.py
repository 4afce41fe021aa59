"""A running API on a memory store, with a clock that stands still until it is moved."""

from collections.abc import AsyncIterator

import pytest

from podo.clock import VirtualClock
from podo.server.core import Core, running_core, system_chance
from podo.server.fields import Fields, built_in_versions
from podo.server.local import LocalClient
from podo.server.patching import Patches
from podo.store.memory import MemoryStore


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def core(clock: VirtualClock) -> AsyncIterator[Core]:
    fields, patcher = Fields(built_in_versions), Patches(built_in_versions)
    async with running_core(MemoryStore(), clock, chance=system_chance(1), fields=fields, patcher=patcher) as running:
        yield running


@pytest.fixture
def client(core: Core) -> LocalClient:
    return core.client()
