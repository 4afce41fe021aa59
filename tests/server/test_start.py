"""The start of a server on a store whose writes take time, unlike those of the memory store."""

from podo.server.app import ServerConfig, serving
from podo.server.options import GuardOptions


async def test_a_server_starts_on_a_new_file_and_again_on_the_same(tmp_path):
    revisions, guard = [], GuardOptions(enable_priority_and_fairness=False)  # which writes a moment after the start
    for _ in range(2):
        async with serving(ServerConfig(port=0, store=f"sqlite:{tmp_path}/state.db", guard=guard)) as server:
            namespaces = server.core.cache.resource("/registry/core/namespaces/")
            assert namespaces.get("kube-system") is not None
            revisions.append(server.core.cache.revision)
    assert revisions[1] == revisions[0] + 1  # its lease
