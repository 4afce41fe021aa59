"""Pods that have outgrown a limit of their own on the disk: pure."""

from podo.api import quantity
from podo.api.pod_amounts import pod_limits
from podo.api.types.core_v1 import Pod
from podo.node.eviction import words
from podo.node.eviction.thresholds import STORAGE
from podo.node.stats.base import PodUse


def has_limits(pod: Pod) -> bool:
    """Whether its disk has to be looked at."""
    if any(v.empty_dir and v.empty_dir.size_limit for v in pod.spec.volumes):
        return True
    return STORAGE in pod_limits(pod.spec)


def outgrown(pod: Pod, use: PodUse) -> str:
    """Which limit it is over, in words; "" for none."""
    if use.disk is None:
        return ""
    for volume in pod.spec.volumes:
        limit = volume.empty_dir.size_limit if volume.empty_dir else ""
        used = use.disk.volumes.get(volume.name)
        if limit and used and 0 < quantity.to_int(limit) < used.bytes:
            return words.volume_full(volume.name, limit)
    whole = pod_limits(pod.spec).get(STORAGE)
    if whole is not None and use.disk.total.bytes > whole:
        return words.pod_full(whole)
    for container in pod.spec.containers:
        limit = (container.resources.limits if container.resources else {}).get(STORAGE, "")
        if limit and 0 < quantity.to_int(limit) < use.disk.container(container.name).bytes:
            return words.container_full(container.name, limit)
    return ""
