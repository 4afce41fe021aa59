"""Addresses for Pods: which is given to whom, kept on disk, reused as late as possible."""

import asyncio
from ipaddress import ip_address, ip_network
from pathlib import Path

import msgspec

from podo.network.files import write_atomically

_RESERVED = 1  # offsets 0 and 1 of a range (network, gateway by custom) are never given out


class NoFreeAddress(Exception):
    """All addresses of a Pod range are taken."""


class Pool(msgspec.Struct, kw_only=True):
    """One range: who holds which address, and the released ones, the longest free first.

    `next` is the offset of the first address that nobody has had yet; released ones are reused only when there is none.
    """

    range: str
    next: int = _RESERVED + 1
    held: dict[str, str] = {}
    released: list[str] = []

    def allocate(self, holder: str) -> str:
        """An address for `holder`, the same one if it has one. Raises NoFreeAddress."""
        if holder in self.held:
            return self.held[holder]
        network = ip_network(self.range)
        last = network.num_addresses - (2 if network.version == 4 else 1)  # IPv4 keeps the broadcast address
        if self.next <= last:
            address = str(network[self.next])
            self.next += 1
        elif self.released:
            address = self.released.pop(0)
        else:
            raise NoFreeAddress(
                f"no free address in the Pod range {self.range} of this node: {len(self.held)} are in use"
            )
        self.held[holder] = address
        return address

    def release(self, holder: str) -> bool:
        """Let the holder's address go; whether it had one."""
        address = self.held.pop(holder, None)
        if address is None:
            return False
        self.released.append(address)
        return True


def adopt(pools: list[Pool], ranges: tuple[str, ...]) -> list[Pool]:
    """The pools of a node whose ranges are now `ranges`: a range that stays keeps its holders, others are dropped."""
    known = {pool.range: pool for pool in pools}
    return [known.get(str(ip_network(each)), Pool(range=str(ip_network(each)))) for each in ranges]


class AddressManager:
    """The pools of a node, written to `path` before an address is handed out, so that a restart knows it."""

    def __init__(self, path: Path, ranges: tuple[str, ...]) -> None:
        self._path, self._ranges = path, ranges
        self._pools: list[Pool] | None = None
        self._lock = asyncio.Lock()

    async def allocate(self, holder: str) -> tuple[str, ...]:
        """One address of each range for `holder`. Raises NoFreeAddress, and then holds none of them."""
        async with self._lock:
            pools = await self._load()
            try:
                addresses = tuple(pool.allocate(holder) for pool in pools)
            except NoFreeAddress:
                _release(pools, holder)
                raise
            await self._save(pools)
            return addresses

    async def release(self, holder: str) -> None:
        """Let the holder's addresses go. May be repeated."""
        async with self._lock:
            pools = await self._load()
            if _release(pools, holder):
                await self._save(pools)

    async def held(self, holder: str) -> tuple[str, ...]:
        """The addresses that `holder` has; () if none."""
        async with self._lock:
            return tuple(pool.held[holder] for pool in await self._load() if holder in pool.held)

    async def retain(self, holders: set[str]) -> None:
        """Let the addresses of all others go."""
        async with self._lock:
            pools = await self._load()
            gone = {holder for pool in pools for holder in pool.held} - holders
            for holder in sorted(gone):
                _release(pools, holder)
            if gone:
                await self._save(pools)

    async def _load(self) -> list[Pool]:
        if self._pools is None:
            self._pools = adopt(await asyncio.to_thread(_read, self._path), self._ranges)
        return self._pools

    async def _save(self, pools: list[Pool]) -> None:
        data = msgspec.json.encode(pools)
        await asyncio.to_thread(write_atomically, self._path, data)


def _release(pools: list[Pool], holder: str) -> bool:
    released = [pool.release(holder) for pool in pools]
    return any(released)


def _read(path: Path) -> list[Pool]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Pool])
    except FileNotFoundError:
        return []


def mac_of(address: str) -> str:
    """The link-layer address that goes with a Pod's address: unique on its link, and the same at every start."""
    packed = ip_address(address).packed[-4:]
    return ":".join(f"{octet:02x}" for octet in (0x0A, 0x58, *packed))
