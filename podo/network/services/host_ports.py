"""hostPort: a port of the node that leads to one Pod. Pure, but for the ruleset that it is entered in."""

from typing import Protocol

from podo.network.base import PodSandbox, PortMapping
from podo.network.config import of_family
from podo.network.services.ruleset import Fragment, Item, ItemKind
from podo.network.services.tables import Family


class HostPorts(Protocol):
    """Opens host ports. Both return once it is in force."""

    async def open(self, sandbox: PodSandbox, addresses: tuple[str, ...]) -> None:
        """Lead the sandbox's host ports to it. Raises NetworkFailure."""
        ...

    async def close(self, sandbox_id: str) -> None:
        """Close them. May be repeated."""
        ...


def host_port_fragment(mappings: tuple[PortMapping, ...], addresses: tuple[str, ...], family: Family) -> Fragment:
    """What the port mappings of a Pod with these addresses want in the table of `family`."""
    items: dict[Item, str] = {}
    for address in of_family(addresses, family.version)[:1]:
        items[Item(ItemKind.ELEMENT, "hairpin", f"{address} . {address}")] = ""
        for each in mappings:
            value = f"{address} . {each.container_port}"
            port = f"{each.protocol.lower()} . {each.host_port}"
            if each.host_ip in ("", "0.0.0.0", "::"):
                items[Item(ItemKind.ELEMENT, "host-ports", port)] = value
            elif of_family((each.host_ip,), family.version):
                items[Item(ItemKind.ELEMENT, "address-host-ports", f"{each.host_ip} . {port}")] = value
    return Fragment(items) if mappings else Fragment()
