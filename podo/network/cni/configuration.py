"""CNI configuration: the first file of a folder by name, and what each plug-in is given of it (specification 1.1)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podo.network.bandwidth import BandwidthError, bandwidth
from podo.network.base import PodSandbox, PortMapping

Json = dict[str, Any]
SUFFIXES = (".conflist", ".conf", ".json")
_BURST = 2**31 - 1  # bits; what kubelet gives where the Pod says nothing


class ConfigurationError(Exception):
    """A file is no CNI configuration; the text is for the user."""


@dataclass(frozen=True)
class Network:
    """A list of plug-ins that make one network together."""

    name: str
    version: str
    plugins: tuple[Json, ...]
    disable_check: bool = False

    @property
    def supports_gc(self) -> bool:
        """Whether GC and STATUS are part of its version of the specification."""
        return tuple(int(each) for each in self.version.split(".")[:2]) >= (1, 1)


@dataclass(frozen=True)
class Runtime:
    """What the runtime knows of a Pod, for plug-ins that have the capability to use it."""

    values: Json = field(default_factory=dict)


def find(folder: Path) -> Network | None:
    """The network that the folder's first file describes; None if it has none. Raises ConfigurationError. Blocks."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix in SUFFIXES:
            return parse(path.read_text(), path.name)
    return None


def parse(text: str, where: str) -> Network:
    """The network of a file: a list of plug-ins, or a single one. Raises ConfigurationError."""
    try:
        found = json.loads(text)
        plugins = found.get("plugins", [found])
        if not plugins or not all(isinstance(each["type"], str) for each in plugins):
            raise KeyError("type")
        return Network(
            name=found["name"],
            version=found.get("cniVersion", "0.2.0"),
            plugins=tuple(plugins),
            disable_check=bool(found.get("disableCheck")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{where} is no CNI configuration: {error}") from error


def runtime_of(sandbox: PodSandbox) -> Runtime:
    """What there is to tell of a sandbox, by capability. Raises ConfigurationError if a bandwidth is no quantity."""
    values: Json = {}
    if sandbox.port_mappings:
        values["portMappings"] = [_mapping(each) for each in sandbox.port_mappings]
    try:
        rates = bandwidth(sandbox.annotations)._asdict()
    except BandwidthError as error:
        raise ConfigurationError(str(error)) from error
    told: Json = {}
    for name, rate in rates.items():
        if rate:
            told |= {f"{name}Rate": rate, f"{name}Burst": _BURST}
    return Runtime(values | ({"bandwidth": told} if told else {}))


def _mapping(mapping: PortMapping) -> Json:
    made = {
        "hostPort": mapping.host_port,
        "containerPort": mapping.container_port,
        "protocol": mapping.protocol.lower(),
    }
    return made | ({"hostIP": mapping.host_ip} if mapping.host_ip else {})


def request(network: Network, plugin: Json, runtime: Runtime, previous: Json | None) -> Json:
    """What one plug-in gets at its input."""
    capabilities = plugin.get("capabilities") or {}
    made = {key: value for key, value in plugin.items() if key != "capabilities"}
    made |= {"name": network.name, "cniVersion": network.version}
    if given := {name: value for name, value in runtime.values.items() if capabilities.get(name)}:
        made["runtimeConfig"] = given
    if previous is not None:
        made["prevResult"] = previous
    return made


def addresses_of(result: Json) -> tuple[str, ...]:
    """The Pod's addresses, without their prefix lengths, in the order of the result."""
    listed: Iterable[str] = [each["address"] for each in result.get("ips") or ()]
    old = [result[key]["ip"] for key in ("ip4", "ip6") if isinstance(result.get(key), dict)]  # before version 0.3
    return tuple(dict.fromkeys(each.partition("/")[0] for each in (*listed, *old)))
