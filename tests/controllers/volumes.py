"""Claims, volumes and classes with good defaults."""

from typing import Any

from podo.api.types.core_v1 import (
    CSIPersistentVolumeSource,
    HostPathVolumeSource,
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimVolumeSource,
    PersistentVolumeSpec,
    Pod,
    Volume,
    VolumeResourceRequirements,
)
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.storage_v1 import StorageClass
from tests.build import meta, pod

RWO = ("ReadWriteOnce",)


def claim(name: str, size: str = "1Gi", cls: str | None = "", modes=RWO, annotations=None, **spec: Any):
    return PersistentVolumeClaim(
        metadata=meta(name, annotations=annotations or {}),
        spec=PersistentVolumeClaimSpec(
            access_modes=modes,
            resources=VolumeResourceRequirements(requests={"storage": size}),
            storage_class_name=cls,
            **spec,
        ),
    )


def volume(name: str, size: str = "1Gi", cls: str = "", modes=RWO, labels=None, annotations=None, **spec: Any):
    source = {"csi": spec.pop("csi")} if "csi" in spec else {"host_path": HostPathVolumeSource(path="/data")}
    return PersistentVolume(
        metadata=ObjectMeta(name=name, labels=labels or {}, annotations=annotations or {}),
        spec=PersistentVolumeSpec(
            capacity={"storage": size}, access_modes=modes, storage_class_name=cls, **source, **spec
        ),
    )


def csi(driver: str = "x.example.com", handle: str = "h") -> CSIPersistentVolumeSource:
    return CSIPersistentVolumeSource(driver=driver, volume_handle=handle)


def storage_class(name: str, provisioner: str = "x.example.com", *, waits: bool = False, default: bool = False, **more):
    marks = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return StorageClass(
        metadata=ObjectMeta(name=name, annotations=marks),
        provisioner=provisioner,
        volume_binding_mode="WaitForFirstConsumer" if waits else "Immediate",
        reclaim_policy=more.pop("reclaim_policy", "Delete"),
        **more,
    )


def user_of(name: str, *claims: str, node: str = "") -> Pod:
    from msgspec.structs import replace

    made = pod(name, node=node)
    volumes = tuple(
        Volume(name=f"v{i}", persistent_volume_claim=PersistentVolumeClaimVolumeSource(claim_name=c))
        for i, c in enumerate(claims)
    )
    return replace(made, spec=replace(made.spec, volumes=volumes))
