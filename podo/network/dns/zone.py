"""What the cluster's names are: kept from Services and EndpointSlices, one entry a Service."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import NamedTuple

from podo.api.types.core_v1 import Service
from podo.api.types.discovery_v1 import EndpointSlice
from podo.client.base import Key, key_of
from podo.network.config import NetworkConfig
from podo.network.services.backends import service_of


class Port(NamedTuple):
    """A port as SRV names it; `name` may be ""."""

    name: str
    protocol: str
    number: int


class Host(NamedTuple):
    """A ready endpoint of a headless Service: its own name under the Service's, its address, its ports."""

    name: str
    address: str
    ports: tuple[Port, ...]


@dataclass(frozen=True)
class Entry:
    """What is answered for one Service, which has cluster IPs, or is headless and has hosts, or has another name."""

    addresses: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    headless: bool = False
    hosts: tuple[Host, ...] = ()
    external_name: str = ""


class Pointer(NamedTuple):
    """What an address is the address of: a Service, or a host of one."""

    service: Key
    host: str = ""


@dataclass
class _Known:
    service: Service | None = None
    slices: dict[str, EndpointSlice] = field(default_factory=dict)


class Zone:
    """The cluster's names. `generation` grows whenever an answer may have become another.

    Until `complete`, a name that is not known may still turn up.
    """

    def __init__(self, config: NetworkConfig) -> None:
        self.config = config
        self.domain = tuple(config.cluster_domain.lower().split("."))
        self.complete = False
        self.generation = 0
        self._known: dict[Key, _Known] = {}
        self._entries: dict[Key, Entry] = {}
        self._namespaces: Counter[str] = Counter()
        self._pointers: dict[str, dict[Pointer, None]] = {}

    def service_changed(self, old: Service | None, new: Service | None) -> None:
        """An informer's handler: `new` stands where `old` stood."""
        if changed := new or old:
            key = key_of(changed)
            self._known.setdefault(key, _Known()).service = new
            self._update(key)

    def slice_changed(self, old: EndpointSlice | None, new: EndpointSlice | None) -> None:
        """An informer's handler: `new` stands where `old` stood."""
        touched: dict[Key, None] = {}
        for each, present in ((old, False), (new, True)):
            if each is not None:
                key = Key(each.metadata.namespace, service_of(each))
                slices = self._known.setdefault(key, _Known()).slices
                slices.pop(each.metadata.name, None)
                if present:
                    slices[each.metadata.name] = each
                touched[key] = None
        for key in touched:
            self._update(key)

    def entry(self, namespace: str, name: str) -> Entry | None:
        """What is answered for a Service; None if there is none."""
        return self._entries.get(Key(namespace, name))

    def has_namespace(self, name: str) -> bool:
        """Whether there is a name in the namespace."""
        return self._namespaces[name] > 0

    def pointers(self, address: str) -> tuple[Pointer, ...]:
        """What `address` is the address of."""
        return tuple(self._pointers.get(address, ()))

    def _update(self, key: Key) -> None:
        known = self._known[key]
        entry = entry_of(known.service, known.slices.values()) if known.service else None
        before = self._entries.get(key)
        if known.service is None and not known.slices:
            del self._known[key]
        if entry == before:
            return
        self.generation += 1
        if before is not None:
            del self._entries[key]
            self._namespaces[key.namespace] -= 1
            for address, pointer in _pointers(key, before):
                self._unpoint(address, pointer)
        if entry is not None:
            self._entries[key] = entry
            self._namespaces[key.namespace] += 1
            for address, pointer in _pointers(key, entry):
                self._pointers.setdefault(address, {})[pointer] = None

    def _unpoint(self, address: str, pointer: Pointer) -> None:
        pointers = self._pointers.get(address, {})
        pointers.pop(pointer, None)
        if not pointers:
            self._pointers.pop(address, None)


def entry_of(service: Service, slices: Iterable[EndpointSlice]) -> Entry | None:
    """What is answered for `service`; None before it has been given its cluster IP. Pure."""
    spec = service.spec
    if spec.type == "ExternalName":
        return Entry(external_name=spec.external_name.rstrip(".").lower())
    ports = tuple(Port(p.name, (p.protocol or "TCP").lower(), p.port or 0) for p in spec.ports)
    addresses = tuple(each for each in spec.cluster_ips or (spec.cluster_ip,) if each)
    if "None" in addresses:
        return Entry(
            ports=ports, headless=True, hosts=tuple(sorted(set(_hosts(slices)), key=lambda host: (host.address, host)))
        )
    return Entry(addresses=addresses, ports=ports) if addresses else None


def host_name(address: str) -> str:
    """The name of an endpoint that has no hostname: its address with dashes."""
    return address.replace(".", "-").replace(":", "-")


def _hosts(slices: Iterable[EndpointSlice]) -> Iterator[Host]:
    for each in slices:
        if each.address_type not in ("IPv4", "IPv6"):
            continue
        ports = tuple(Port(p.name, (p.protocol or "TCP").lower(), p.port) for p in each.ports if p.port is not None)
        for endpoint in each.endpoints:
            if endpoint.conditions is not None and endpoint.conditions.ready is False:
                continue
            for address in endpoint.addresses:
                plain = str(ip_address(address))
                yield Host(endpoint.hostname.lower() or host_name(plain), plain, ports)


def _pointers(key: Key, entry: Entry) -> Iterator[tuple[str, Pointer]]:
    for address in entry.addresses:
        yield str(ip_address(address)), Pointer(key)
    for host in entry.hosts:
        yield host.address, Pointer(key, host.name)
