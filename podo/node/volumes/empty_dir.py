"""emptyDir: a folder on disk, or one in memory with a limit (blocking)."""

import os
from pathlib import Path

from podo.api import quantity
from podo.api.pod_amounts import pod_limits
from podo.api.types.core_v1 import EmptyDirVolumeSource, Pod
from podo.node import syscalls
from podo.node.volumes.base import VolumeFailure

MODE = 0o777
HUGE_PAGES = "HugePages"


def make(folder: Path, source: EmptyDirVolumeSource, pod: Pod) -> None:
    """Make the folder, and mount memory on it if that is wanted. Raises VolumeFailure."""
    folder.mkdir(parents=True, exist_ok=True)
    if source.medium and not os.path.ismount(folder):
        try:
            if source.medium == "Memory":
                size = memory_size(source, pod)
                syscalls.mount("tmpfs", folder, "tmpfs", 0, f"size={size}" if size else "")
            else:
                syscalls.mount("nodev", folder, "hugetlbfs", 0, f"pagesize={page_size(source.medium, pod)}")
        except OSError as error:
            raise VolumeFailure(f"emptyDir cannot be mounted: {error.strerror}") from error
    folder.chmod(MODE)


def memory_size(source: EmptyDirVolumeSource, pod: Pod) -> int:
    """Bytes that it may hold: its own limit and the Pod's, whichever is less; 0 without one."""
    limit = int(pod_limits(pod.spec).get("memory", 0))
    if not all(c.resources and "memory" in c.resources.limits for c in pod.spec.containers):
        limit = 0
    own = quantity.to_int(source.size_limit) if source.size_limit else 0
    return min(filter(None, (own, limit)), default=0)


def page_size(medium: str, pod: Pod) -> str:
    """Of `HugePages-2Mi`, or the only size that the Pod asks for: "2M"."""
    if medium != HUGE_PAGES:
        size = medium.removeprefix(HUGE_PAGES + "-")
    else:
        asked = {n for c in pod.spec.containers if c.resources for n in c.resources.requests if "hugepages-" in n}
        if len(asked) != 1:
            raise VolumeFailure("medium HugePages needs exactly one size of huge pages in the Pod's requests")
        size = asked.pop().removeprefix("hugepages-")
    return size.removesuffix("i")
