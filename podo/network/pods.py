"""The network of a node's Pods: an address and a link for each sandbox. Implements `base.PodNetwork`."""

import asyncio
from pathlib import Path

from podo.network.bandwidth import BandwidthError
from podo.network.base import NetworkFailure, OpenGate, PodSandbox, PolicyGate
from podo.network.config import NetworkConfig
from podo.network.ipam import AddressManager, NoFreeAddress
from podo.network.names import is_pod_link, pod_link_name
from podo.network.netlink import in_namespace, in_thread
from podo.network.pod_links import apply_pod_link, pod_link
from podo.network.services.host_ports import OpenPorts, SavedHostPorts


class LinkedPods:
    """Pods linked to the node's namespace (`netns`; None is our own), with addresses from `addresses`.

    `sources` are the node's own addresses. A sandbox's host ports are opened through `host_ports`; before it has a
    link, `policies` has made sure that what isolates it is in force.
    """

    def __init__(
        self,
        config: NetworkConfig,
        *,
        addresses: AddressManager,
        sources: tuple[str, ...],
        host_ports: SavedHostPorts,
        policies: PolicyGate | None = None,
        netns: Path | None = None,
    ) -> None:
        self._config, self._addresses, self._sources = config, addresses, sources
        self._host_ports, self._netns = host_ports, netns
        self._policies = policies or OpenGate()
        self._doomed: set[str] = set()
        self._removing = asyncio.Lock()

    async def setup(self, sandbox: PodSandbox) -> tuple[str, ...]:
        """Connect it; its addresses. One that is connected is left as it is. On failure nothing is left.

        Raises NetworkFailure.
        """
        try:
            addresses = await self._addresses.allocate(sandbox.id)
        except NoFreeAddress as error:
            raise NetworkFailure(str(error)) from error
        try:
            await self._policies.admit(sandbox)
            link = pod_link(self._config, sandbox, addresses=addresses, sources=self._sources)
            await in_namespace(self._netns, lambda node: apply_pod_link(node, link))
            await self._host_ports.open(sandbox.id, OpenPorts(sandbox.port_mappings, addresses))
        except (OSError, NetworkFailure, BandwidthError, asyncio.CancelledError) as error:
            await asyncio.shield(self._undo(sandbox))
            if isinstance(error, (OSError, BandwidthError)):
                raise NetworkFailure(f"linking {sandbox.namespace}/{sandbox.name}: {error}") from error
            raise
        return addresses

    async def retain(self, sandbox_ids: set[str]) -> None:
        """Take down what is left of all other sandboxes: those that went while we were not there."""
        links = {pod_link_name(each) for each in sandbox_ids}
        for link in await in_namespace(self._netns, lambda node: node.links()):
            if is_pod_link(link.name) and link.name not in links:
                await self._remove_link(link.name)
        await self._host_ports.retain(sandbox_ids)
        await self._addresses.retain(sandbox_ids)

    async def _undo(self, sandbox: PodSandbox) -> None:
        await in_thread(lambda: None)  # a cancelled call may still be at work in that thread: let it end
        await self.teardown(sandbox)

    async def teardown(self, sandbox: PodSandbox) -> None:
        """Take its links and rules down and let its address go, even when the namespace is already gone."""
        await self._host_ports.close(sandbox.id)
        await self._remove_link(pod_link_name(sandbox.id))
        self._policies.forget(sandbox.id)
        await self._addresses.release(sandbox.id)

    async def _remove_link(self, name: str) -> None:
        """Remove a link, together with all whose removal is asked for while others are being removed."""
        self._doomed.add(name)
        async with self._removing:
            if name not in self._doomed:
                return  # the last batch had it
            batch, self._doomed = self._doomed, set()
            try:
                await in_namespace(self._netns, lambda node: node.delete_links(batch), slow=True)
            except (OSError, asyncio.CancelledError):
                self._doomed |= batch
                raise
