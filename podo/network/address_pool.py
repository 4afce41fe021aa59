"""Addresses of a pool, and who holds which."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address, ip_network

from podo.client.base import Key


class AddressPool:
    """The addresses of some ranges, and who holds which."""

    def __init__(self, ranges: Sequence[str]) -> None:
        self._networks = [ip_network(each) for each in ranges]
        self._held: dict[str, Key] = {}

    def __contains__(self, address: str) -> bool:
        parsed = ip_address(address)
        return any(parsed in network for network in self._networks if network.version == parsed.version)

    def take(self, holder: Key, family: str, wanted: Iterable[str]) -> str:
        """An address of the family for `holder`, "" if there is none.

        The first of `wanted` that is free or the holder's own, else one that it has, else the lowest free one.
        """
        mine = (each for each, who in self._held.items() if who == holder and family_of(each) == family)
        for address in (*wanted, *mine):
            if address in self and family_of(address) == family and self._held.get(address, holder) == holder:
                return self._hold(holder, address)
        for network in self._networks:
            for parsed in network:
                if str(parsed) not in self._held and family_of(str(parsed)) == family:
                    return self._hold(holder, str(parsed))
        return ""

    def holders(self) -> set[Key]:
        """All who hold an address."""
        return set(self._held.values())

    def release(self, holder: Key, kept: Iterable[str] = ()) -> list[str]:
        """Let the holder's other addresses go; which these were."""
        gone = [each for each, who in self._held.items() if who == holder and each not in kept]
        for address in gone:
            del self._held[address]
        return gone

    def _hold(self, holder: Key, address: str) -> str:
        self._held[address] = holder
        return address


def family_of(address: str) -> str:
    """IPv4 or IPv6."""
    return f"IPv{ip_address(address).version}"
