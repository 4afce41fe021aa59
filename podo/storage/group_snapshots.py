"""The group snapshot API (groupsnapshot.storage.k8s.io/v1beta2, KEP-3476): its kinds, and their definitions."""

from collections.abc import Iterator
from typing import Any

import msgspec

from podo.api.types.core_v1 import ObjectReference
from podo.api.types.meta_v1 import LabelSelector, ObjectMeta
from podo.client.base import Kind
from podo.storage.snapshots import (
    ERROR,
    FLAG,
    NUMBER,
    POLICY,
    REF,
    TEXT,
    TIME,
    WORDS,
    definition,
    resource_of,
    structure,
)

GROUP, VERSION = "groupsnapshot.storage.k8s.io", "v1beta2"
API_VERSION = f"{GROUP}/{VERSION}"
APPROVED = "https://github.com/kubernetes-csi/external-snapshotter/pull/1150"
BOUND = "groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-bound-protection"
DEFAULT_GROUP_CLASS = "groupsnapshot.storage.kubernetes.io/is-default-class"


class GroupSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    selector: LabelSelector | None = None
    volume_group_snapshot_content_name: str = ""


class GroupSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    source: GroupSource = GroupSource()
    volume_group_snapshot_class_name: str = ""


class GroupStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    bound_volume_group_snapshot_content_name: str = ""
    ready_to_use: bool = False


class VolumeGroupSnapshot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What a user asks for: copies of the volumes of all claims with some labels, of one moment."""

    api_version: str = API_VERSION
    kind: str = "VolumeGroupSnapshot"
    metadata: ObjectMeta = ObjectMeta()
    spec: GroupSpec = GroupSpec()
    status: GroupStatus = GroupStatus()


class GroupContentSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    deletion_policy: str = ""
    driver: str = ""
    volume_group_snapshot_ref: ObjectReference = ObjectReference()


class SnapshotInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    volume_handle: str = ""
    snapshot_handle: str = ""


class GroupContentStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    volume_group_snapshot_handle: str = ""
    volume_snapshot_info_list: tuple[SnapshotInfo, ...] = ()


class VolumeGroupSnapshotContent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """The snapshots that a driver made."""

    api_version: str = API_VERSION
    kind: str = "VolumeGroupSnapshotContent"
    metadata: ObjectMeta = ObjectMeta()
    spec: GroupContentSpec = GroupContentSpec()
    status: GroupContentStatus = GroupContentStatus()


class VolumeGroupSnapshotClass(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Which driver makes them, and what becomes of them."""

    api_version: str = API_VERSION
    kind: str = "VolumeGroupSnapshotClass"
    metadata: ObjectMeta = ObjectMeta()
    driver: str = ""
    deletion_policy: str = ""
    parameters: dict[str, str] = {}


def _kind(cls: type[Any], plural: str, *, namespaced: bool) -> Kind[Any]:
    return Kind(resource_of(cls.__name__, plural, namespaced=namespaced, group=GROUP, version=VERSION), cls)


GROUP_SNAPSHOTS = _kind(VolumeGroupSnapshot, "volumegroupsnapshots", namespaced=True)
GROUP_CONTENTS = _kind(VolumeGroupSnapshotContent, "volumegroupsnapshotcontents", namespaced=False)
GROUP_CLASSES = _kind(VolumeGroupSnapshotClass, "volumegroupsnapshotclasses", namespaced=False)
KINDS = (GROUP_CLASSES, GROUP_CONTENTS, GROUP_SNAPSHOTS)

LIST = {"type": "array", "items": TEXT}
EXPRESSION = structure("key operator", key=TEXT, operator=TEXT, values=LIST)
SELECTOR = structure(matchLabels=WORDS, matchExpressions={"type": "array", "items": EXPRESSION})
INFO = structure(volumeHandle=TEXT, snapshotHandle=TEXT, creationTime=NUMBER, readyToUse=FLAG, restoreSize=NUMBER)
HANDLES = structure(
    "volumeGroupSnapshotHandle volumeSnapshotHandles", volumeGroupSnapshotHandle=TEXT, volumeSnapshotHandles=LIST
)
SCHEMAS = {
    "VolumeGroupSnapshot": structure(
        "spec",
        spec=structure(
            "source",
            source=structure(selector=SELECTOR, volumeGroupSnapshotContentName=TEXT),
            volumeGroupSnapshotClassName=TEXT,
        ),
        status=structure(boundVolumeGroupSnapshotContentName=TEXT, creationTime=TIME, error=ERROR, readyToUse=FLAG),
    ),
    "VolumeGroupSnapshotContent": structure(
        "spec",
        spec=structure(
            "deletionPolicy driver source volumeGroupSnapshotRef",
            deletionPolicy=POLICY,
            driver=TEXT,
            source=structure(volumeHandles=LIST, groupSnapshotHandles=HANDLES),
            volumeGroupSnapshotClassName=TEXT,
            volumeGroupSnapshotRef=REF | {"x-kubernetes-map-type": "atomic"},
        ),
        status=structure(
            creationTime=TIME,
            error=ERROR,
            readyToUse=FLAG,
            volumeGroupSnapshotHandle=TEXT,
            volumeSnapshotInfoList={"type": "array", "items": INFO},
        ),
    ),
    "VolumeGroupSnapshotClass": structure(
        "deletionPolicy driver", driver=TEXT, deletionPolicy=POLICY, parameters=WORDS
    ),
}
AGE = "Age date .metadata.creationTimestamp"
COLUMNS = {
    "VolumeGroupSnapshot": (
        "ReadyToUse boolean .status.readyToUse",
        "VolumeGroupSnapshotClass string .spec.volumeGroupSnapshotClassName",
        "VolumeGroupSnapshotContent string .status.boundVolumeGroupSnapshotContentName",
        "CreationTime date .status.creationTime",
        AGE,
    ),
    "VolumeGroupSnapshotContent": (
        "ReadyToUse boolean .status.readyToUse",
        "DeletionPolicy string .spec.deletionPolicy",
        "Driver string .spec.driver",
        "VolumeGroupSnapshotClass string .spec.volumeGroupSnapshotClassName",
        "VolumeGroupSnapshotNamespace string .spec.volumeGroupSnapshotRef.namespace",
        "VolumeGroupSnapshot string .spec.volumeGroupSnapshotRef.name",
        AGE,
    ),
    "VolumeGroupSnapshotClass": ("Driver string .driver", "DeletionPolicy string .deletionPolicy", AGE),
}
SHORT = {"VolumeGroupSnapshot": "vgs", "VolumeGroupSnapshotContent": "vgsc", "VolumeGroupSnapshotClass": "vgsclass"}


def group_definitions() -> Iterator[dict[str, Any]]:
    """The CustomResourceDefinitions of the group snapshot API, as plain objects."""
    for kind in KINDS:
        name = kind.resource.kind
        yield definition(kind.resource, SCHEMAS[name], COLUMNS[name], SHORT[name], APPROVED)
