"""Addresses of the host's own on the cluster's bridge, where it answers for what comes from outside."""

from podo.network.config import NetworkConfig
from podo.network.netlink import Netlink, in_namespace


class HostAddresses:
    """They are there for as long as the cluster's bridge is."""

    def __init__(self, config: NetworkConfig) -> None:
        self._bridge = config.bridge

    async def add(self, address: str) -> None:
        """Answer at `address`. Raises OSError."""

        def add(netlink: Netlink) -> None:
            netlink.add_address(netlink.index(self._bridge), _alone(address), scope="host")

        await in_namespace(None, add)

    async def remove(self, address: str) -> None:
        """Answer there no more; nothing if we did not. Raises OSError."""

        def remove(netlink: Netlink) -> None:
            netlink.remove_address(netlink.index(self._bridge), _alone(address))

        await in_namespace(None, remove)


def _alone(address: str) -> str:
    return f"{address}/{128 if ':' in address else 32}"
