"""What drivers are asked for, for the volumes of Pods: by PersistentVolumes, or as Pods describe them. Pure but for
looking whether a `local` volume is a device."""

import hashlib
from pathlib import Path

from podo.api.types.core_v1 import (
    CSIPersistentVolumeSource,
    CSIVolumeSource,
    NFSVolumeSource,
    PersistentVolume,
    Pod,
    SecretReference,
)
from podo.node.volumes.publishing import Wanted
from podo.node.volumes.shares import DEVICE, NFS
from podo.storage.drivers import Access, NodeVolume
from podo.storage.matching import mode


def driven(found: PersistentVolume, *, read_only: bool) -> Wanted | None:
    """What a driver is asked for, for a volume; None if no driver brings it: it is a path as it is, or not known."""
    spec = found.spec
    if spec.csi is not None:
        return wanted_of(found, spec.csi, read_only=read_only)
    if spec.nfs is not None:
        return share(found.metadata.name, spec.nfs, access_of(found), read_only=read_only)
    if spec.local is not None and mode(found) == "Filesystem":
        path = Path(spec.local.path).resolve()
        if path.is_block_device():
            volume = NodeVolume(handle=str(path), access=access_of(found, spec.local.fs_type), read_only=read_only)
            return Wanted(driver=DEVICE, label=found.metadata.name, volume=volume, chown=True)
    return None


def access_of(found: PersistentVolume, fs_type: str = "") -> Access:
    """How a volume is used."""
    spec = found.spec
    return Access(fs_type=fs_type, mount_options=spec.mount_options, modes=spec.access_modes)


def share(label: str, source: NFSVolumeSource, access: Access, *, read_only: bool, ephemeral: bool = False) -> Wanted:
    """A folder of an NFS server; an address of IPv6 is in brackets."""
    server = f"[{source.server}]" if ":" in source.server and not source.server.startswith("[") else source.server
    volume = NodeVolume(handle=f"{server}:{source.path}", access=access, read_only=read_only or bool(source.read_only))
    return Wanted(driver=NFS, label=label, volume=volume, ephemeral=ephemeral)


def wanted_of(found: PersistentVolume, csi: CSIPersistentVolumeSource, *, read_only: bool) -> Wanted:
    """What a driver is asked for, for a PersistentVolume."""
    modes = found.spec.access_modes
    access = Access(
        block=mode(found) == "Block", fs_type=csi.fs_type, mount_options=found.spec.mount_options, modes=modes
    )
    volume = NodeVolume(
        handle=csi.volume_handle,
        access=access,
        attributes=csi.volume_attributes,
        read_only=read_only or bool(csi.read_only),
    )
    return Wanted(
        driver=csi.driver,
        label=found.metadata.name,
        volume=volume,
        stage_secret=_place(csi.node_stage_secret_ref),
        publish_secret=_place(csi.node_publish_secret_ref),
        chown=bool(csi.fs_type) and bool({"ReadWriteOnce", "ReadWriteOncePod"} & set(modes)),
    )


def inline(pod: Pod, name: str, source: CSIVolumeSource) -> Wanted:
    """What a driver is asked for, for a volume that a Pod describes."""
    secret = source.node_publish_secret_ref
    volume = NodeVolume(
        handle="csi-" + hashlib.sha256(f"{pod.metadata.uid}{name}".encode()).hexdigest(),
        access=Access(fs_type=source.fs_type, modes=("ReadWriteOnce",)),
        attributes=source.volume_attributes,
        read_only=bool(source.read_only),
    )
    return Wanted(
        driver=source.driver,
        label=name,
        volume=volume,
        ephemeral=True,
        publish_secret=(pod.metadata.namespace, secret.name) if secret else None,
        chown=bool(source.fs_type),
    )


def _place(ref: SecretReference | None) -> tuple[str, str] | None:
    return (ref.namespace, ref.name) if ref is not None else None
