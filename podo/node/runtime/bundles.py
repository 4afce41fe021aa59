"""Bundles: a container's folder with its root file system and its specification, as the OCI runtime wants it."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from podo.node.finishing import in_thread
from podo.node.images.base import Image, ImageFailure, Images, Owners, Rootfs
from podo.node.mounts import unmount_quietly
from podo.node.runtime import cdi, idmaps, seccomp
from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.capabilities import granted
from podo.node.runtime.config import ContainerConfig, LinuxResources
from podo.node.runtime.devices import wanted_devices
from podo.node.runtime.spec import Machine, SandboxPaths, arguments, container_spec, resources
from podo.node.runtime.users import User, read_accounts, resolve_user

SPEC = "config.json"
PID_NAMESPACE = "pid"  # where a namespace of another container is bound


class RunnableImages(Images, Rootfs, Protocol):
    """What a runtime needs of the image store."""


@dataclass(frozen=True)
class Prepared:
    """What the image decided."""

    user: User
    stop_signal: str


class Bundles:
    """Makes, changes and removes them below `root`; below `mapped` is what containers in user namespaces mount."""

    def __init__(
        self,
        root: Path,
        mapped: Path,
        images: RunnableImages,
        machine: Machine,
        rules: seccomp.Machine,
        cdi_folders: Sequence[Path] = (),
    ) -> None:
        self._root, self._mapped, self._images = root, mapped, images
        self._machine, self._rules, self._cdi_folders = machine, rules, cdi_folders

    def path(self, container_id: str) -> Path:
        """The container's folder."""
        return self._root / container_id

    async def prepare(self, container_id: str, config: ContainerConfig, sandbox: SandboxPaths) -> Prepared:
        """Mount the root and write the specification. Raises RuntimeFailure."""
        for mount in config.mounts:
            if not os.path.exists(mount.host_path):
                raise RuntimeFailure(f'failed to stat "{mount.host_path}": no such file or directory')
        try:
            image = await self._images.find(config.image)
            if image is None:
                raise RuntimeFailure(f"image {config.image} is not there (removed since it was pulled?)")
            root = await self._images.mount(image.id, self.path(container_id), _owners(sandbox))
        except ImageFailure as error:
            raise RuntimeFailure(str(error)) from error
        if not arguments(config, image.config):
            raise RuntimeFailure("no command specified")
        return await in_thread(self._write, container_id, config, sandbox, image, root)

    def spec(self, container_id: str) -> dict[str, Any]:
        """The specification as it was written."""
        return msgspec.json.decode((self.path(container_id) / SPEC).read_bytes(), type=dict[str, Any])

    def change_resources(self, container_id: str, wanted: LinuxResources) -> None:
        """Before the start: all figures anew."""
        spec = self.spec(container_id)
        kept = {"devices": spec["linux"]["resources"]["devices"]}
        spec["linux"]["resources"] = resources(wanted, self._machine) | kept
        (self.path(container_id) / SPEC).write_bytes(msgspec.json.encode(spec))

    async def drop(self, container_id: str) -> None:
        """Unmount and delete it. May be repeated."""
        folder = self.path(container_id)
        await in_thread(idmaps.unmap, self._mapped / container_id)
        await self._images.unmount(folder)
        await in_thread(unmount_quietly, folder / PID_NAMESPACE)
        await in_thread(shutil.rmtree, folder, ignore_errors=True)

    def _write(
        self, container_id: str, config: ContainerConfig, sandbox: SandboxPaths, image: Image, root: Path
    ) -> Prepared:
        user = resolve_user(config.security, image.config.user, *read_accounts(root))
        capabilities = frozenset(granted(config.security, self._machine.capabilities))
        spec = container_spec(
            container_id,
            config,
            image.config,
            sandbox,
            user=user,
            root=str(root),
            machine=self._machine,
            seccomp=seccomp.linux_seccomp(config.security.seccomp, capabilities, self._rules),
            devices=wanted_devices(config.devices),
        )
        cdi.inject(spec, config.cdi_devices, self._cdi_folders)
        if owners := _owners(sandbox):
            assert sandbox.users
            spec = idmaps.map_spec(spec, sandbox.users, owners.namespace, self._mapped / container_id)
        (self.path(container_id) / SPEC).write_bytes(msgspec.json.encode(spec))
        return Prepared(user, config.stop_signal or image.config.stop_signal)


def _owners(sandbox: SandboxPaths) -> Owners | None:
    """As whose the files of images are to be seen in a sandbox: the node's, without a user namespace."""
    return Owners(sandbox.users.first, Path(sandbox.namespaces["user"])) if sandbox.users else None
