"""What a control group tells beyond its use of CPU and memory, and how each version words it. Pure, but for `read`.

Read only when somebody asks for cAdvisor's metrics: these are ten files a group.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from podo.node.cgroups import tree
from podo.node.cgroups.figures import flat_keyed

NO_LIMIT = 1 << 62
PRESSURES = ("cpu", "memory", "io")


@dataclass(frozen=True)
class DeviceUse:
    """Bytes and operations, read and written, of a block device."""

    read_bytes: int = 0
    written_bytes: int = 0
    reads: int = 0
    writes: int = 0


@dataclass(frozen=True, kw_only=True)
class GroupDetails:
    """Times are nanoseconds, sizes bytes. `devices` goes by "major:minor"; `stalls` is KEP-4205's: by resource, for
    how long some, and all, processes waited (microseconds)."""

    user_ns: int = 0
    system_ns: int = 0
    periods: int = 0
    throttled_periods: int = 0
    throttled_ns: int = 0
    cache: int = 0
    mapped_file: int = 0
    kernel: int = 0
    swap: int = 0
    peak: int = 0
    limit_hits: int = 0
    oom_kills: int = 0
    threads: int = 0
    devices: Mapping[str, DeviceUse] = field(default_factory=dict)
    stalls: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def v1_details(read: "Files") -> GroupDetails:
    """Of a group of cgroup v1: `read` takes a controller and a file."""
    cpu, memory = flat_keyed(read("cpu", "cpu.stat")), flat_keyed(read("memory", "memory.stat"))
    return GroupDetails(
        user_ns=_number(read("cpuacct", "cpuacct.usage_user")),
        system_ns=_number(read("cpuacct", "cpuacct.usage_sys")),
        periods=cpu.get("nr_periods", 0),
        throttled_periods=cpu.get("nr_throttled", 0),
        throttled_ns=cpu.get("throttled_time", 0),
        cache=memory.get("total_cache", 0),
        mapped_file=memory.get("total_mapped_file", 0),
        kernel=_number(read("memory", "memory.kmem.usage_in_bytes")),
        swap=memory.get("total_swap", 0),
        peak=_number(read("memory", "memory.max_usage_in_bytes")),
        limit_hits=_number(read("memory", "memory.failcnt")),
        oom_kills=flat_keyed(read("memory", "memory.oom_control")).get("oom_kill", 0),
        threads=_number(read("pids", "pids.current")),
        devices=v1_devices(
            read("blkio", "blkio.throttle.io_service_bytes"), read("blkio", "blkio.throttle.io_serviced")
        ),
    )


def v2_details(read: "Files") -> GroupDetails:
    """Of a group of cgroup v2, in which the controllers share a folder."""
    cpu, memory = flat_keyed(read("cpu", "cpu.stat")), flat_keyed(read("memory", "memory.stat"))
    events = flat_keyed(read("memory", "memory.events"))
    return GroupDetails(
        user_ns=cpu.get("user_usec", 0) * 1000,
        system_ns=cpu.get("system_usec", 0) * 1000,
        periods=cpu.get("nr_periods", 0),
        throttled_periods=cpu.get("nr_throttled", 0),
        throttled_ns=cpu.get("throttled_usec", 0) * 1000,
        cache=memory.get("file", 0),
        mapped_file=memory.get("file_mapped", 0),
        kernel=memory.get("kernel", 0),
        swap=_number(read("memory", "memory.swap.current")),
        peak=_number(read("memory", "memory.peak")),
        limit_hits=events.get("max", 0),
        oom_kills=events.get("oom_kill", 0),
        threads=_number(read("pids", "pids.current")),
        devices=v2_devices(read("io", "io.stat")),
        stalls={name: found for name in PRESSURES if (found := pressure(read(name, f"{name}.pressure")))},
    )


class Files:
    """The files of one group: `folders` is controller → folder, or None → the folder of all."""

    def __init__(self, folders: Mapping[str | None, Path]) -> None:
        self._folders = folders

    def __call__(self, controller: str, file: str) -> str:
        folder = self._folders.get(controller, self._folders.get(None))
        return tree.read(folder / file) if folder else ""


def v1_devices(in_bytes: str, in_operations: str) -> dict[str, DeviceUse]:
    """From lines such as "8:0 Read 4096"."""
    size, count = _by_operation(in_bytes), _by_operation(in_operations)
    devices = {device for device, _ in (*size, *count)}
    return {
        device: DeviceUse(
            size.get((device, "Read"), 0),
            size.get((device, "Write"), 0),
            count.get((device, "Read"), 0),
            count.get((device, "Write"), 0),
        )
        for device in sorted(devices)
    }


def _by_operation(text: str) -> dict[tuple[str, str], int]:
    lines = (line.split() for line in text.splitlines())
    return {(words[0], words[1]): int(words[2]) for words in lines if len(words) == 3}


def v2_devices(text: str) -> dict[str, DeviceUse]:
    """From lines such as "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0"."""
    found = {}
    for line in text.splitlines():
        device, *pairs = line.split()
        values = {k: int(v) for k, _, v in (pair.partition("=") for pair in pairs) if v.isdigit()}
        found[device] = DeviceUse(*(values.get(k, 0) for k in ("rbytes", "wbytes", "rios", "wios")))
    return found


def pressure(text: str) -> tuple[int, int] | None:
    """The totals of "some avg10=0.00 … total=12" and "full …", in microseconds."""
    totals = {}
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        totals[kind] = _number(rest.rpartition("total=")[2])
    return (totals["some"], totals.get("full", 0)) if "some" in totals else None


def _number(text: str) -> int:
    found = tree.number(text)
    return found if found is not None and found < NO_LIMIT else 0
