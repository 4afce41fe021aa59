"""What Pods have on disk: their volumes, logs and writable layers. Walking costs, so it is done seldom (blocking)."""

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from podo.api.types.core_v1 import Pod, Volume
from podo.node.images.layers import disk_usage
from podo.node.runtime.observed import ContainerStats
from podo.node.stats.base import PodDisk, Use
from podo.node.worker.facts import NodeFacts


def pod_disk(pod: Pod, containers: Iterable[ContainerStats], facts: NodeFacts, at: datetime) -> PodDisk:
    """Walk all that is on the Pod's account. `containers` bring their writable layers with them."""
    meta = pod.metadata
    logs = facts.log_folder(meta.namespace, meta.name, meta.uid)
    volumes, in_memory = _volumes(pod, facts)
    return PodDisk(
        at=at,
        logs={folder.name: _flat(folder) for folder in _folders(logs)},
        roots={c.name: Use(w.used_bytes, w.inodes_used) for c in containers if (w := c.writable_layer)},
        volumes=volumes,
        in_memory=in_memory,
        other=_own_files(facts.places.pod(meta.uid)),
    )


def _volumes(pod: Pod, facts: NodeFacts) -> tuple[Mapping[str, Use], frozenset[str]]:
    found, in_memory = {}, set()
    for volume in pod.spec.volumes:
        folder = _folder(pod, volume, facts)
        if folder is None or not folder.is_dir():
            continue
        if os.path.ismount(folder):
            status = os.statvfs(folder)
            used = status.f_frsize * (status.f_blocks - status.f_bfree)
            found[volume.name] = Use(used, status.f_files - status.f_ffree)
            in_memory.add(volume.name)
        else:
            found[volume.name] = Use(*disk_usage(folder))
            if folder.is_relative_to(facts.places.volatile):
                in_memory.add(volume.name)
    return found, frozenset(in_memory)


def _folder(pod: Pod, volume: Volume, facts: NodeFacts) -> Path | None:
    """Where a volume lies that lives and dies with its Pod."""
    uid = pod.metadata.uid
    if volume.empty_dir or volume.config_map or volume.downward_api:
        return facts.places.volume(uid, volume.name)
    if volume.secret or volume.projected:
        return facts.places.secret(uid, volume.name)
    return None


def _own_files(folder: Path) -> Use:
    """Files of the Pod's folder that are no volumes."""
    total = _flat(folder)
    for part in _folders(folder / "containers"):
        total = total.plus(_flat(part))
    return total


def _flat(folder: Path) -> Use:
    """The files directly in a folder, and the folder."""
    used = inodes = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    used, inodes = used + entry.stat(follow_symlinks=False).st_blocks * 512, inodes + 1
    except FileNotFoundError:
        return Use()
    return Use(used, inodes + 1)


def _folders(folder: Path) -> list[Path]:
    return [f for f in folder.iterdir() if f.is_dir()] if folder.is_dir() else []
