"""ComponentStatuses: found out when asked."""

import pytest

from podo.api.errors import NotFound
from podo.server.components import Components, Health, beside, within
from podo.server.registry.reading import ListOptions
from podo.server.watchcache.selection import Selection


async def well():
    return Health(True)


async def ill():
    return Health(False, "it hurts")


@pytest.fixture
def kind(core):
    served = core.catalog.by_path("", "v1", "componentstatuses")
    core.registry.worked_out[served.stored.prefix] = Components({"scheduler": ill, "etcd-0": well})
    return served


async def test_parts_are_listed_with_how_they_are(core, kind):
    found = await core.registry.list(kind, Selection(), ListOptions())
    conditions = {entry.name: entry.object()["conditions"][0] for entry in found.entries}
    assert list(conditions) == ["etcd-0", "scheduler"]
    assert conditions["etcd-0"] == {"type": "Healthy", "status": "True", "message": "ok"}
    assert conditions["scheduler"] == {"type": "Healthy", "status": "False", "message": "it hurts"}


async def test_one_part_is_shown_and_an_unknown_one_is_not(core, kind):
    assert (await core.registry.get(kind, "", "scheduler")).object()["metadata"] == {"name": "scheduler"}
    with pytest.raises(NotFound, match='componentstatus "nope" not found'):
        await core.registry.get(kind, "", "nope")


async def test_a_program_that_is_not_there_refuses(unused_tcp_port):
    health = await beside(unused_tcp_port)()
    address = f"127.0.0.1:{unused_tcp_port}"
    assert health == (False, f'Get "https://{address}/healthz": dial tcp {address}: connect: connection refused')


@pytest.mark.parametrize("alive", [True, False])
async def test_a_part_of_this_process_is_as_well_as_it(alive):
    assert (await within(lambda: alive)()).good == alive
