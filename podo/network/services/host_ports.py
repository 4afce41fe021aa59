"""hostPort: a port of the node that leads to one Pod, also after a restart of the agent."""

import asyncio
from pathlib import Path
from typing import Protocol

import msgspec

from podo.network.base import PortMapping
from podo.network.config import of_family
from podo.network.files import write_atomically
from podo.network.ruleset import Fragment, Item, ItemKind
from podo.network.services.tables import Family


class OpenPorts(msgspec.Struct, frozen=True):
    """The host ports of a sandbox, and the sandbox's addresses."""

    mappings: tuple[PortMapping, ...]
    addresses: tuple[str, ...]


class HostPorts(Protocol):
    """Opens host ports. Both return once it is in force."""

    async def open(self, sandbox_id: str, ports: "OpenPorts") -> None:
        """Lead the sandbox's host ports to it. Raises NetworkFailure."""
        ...

    async def close(self, sandbox_id: str) -> None:
        """Close them. May be repeated."""
        ...

    def expect(self, sandbox_id: str, ports: "OpenPorts") -> None:
        """As `open`, but without waiting."""
        ...


class SavedHostPorts:
    """Host ports that are noted in the file `path`, so that a restart can `restore` them."""

    def __init__(self, path: Path, host_ports: HostPorts) -> None:
        self._path, self._host_ports = path, host_ports
        self._open: dict[str, OpenPorts] | None = None
        self._lock = asyncio.Lock()

    async def restore(self) -> None:
        """Note all that were open in the rules to come; wait for none of them."""
        for sandbox_id, ports in (await self._noted()).items():
            self._host_ports.expect(sandbox_id, ports)

    async def open(self, sandbox_id: str, ports: OpenPorts) -> None:
        """Lead the sandbox's host ports to it; return once it is in force. Raises NetworkFailure."""
        if not ports.mappings:
            return
        async with self._lock:
            await self._save(await self._noted() | {sandbox_id: ports})
        await self._host_ports.open(sandbox_id, ports)

    async def close(self, sandbox_id: str) -> None:
        """Close them. May be repeated."""
        async with self._lock:
            noted = await self._noted()
            if sandbox_id not in noted:
                return
            await self._save({each: ports for each, ports in noted.items() if each != sandbox_id})
        await self._host_ports.close(sandbox_id)

    async def retain(self, sandbox_ids: set[str]) -> None:
        """Close those of all others."""
        for each in set(await self._noted()) - sandbox_ids:
            await self.close(each)

    async def _noted(self) -> dict[str, OpenPorts]:
        if self._open is None:
            self._open = await asyncio.to_thread(_read, self._path)
        return self._open

    async def _save(self, noted: dict[str, OpenPorts]) -> None:
        self._open = noted
        await asyncio.to_thread(write_atomically, self._path, msgspec.json.encode(noted))


def _read(path: Path) -> dict[str, OpenPorts]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, OpenPorts])
    except FileNotFoundError:
        return {}


def host_port_fragment(ports: OpenPorts, family: Family) -> Fragment:
    """What the host ports of a sandbox want in the table of `family`."""
    mappings = ports.mappings
    items: dict[Item, str] = {}
    for address in of_family(ports.addresses, family.version)[:1]:
        for each in mappings:
            value = f"{address} . {each.container_port}"
            port = f"{each.protocol.lower()} . {each.host_port}"
            if each.host_ip in ("", "0.0.0.0", "::"):
                items[Item(ItemKind.ELEMENT, "host-ports", port)] = value
            elif of_family((each.host_ip,), family.version):
                items[Item(ItemKind.ELEMENT, "address-host-ports", f"{each.host_ip} . {port}")] = value
    return Fragment(items) if mappings else Fragment()
