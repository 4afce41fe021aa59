"""The figures of sandboxes and containers, from cgroups, /proc and the disk."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from podo.node.cgroups.base import Cgroups
from podo.node.images.layers import disk_usage
from podo.node.images.overlay import UPPER
from podo.node.runtime.bundles import Bundles
from podo.node.runtime.containers import Container
from podo.node.runtime.observed import ContainerStats, FilesystemStats, NetworkStats, SandboxStats
from podo.node.runtime.records import SandboxRecord

Wanted = Sequence[tuple[SandboxRecord, Sequence[tuple[Container, str]]]]


def read_stats(wanted: Wanted, cgroups: Cgroups, bundles: Bundles, at: datetime) -> tuple[SandboxStats, ...]:
    """For each sandbox its running containers, each with its cgroup. Blocks for as long as the disk takes."""
    return tuple(_sandbox(record, running, cgroups, bundles, at) for record, running in wanted)


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
            )
    return None


def _sandbox(
    record: SandboxRecord,
    running: Sequence[tuple[Container, str]],
    cgroups: Cgroups,
    bundles: Bundles,
    at: datetime,
) -> SandboxStats:
    group = cgroups.stats(record.config.cgroup_parent, at)
    return SandboxStats(
        sandbox_id=record.id,
        pod_uid=record.config.uid,
        cpu=group.cpu,
        memory=group.memory,
        network=_network([container.record.pid for container, _ in running], at),
        process_count=group.process_count,
        containers=tuple(_container(container, cgroup, cgroups, bundles, at) for container, cgroup in running),
    )


def _container(container: Container, cgroup: str, cgroups: Cgroups, bundles: Bundles, at: datetime) -> ContainerStats:
    group, record = cgroups.stats(cgroup, at), container.record
    used, inodes = disk_usage(bundles.path(record.id) / UPPER)
    return ContainerStats(
        container_id=record.id,
        name=record.config.name,
        attempt=record.config.attempt,
        cpu=group.cpu,
        memory=group.memory,
        writable_layer=FilesystemStats(at=at, used_bytes=used, inodes_used=inodes),
    )


def _network(pids: Sequence[int], at: datetime) -> NetworkStats | None:
    for pid in pids:
        try:
            return parse_network(Path(f"/proc/{pid}/net/dev").read_text(), at)
        except OSError:
            continue
    return None
