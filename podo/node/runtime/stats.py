"""The figures of sandboxes and containers, from cgroups, /proc and the disk."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from podo.node.cgroups.base import Cgroups
from podo.node.images.overlay import UPPER
from podo.node.runtime.bundles import Bundles
from podo.node.runtime.containers import Container
from podo.node.runtime.disk_cache import DiskCache
from podo.node.runtime.observed import ContainerStats, NetworkStats, SandboxStats
from podo.node.runtime.records import SandboxRecord

Wanted = Sequence[tuple[SandboxRecord, Sequence[tuple[Container, str]]]]


class StatsReader:
    """Blocks for as long as the disk takes, which is asked once in a while only."""

    def __init__(self, cgroups: Cgroups, bundles: Bundles) -> None:
        self._cgroups, self._bundles, self._disks = cgroups, bundles, DiskCache()

    def read(self, wanted: Wanted, at: datetime) -> tuple[SandboxStats, ...]:
        """For each sandbox its running containers, each with its cgroup."""
        self._disks.keep(container.record.id for _, running in wanted for container, _ in running)
        return tuple(self._sandbox(record, running, at) for record, running in wanted)

    def _sandbox(self, record: SandboxRecord, running: Sequence[tuple[Container, str]], at: datetime) -> SandboxStats:
        group = self._cgroups.stats(record.config.cgroup_parent, at)
        return SandboxStats(
            sandbox_id=record.id,
            pod_uid=record.config.uid,
            cpu=group.cpu,
            memory=group.memory,
            network=network_of([container.record.pid for container, _ in running], at),
            process_count=group.process_count,
            containers=tuple(self._container(container, cgroup, at) for container, cgroup in running),
        )

    def _container(self, container: Container, cgroup: str, at: datetime) -> ContainerStats:
        group, record = self._cgroups.stats(cgroup, at), container.record
        return ContainerStats(
            container_id=record.id,
            name=record.config.name,
            attempt=record.config.attempt,
            started_at=record.started_at,
            cpu=group.cpu,
            memory=group.memory,
            writable_layer=self._disks.usage(record.id, self._bundles.path(record.id) / UPPER, at),
        )


def parse_network(text: str, at: datetime) -> NetworkStats | None:
    """The first interface of /proc/<pid>/net/dev that is not loopback."""
    for line in text.splitlines():
        name, colon, figures = line.partition(":")
        if colon and name.strip() != "lo":
            received, sent = figures.split()[:8], figures.split()[8:]
            return NetworkStats(
                at=at,
                interface=name.strip(),
                rx_bytes=int(received[0]),
                rx_errors=int(received[2]),
                tx_bytes=int(sent[0]),
                tx_errors=int(sent[2]),
                rx_packets=int(received[1]),
                rx_dropped=int(received[3]),
                tx_packets=int(sent[1]),
                tx_dropped=int(sent[3]),
            )
    return None


def network_of(pids: Sequence[int], at: datetime) -> NetworkStats | None:
    """The figures of the network that these processes are in, by the first that is there still."""
    for pid in pids:
        try:
            return parse_network(Path(f"/proc/{pid}/net/dev").read_text(), at)
        except OSError:
            continue
    return None
