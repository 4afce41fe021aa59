"""Runtime and network together: real containers that talk over real links."""

import asyncio

import pytest

from podo.clock import SystemClock
from podo.network.base import PortMapping
from podo.network.netlink import in_namespace
from podo.node.cgroups.machine import open_cgroups
from podo.node.runtime.config import ContainerConfig, NamespaceMode, NamespaceOptions, SandboxConfig
from podo.node.runtime.crun import OCIRuntime, RuntimeConfig
from tests.e2e.network_world import ask, world
from tests.node.leftovers import nothing_left
from tests.node.runtime.lab import images, time_limit

pytestmark = pytest.mark.e2e
SERVE = "while :; do echo $HOSTNAME | nc -l -p 8080; done"


@pytest.fixture
async def net(tmp_path):
    with time_limit(60):
        async with world(tmp_path / "net") as made:
            yield made


@pytest.fixture
async def node(net, tmp_path):
    """A function that runs a Pod on node-1: (name, script, …) → (sandbox, container, address)."""
    store, image = await images()
    group = f"podo-test-{tmp_path.name}"
    config = RuntimeConfig(state=tmp_path / "node", run=tmp_path / "run")
    with nothing_left(tmp_path / "node", group), nothing_left(tmp_path / "run"):
        async with OCIRuntime(config, store, net.nodes["node-1"].pods, SystemClock()) as runtime:

            async def run(name: str, script: str = SERVE, **changes):
                sandbox = await runtime.run_pod_sandbox(
                    SandboxConfig(
                        name=name,
                        namespace="default",
                        uid=name,
                        hostname=name,
                        cgroup_parent=f"{group}/{name}",
                        log_directory=str(tmp_path / "logs"),
                        **changes,
                    )
                )
                container = await runtime.create_container(
                    sandbox,
                    ContainerConfig(name="main", image=image, command=("sh", "-c", script), log_path=f"{name}.log"),
                )
                await runtime.start_container(container)
                seen = next(s for s in (await runtime.observe()).sandboxes if s.id == sandbox)
                return sandbox, container, seen.ips[0] if seen.ips else ""

            run.runtime = runtime
            try:
                yield run
            finally:
                for sandbox in (await runtime.observe()).sandboxes:
                    await runtime.remove_pod_sandbox(sandbox.id)
                open_cgroups().remove(group)


async def listening(node, container: str, port: int = 8080) -> None:
    script = f"until grep -q ':{port:04X} .* 0A ' /proc/net/tcp /proc/net/tcp6; do sleep 0.01; done"
    await node.runtime.exec_sync(container, ("sh", "-c", script))


async def test_containers_of_two_pods_talk_by_their_addresses(node):
    _, server, address = await node("server")
    _, client, own = await node("client", "sleep 1000")
    assert address != own
    await listening(node, server)
    answer = await node.runtime.exec_sync(client, ("sh", "-c", f"nc {address} 8080 </dev/null"), timeout=5)
    assert answer.stdout == b"server\n"
    seen = await node.runtime.exec_sync(client, ("ip", "-o", "-4", "addr", "show", "eth0"))
    assert own.encode() in seen.stdout


async def test_the_host_reaches_a_container(net, node):
    _, server, address = await node("server", "while :; do nc -l -p 8080 -e echo hello; done")
    await listening(node, server)
    assert (await ask(net.host_netns, address, 8080))[0] == "hello"


async def test_a_host_port_leads_into_the_pod(net, node):
    mapping = PortMapping(container_port=8080, host_port=18080)
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(net.nodes["node-1"].proxy.run())
        script = "while :; do nc -l -p 8080 -e echo hello; done"
        _, server, _ = await node("server", script, port_mappings=(mapping,))
        await listening(node, server)
        assert (await ask(net.host_netns, "10.245.0.2", 18080))[0] == "hello"
        writing.cancel()


async def test_a_removed_pod_gives_its_link_back(net, node):
    links = net.nodes["node-1"].netns, lambda link: {each.name for each in link.links()}
    before = await in_namespace(*links)
    sandbox, _, _ = await node("one", "sleep 1000")
    assert (await node.runtime.stats())[0].network.interface == "eth0"
    assert await in_namespace(*links) > before
    await node.runtime.remove_pod_sandbox(sandbox)
    assert await in_namespace(*links) == before


async def test_a_pod_with_the_nodes_network_has_no_address_of_its_own(node):
    options = NamespaceOptions(network=NamespaceMode.NODE)
    assert (await node("host", "sleep 1000", namespaces=options))[2] == ""
