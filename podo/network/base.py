"""What the node agent asks of the network: the links of Pods.

The protocol lies here, below both sides: `podo.node.runtime` calls it, this folder implements it.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class PortMapping:
    """A hostPort of a Pod. `host_ip` "" is every address of the node."""

    container_port: int
    host_port: int
    protocol: str = "TCP"  # TCP, UDP or SCTP
    host_ip: str = ""


@dataclass(frozen=True, kw_only=True)
class PodSandbox:
    """The sandbox that wants a network. `netns` is the bind mount of its namespace, which has loopback only, up."""

    id: str
    netns: Path
    namespace: str
    name: str
    uid: str
    port_mappings: tuple[PortMapping, ...] = ()
    annotations: dict[str, str] = field(default_factory=dict)


class NetworkFailure(Exception):
    """A Pod's network could not be set up; the text is for the user."""


class PodNetwork(Protocol):
    """CNI's ADD and DEL. Both may be repeated for the same sandbox."""

    async def setup(self, sandbox: PodSandbox) -> tuple[str, ...]:
        """Connect it; its addresses, the primary one first. On failure nothing is left. Raises NetworkFailure."""
        ...

    async def teardown(self, sandbox: PodSandbox) -> None:
        """Take its links and rules down and let its addresses go, even when the namespace is already gone."""
        ...


class PolicyGate(Protocol):
    """What stands between a sandbox and its link."""

    async def admit(self, sandbox: PodSandbox) -> None:
        """Return once the policies that there are for its Pod are in force for its link. Raises NetworkFailure."""
        ...

    def forget(self, sandbox_id: str) -> None:
        """The sandbox's link is gone."""
        ...


class OpenGate:
    """Without policies everybody passes."""

    async def admit(self, sandbox: PodSandbox) -> None:
        """Nothing has to be in force."""

    def forget(self, sandbox_id: str) -> None:
        """Nothing is known of it."""
