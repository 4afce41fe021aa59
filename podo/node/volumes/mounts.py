"""What a container's volumeMounts are on this node: pure, apart from the parts of volumes (`subpath.py`)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from podo.api.types.core_v1 import Container, Pod, Volume, VolumeMount
from podo.node.runtime.config import Device, Mount, MountPropagation
from podo.node.volumes.base import MountFailure
from podo.node.volumes.files import is_safe
from podo.node.worker.environment import expand

PROPAGATION = {
    "": MountPropagation.PRIVATE,
    "None": MountPropagation.PRIVATE,
    "HostToContainer": MountPropagation.HOST_TO_CONTAINER,
    "Bidirectional": MountPropagation.BIDIRECTIONAL,
}


@dataclass(frozen=True)
class PlannedMount:
    """A mount of a whole volume, and which part of the volume it really is; `index` is its place in the container."""

    mount: Mount
    index: int
    part: str = ""

    def at(self, path: Path) -> Mount:
        """The mount of what was bound to `path`."""
        return replace(self.mount, host_path=str(path))


def plan_mounts(
    pod: Pod, container: Container, paths: Mapping[str, Path], environment: Mapping[str, str]
) -> tuple[tuple[PlannedMount, ...], tuple[Device, ...]]:
    """All mounts of the container, the shallowest paths first. Raises MountFailure."""
    volumes = {v.name: v for v in pod.spec.volumes}
    planned = [
        _plan(container, i, m, volumes.get(m.name), paths, environment) for i, m in enumerate(container.volume_mounts)
    ]
    planned.sort(key=lambda p: p.mount.container_path.count("/"))
    devices = tuple(
        Device(container_path=d.device_path, host_path=str(paths[d.name]))
        for d in container.volume_devices
        if d.name in paths
    )
    return tuple(planned), devices


def _plan(
    container: Container,
    index: int,
    wanted: VolumeMount,
    volume: Volume | None,
    paths: Mapping[str, Path],
    environment: Mapping[str, str],
) -> PlannedMount:
    path = paths.get(wanted.name)
    if volume is None or path is None:
        where = f'cannot find volume "{wanted.name}" to mount into container "{container.name}"'
        raise MountFailure(where)
    part = wanted.sub_path or _expanded(wanted.sub_path_expr, environment)
    if part and not is_safe(part):
        raise MountFailure(f"subPath {part!r} must be relative and must not contain '..'")
    readonly = bool(wanted.read_only) or _is_read_only(volume)
    mount = Mount(
        container_path=_absolute(wanted.mount_path),
        host_path=str(path),
        readonly=readonly,
        recursive_read_only=readonly and wanted.recursive_read_only in ("Enabled", "IfPossible"),
        propagation=PROPAGATION[wanted.mount_propagation],
    )
    return PlannedMount(mount, index, part)


def _absolute(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"


def _is_read_only(volume: Volume) -> bool:
    """Volumes made from API objects and images cannot be written, nor claims that a Pod wants for reading only."""
    if volume.persistent_volume_claim is not None and volume.persistent_volume_claim.read_only:
        return True
    return any((volume.config_map, volume.secret, volume.downward_api, volume.projected, volume.image))


def _expanded(expression: str, environment: Mapping[str, str]) -> str:
    if not expression:
        return ""
    part = expand(expression, environment)
    if "$(" in part and ")" in part:
        raise MountFailure(f"subPathExpr {expression!r}: missing value for an environment variable")
    return part
