"""The start of a server on a store whose writes take time, unlike those of the memory store."""

from podo.clock import SystemClock
from podo.server.app import ServerConfig, serving
from podo.server.options import GuardOptions
from podo.server.registry.reading import ListOptions
from podo.server.watchcache.selection import Selection


async def test_a_server_starts_on_a_new_file_and_again_on_the_same(tmp_path):
    revisions, guard = [], GuardOptions(enable_priority_and_fairness=False)  # which writes a moment after the start
    for _ in range(2):
        async with serving(ServerConfig(port=0, store=f"sqlite:{tmp_path}/state.db", guard=guard)) as server:
            namespaces = server.core.cache.resource("/registry/core/namespaces/")
            assert namespaces.get("kube-system") is not None
            revisions.append(server.core.cache.revision)
    assert revisions[1] == revisions[0] + 1  # its lease


async def test_a_server_says_how_the_parts_of_its_control_plane_are():
    async with serving(ServerConfig(port=0, service_cidr="10.0.0.0/24"), SystemClock()) as server:
        core = server.core
        served = core.catalog.by_path("", "v1", "componentstatuses")
        found = await core.registry.list(served, Selection(), ListOptions())
    assert [entry.name for entry in found.entries] == ["controller-manager", "etcd-0", "scheduler"]
    assert found.entries[1].object()["conditions"] == [{"type": "Healthy", "status": "True", "message": "ok"}]
