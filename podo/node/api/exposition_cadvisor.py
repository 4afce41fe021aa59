"""/metrics/cadvisor: what dashboards expect of a kubelet, under cAdvisor's names and labels. Pure."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from podo.api.types.core_v1 import Pod
from podo.node.api.exposition import COUNTER, GAUGE, Family, Sample
from podo.node.cgroups.details import DeviceUse, GroupDetails
from podo.node.resources.limits import container_resources, pod_resources
from podo.node.runtime.config import LinuxResources
from podo.node.runtime.observed import ContainerStats, CPUStats, MemoryStats, NetworkStats
from podo.node.stats.base import FileSystem, PodUse, Use
from podo.node.stats.groups import Groups, container_group, pod_group
from podo.node.stats.moments import Moment

NANO, MICRO = 1e9, 1e6


class Part(NamedTuple):
    """One group: the node's ("/"), a Pod's, or a container's. Only the last has an image and a name."""

    labels: Mapping[str, str]
    cpu: CPUStats | None
    memory: MemoryStats | None
    more: GroupDetails
    limits: LinuxResources | None = None
    started: float | None = None
    disk: Use | None = None


Value = Callable[[Part], float | None]


def _memory(name: str) -> Value:
    return lambda p: getattr(p.memory, name) if p.memory else None


def _limit(name: str) -> Value:
    return lambda p: getattr(p.limits, name) if p.limits else None


PLAIN: tuple[tuple[str, str, str, Value], ...] = (
    ("cpu_user_seconds_total", COUNTER, "CPU seconds in user mode.", lambda p: p.more.user_ns / NANO),
    ("cpu_system_seconds_total", COUNTER, "CPU seconds in the kernel.", lambda p: p.more.system_ns / NANO),
    ("cpu_cfs_periods_total", COUNTER, "Periods of a CPU limit.", lambda p: _limited(p, p.more.periods)),
    ("cpu_cfs_throttled_periods_total", COUNTER, "Of these, throttled.",
     lambda p: _limited(p, p.more.throttled_periods)),
    ("cpu_cfs_throttled_seconds_total", COUNTER, "Seconds throttled.",
     lambda p: _limited(p, p.more.throttled_ns / NANO)),
    ("memory_working_set_bytes", GAUGE, "Working set.", _memory("working_set")),
    ("memory_usage_bytes", GAUGE, "Memory used.", _memory("usage")),
    ("memory_rss", GAUGE, "Anonymous memory.", _memory("rss")),
    ("memory_cache", GAUGE, "Pages of files.", lambda p: p.more.cache),
    ("memory_mapped_file", GAUGE, "Mapped files.", lambda p: p.more.mapped_file),
    ("memory_kernel_usage", GAUGE, "Memory of the kernel.", lambda p: p.more.kernel),
    ("memory_swap", GAUGE, "Swap used.", lambda p: p.more.swap),
    ("memory_max_usage_bytes", GAUGE, "The most memory ever used.", lambda p: p.more.peak),
    ("memory_failcnt", COUNTER, "How often the memory limit was hit.", lambda p: p.more.limit_hits),
    ("oom_events_total", COUNTER, "Processes killed for want of memory.", lambda p: p.more.oom_kills),
    ("threads", GAUGE, "Threads and processes.", lambda p: p.more.threads),
    ("spec_cpu_period", GAUGE, "Microseconds of a period.", _limit("cpu_period")),
    ("spec_cpu_shares", GAUGE, "CPU shares.", _limit("cpu_shares")),
    ("spec_cpu_quota", GAUGE, "Microseconds of CPU in a period.",
     lambda p: p.limits.cpu_quota if p.limits and p.limits.cpu_quota > 0 else None),
    ("spec_memory_limit_bytes", GAUGE, "Memory limit; 0: none.", _limit("memory_limit")),
    ("spec_memory_reservation_limit_bytes", GAUGE, "0: none.", lambda p: 0 if p.limits else None),
    ("spec_memory_swap_limit_bytes", GAUGE, "0: none.", lambda p: 0 if p.limits else None),
    ("start_time_seconds", GAUGE, "Start, in seconds since 1970.", lambda p: p.started),
)  # fmt: skip
OF_DEVICES: tuple[tuple[str, str, Callable[[DeviceUse], int]], ...] = (
    ("reads_bytes_total", "Bytes read.", lambda d: d.read_bytes),
    ("writes_bytes_total", "Bytes written.", lambda d: d.written_bytes),
    ("reads_total", "Reads.", lambda d: d.reads),
    ("writes_total", "Writes.", lambda d: d.writes),
)
OF_NETWORK: tuple[tuple[str, Callable[[NetworkStats], int]], ...] = (
    ("receive_bytes_total", lambda n: n.rx_bytes),
    ("receive_errors_total", lambda n: n.rx_errors),
    ("receive_packets_total", lambda n: n.rx_packets),
    ("receive_packets_dropped_total", lambda n: n.rx_dropped),
    ("transmit_bytes_total", lambda n: n.tx_bytes),
    ("transmit_errors_total", lambda n: n.tx_errors),
    ("transmit_packets_total", lambda n: n.tx_packets),
    ("transmit_packets_dropped_total", lambda n: n.tx_dropped),
)


def cadvisor_metrics(moment: Moment, groups: Groups, *, cores: float) -> list[Family]:
    """Everything of the node, its Pods and their containers. Labels are empty where there is nothing to name."""
    parts = [_node(moment, groups), *_parts(moment, groups)]
    return [
        Family("cadvisor_version_info", GAUGE, "Versions.", [Sample(_versions(), 1)]),
        *_cpu_and_memory(parts),
        *_processes(moment, groups),
        *_devices(parts, groups),
        *_file_systems(parts, moment),
        *_network(moment, groups),
        *_pressure(parts),
        *_machine(moment, cores),
    ]


def _versions() -> dict[str, str]:
    found = os.uname()
    return {"kernelVersion": found.release, "osVersion": "", "dockerVersion": "", "cadvisorVersion": ""}


def _labels(group: str, pod: Pod | None = None, container: ContainerStats | None = None) -> dict[str, str]:
    meta, name = pod.metadata if pod else None, container.name if container else ""
    return {
        "id": f"/{group}" if group else "/",
        "namespace": meta.namespace if meta else "",
        "pod": meta.name if meta else "",
        "container": name,
        "image": _image(pod, name) if pod and name else "",
        "name": container.container_id if container else "",
    }


def _image(pod: Pod, name: str) -> str:
    spec = pod.spec
    all_of_them = [(c.name, c.image) for c in (*spec.containers, *spec.init_containers)]
    all_of_them += [(c.name, c.image) for c in spec.ephemeral_containers]
    return dict(all_of_them).get(name, "")


def _node(moment: Moment, groups: Groups) -> Part:
    node = moment.node
    return Part(_labels(""), node.cpu, node.memory, groups.of(groups.node), started=node.started.timestamp())


def _parts(moment: Moment, groups: Groups) -> Iterator[Part]:
    for pod, use in moment.pods:
        if use.sandbox is None:
            continue
        group, sandbox = pod_group(groups.node, pod), use.sandbox
        yield Part(_labels(group, pod), sandbox.cpu, sandbox.memory, groups.of(group), pod_resources(pod.spec))
        for container in sandbox.containers:
            yield _container(pod, use, container, groups)


def _container(pod: Pod, use: PodUse, container: ContainerStats, groups: Groups) -> Part:
    group = container_group(groups.node, pod, container.container_id)
    spec = next((c for c in (*pod.spec.containers, *pod.spec.init_containers) if c.name == container.name), None)
    return Part(
        _labels(group, pod, container),
        container.cpu,
        container.memory,
        groups.of(group),
        container_resources(pod, spec, memory_capacity=0) if spec else None,
        container.started_at.timestamp() if container.started_at else None,
        use.disk.container(container.name) if use.disk else None,
    )


def _cpu_and_memory(parts: Iterable[Part]) -> Iterator[Family]:
    parts = list(parts)
    yield Family(
        "container_cpu_usage_seconds_total",
        COUNTER,
        "CPU seconds used.",
        [Sample({**p.labels, "cpu": "total"}, p.cpu.usage_ns / NANO, p.cpu.at) for p in parts if p.cpu],
    )
    for name, kind, text, value in PLAIN:
        samples = [Sample(p.labels, found, _at(p)) for p in parts if (found := value(p)) is not None]
        yield Family(f"container_{name}", kind, text, samples)
    yield Family(
        "container_memory_failures_total",
        COUNTER,
        "Page faults.",
        [
            Sample({**p.labels, "failure_type": kind, "scope": "hierarchy"}, number, p.memory.at)
            for p in parts
            if p.memory
            for kind, number in (("pgfault", p.memory.page_faults), ("pgmajfault", p.memory.major_page_faults))
        ],
    )
    yield Family(
        "container_last_seen",
        GAUGE,
        "When the figures were read.",
        [Sample(p.labels, at.timestamp(), at) for p in parts if (at := _at(p))],
    )


def _at(part: Part) -> datetime | None:
    return part.cpu.at if part.cpu else part.memory.at if part.memory else None


def _limited(part: Part, value: float) -> float | None:
    """Only a group with a CPU limit has periods."""
    return value if part.limits and part.limits.cpu_quota > 0 else None


def _processes(moment: Moment, groups: Groups) -> Iterator[Family]:
    samples = [Sample(_labels(pod_group(groups.node, pod), pod), use.processes) for pod, use in moment.pods]
    yield Family("container_processes", GAUGE, "Processes.", samples)


def _devices(parts: Iterable[Part], groups: Groups) -> Iterator[Family]:
    used = [
        ({**p.labels, "device": groups.devices.get(number, "")}, device)
        for p in parts
        for number, device in p.more.devices.items()
    ]
    for name, text, value in OF_DEVICES:
        yield Family(f"container_fs_{name}", COUNTER, text, [Sample(labels, value(d)) for labels, d in used])


def _file_systems(parts: Iterable[Part], moment: Moment) -> Iterator[Family]:
    """Of the node's disk, and what containers have of it: writable layers and logs."""
    disk = moment.node.node_fs
    device = f"{os.major(disk.device)}:{os.minor(disk.device)}"
    found = [({**p.labels, "device": device}, p.disk) for p in parts if p.disk]
    node = [({**_labels(""), "device": device}, _whole(disk))]
    both = [*node, *found]
    yield Family("container_fs_usage_bytes", GAUGE, "Bytes used.", [Sample(x, u.bytes) for x, u in both])
    yield Family("container_fs_limit_bytes", GAUGE, "Bytes there are.", [Sample(x, disk.capacity) for x, _ in both])
    yield Family("container_fs_inodes_total", GAUGE, "Inodes there are.", [Sample(x, disk.inodes) for x, _ in both])
    yield Family("container_fs_inodes_free", GAUGE, "Inodes left.", [Sample(x, disk.inodes_free) for x, _ in both])


def _whole(disk: FileSystem) -> Use:
    return Use(disk.capacity - disk.available, disk.inodes - disk.inodes_free)


def _network(moment: Moment, groups: Groups) -> Iterator[Family]:
    found = [
        ({**_labels(pod_group(groups.node, pod), pod), "interface": n.interface}, n)
        for pod, use in moment.pods
        if use.sandbox and (n := use.sandbox.network) and not pod.spec.host_network
    ]
    for name, value in OF_NETWORK:
        text = name.removesuffix("_total").replace("_", " ").capitalize() + "."
        yield Family(f"container_network_{name}", COUNTER, text, [Sample(x, value(n), n.at) for x, n in found])


def _pressure(parts: Iterable[Part]) -> Iterator[Family]:
    """For how long processes waited for a resource; only cgroup v2 tells (KEP-4205)."""
    parts = list(parts)
    for resource in ("cpu", "memory", "io"):
        for index, kind in enumerate(("waiting", "stalled")):
            samples = [
                Sample(p.labels, p.more.stalls[resource][index] / MICRO) for p in parts if resource in p.more.stalls
            ]
            text = "Seconds in which some waited." if kind == "waiting" else "Seconds in which all waited."
            yield Family(f"container_pressure_{resource}_{kind}_seconds_total", COUNTER, text, samples)


def _machine(moment: Moment, cores: float) -> Iterator[Family]:
    yield Family("machine_cpu_cores", GAUGE, "CPUs of the node.", [Sample({}, cores)])
    yield Family("machine_memory_bytes", GAUGE, "Memory of the node.", [Sample({}, moment.node.memory_capacity)])
    yield Family("machine_scrape_error", GAUGE, "1 if the node could not be read, else 0.", [Sample({}, 0)])
    yield Family("container_scrape_error", GAUGE, "1 if a group could not be read, else 0.", [Sample({}, 0)])
