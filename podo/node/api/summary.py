"""GET /stats/summary: the node and its Pods as the kubelet's stats.v1alpha1 Summary has them. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from podo.api import timestamps
from podo.api.types.core_v1 import Pod
from podo.node.runtime.observed import ContainerStats, CPUStats, MemoryStats, NetworkStats
from podo.node.stats.base import FileSystem, NodeUse, PodUse, Use
from podo.node.stats.moments import Moment
from podo.node.stats.rates import NODE, Rate, container_key
from podo.node.volumes.figures import Found, claim_name
from podo.storage.drivers import VolumeFigures

Body = dict[str, Any]


def summary(moment: Moment, name: str, volumes: Found | None = None, *, brief: bool = False) -> Body:
    """The whole; `brief`: CPU and memory only, as `only_cpu_and_memory=true` asks. `volumes` are those that last."""
    pods = [pod_body(pod, use, moment, brief=brief) for pod, use in moment.pods if use.sandbox is not None]
    for pod, body in zip((pod for pod, use in moment.pods if use.sandbox is not None), pods, strict=True):
        if lasting := lasting_volumes(pod, (volumes or {}).get(pod.metadata.uid, {}), moment):
            body["volume"] = body.get("volume", []) + lasting
    return {"node": node_body(moment, name, brief=brief), "pods": pods}


def node_body(moment: Moment, name: str, *, brief: bool) -> Body:
    """NodeStats."""
    use = moment.node
    found: Body = {"nodeName": name, "startTime": timestamps.format_time(use.started)}
    found |= cpu_and_memory(use.cpu, use.memory, moment.rates.get(NODE)) | window(use.cpu, moment.rates.get(NODE))
    if "memory" in found:
        found["memory"]["availableBytes"] = use.memory_available
    if brief:
        return found
    at = timestamps.format_time(use.at)
    images = file_system(use.image_fs, at) | {"usedBytes": use.image_use.bytes, "inodesUsed": use.image_use.inodes}
    return found | {
        "fs": file_system(use.node_fs, at),
        "runtime": {"imageFs": images, "containerFs": file_system(use.image_fs, at)},
        "rlimit": {"time": at, "maxpid": use.processes.most, "curproc": use.processes.running},
        "swap": {"time": at, "swapUsageBytes": use.swap},
    }


def pod_body(pod: Pod, use: PodUse, moment: Moment, *, brief: bool) -> Body:
    """PodStats."""
    sandbox, meta = use.sandbox, pod.metadata
    assert sandbox is not None
    containers = [
        container_body(c, use, moment.rates.get(container_key(use.uid, c)), moment.node, brief=brief)
        for c in sandbox.containers
    ]
    found: Body = {
        "podRef": {"name": meta.name, "namespace": meta.namespace, "uid": meta.uid},
        "startTime": pod.status.start_time or meta.creation_timestamp,
        "containers": containers,
    } | cpu_and_memory(sandbox.cpu, sandbox.memory, moment.rates.get(use.uid))
    found |= window(sandbox.cpu, moment.rates.get(use.uid))
    if brief:
        return found
    if sandbox.network is not None:
        found["network"] = network(sandbox.network)
    if use.disk is not None:
        at = timestamps.format_time(use.disk.at)
        found["volume"] = [volume_body(n, u, moment.node.node_fs, at) for n, u in sorted(use.disk.volumes.items())]
        found["ephemeral-storage"] = used(use.disk.total, moment.node.node_fs, at)
    return found | {"process_stats": {"process_count": use.processes}}


def container_body(stats: ContainerStats, use: PodUse, rate: Rate | None, node: NodeUse, *, brief: bool) -> Body:
    """ContainerStats."""
    started = timestamps.format_time(stats.started_at) if stats.started_at else None
    found: Body = {"name": stats.name, "startTime": started} | cpu_and_memory(stats.cpu, stats.memory, rate)
    if brief or use.disk is None:
        return found
    at = timestamps.format_time(use.disk.at)
    roots, logs = use.disk.roots.get(stats.name, Use()), use.disk.logs.get(stats.name, Use())
    return found | {"rootfs": used(roots, node.image_fs, at), "logs": used(logs, node.node_fs, at)}


def cpu_and_memory(cpu: CPUStats | None, memory: MemoryStats | None, rate: Rate | None) -> Body:
    """What is known of both."""
    found: Body = {}
    if cpu is not None:
        found["cpu"] = {"time": _time(cpu.at)}
        if rate is not None:
            found["cpu"]["usageNanoCores"] = rate.nano_cores
        found["cpu"]["usageCoreNanoSeconds"] = cpu.usage_ns
    if memory is not None:
        found["memory"] = {"time": _time(memory.at)}
        if memory.limit:
            found["memory"]["availableBytes"] = max(memory.limit - memory.working_set, 0)
        found["memory"] |= {
            "usageBytes": memory.usage,
            "workingSetBytes": memory.working_set,
            "rssBytes": memory.rss,
            "pageFaults": memory.page_faults,
            "majorPageFaults": memory.major_page_faults,
        }
    return found


def window(cpu: CPUStats | None, rate: Rate | None) -> Body:
    """Over which time the rates are: not in a kubelet's summary, where nobody can tell.

    It begins where it began: its end is told in whole seconds, and who takes the one from the other must not come to a
    time before the first reading, when a Pod was perhaps not ready.
    """
    if cpu is None or rate is None:
        return {}
    seconds = max(rate.window - cpu.at.microsecond / 1e6, 0.001)
    return {"window": f"{round(seconds, 3):g}s"}


def network(stats: NetworkStats) -> Body:
    """Of the first interface, which is the only one."""
    one = {
        "name": stats.interface,
        "rxBytes": stats.rx_bytes,
        "rxErrors": stats.rx_errors,
        "txBytes": stats.tx_bytes,
        "txErrors": stats.tx_errors,
    }
    return {"time": _time(stats.at)} | one | {"interfaces": [one]}


def volume_body(name: str, use: Use, on: FileSystem, at: str) -> Body:
    """A volume that is the Pod's own, on the node's disk."""
    return used(use, on, at) | {"name": name}


def lasting_volumes(pod: Pod, found: Mapping[str, VolumeFigures], moment: Moment) -> list[Body]:
    """VolumeStats of volumes that Pods have by claims or from drivers."""
    at, bodies = timestamps.format_time(moment.node.at), []
    for volume in pod.spec.volumes:
        if (figures := found.get(volume.name)) is None:
            continue
        body: Body = {
            "time": at,
            "availableBytes": figures.bytes.available,
            "capacityBytes": figures.bytes.total,
            "usedBytes": figures.bytes.used,
            "inodesFree": figures.inodes.available,
            "inodes": figures.inodes.total,
            "inodesUsed": figures.inodes.used,
            "name": volume.name,
        }
        if claim := claim_name(pod, volume):
            body["pvcRef"] = {"name": claim, "namespace": pod.metadata.namespace}
        if figures.abnormal is not None:
            body["volumeHealthStats"] = {"abnormal": bool(figures.abnormal)}
        bodies.append(body)
    return bodies


def file_system(found: FileSystem, at: str) -> Body:
    """A whole file system."""
    return {
        "time": at,
        "availableBytes": found.available,
        "capacityBytes": found.capacity,
        "usedBytes": found.capacity - found.available,
        "inodesFree": found.inodes_free,
        "inodes": found.inodes,
        "inodesUsed": found.inodes - found.inodes_free,
    }


def used(use: Use, on: FileSystem, at: str) -> Body:
    """What something takes of a file system."""
    return file_system(on, at) | {"usedBytes": use.bytes, "inodesUsed": use.inodes}


def _time(at: datetime) -> str:
    return timestamps.format_time(at)
