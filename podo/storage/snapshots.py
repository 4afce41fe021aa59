"""The snapshot API (snapshot.storage.k8s.io/v1): its kinds as classes, and the definitions by which it is served."""

from collections.abc import Iterator
from typing import Any

import msgspec

from podo.api import resources
from podo.api.resources import Resource
from podo.api.types.core_v1 import ObjectReference
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Kind

GROUP, VERSION = "snapshot.storage.k8s.io", "v1"
API_VERSION = f"{GROUP}/{VERSION}"
DEFAULT_SNAPSHOT_CLASS = "snapshot.storage.kubernetes.io/is-default-class"
APPROVED = "https://github.com/kubernetes-csi/external-snapshotter/pull/814"
BOUND = "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection"


class SnapshotSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    persistent_volume_claim_name: str = ""
    volume_snapshot_content_name: str = ""


class SnapshotSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    source: SnapshotSource = SnapshotSource()
    volume_snapshot_class_name: str = ""


class SnapshotStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    bound_volume_snapshot_content_name: str = ""
    ready_to_use: bool = False
    restore_size: str | int = ""


class VolumeSnapshot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What a user asks for: a copy of a claim's volume as it is now."""

    api_version: str = API_VERSION
    kind: str = "VolumeSnapshot"
    metadata: ObjectMeta = ObjectMeta()
    spec: SnapshotSpec = SnapshotSpec()
    status: SnapshotStatus = SnapshotStatus()


class ContentSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    volume_handle: str = ""
    snapshot_handle: str = ""


class ContentSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    deletion_policy: str = ""
    driver: str = ""
    source: ContentSource = ContentSource()
    volume_snapshot_ref: ObjectReference = ObjectReference()


class ContentStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    snapshot_handle: str = ""
    ready_to_use: bool = False
    restore_size: int = 0


class VolumeSnapshotContent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """The snapshot that a driver made."""

    api_version: str = API_VERSION
    kind: str = "VolumeSnapshotContent"
    metadata: ObjectMeta = ObjectMeta()
    spec: ContentSpec = ContentSpec()
    status: ContentStatus = ContentStatus()


class VolumeSnapshotClass(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Which driver makes snapshots, and what becomes of them."""

    api_version: str = API_VERSION
    kind: str = "VolumeSnapshotClass"
    metadata: ObjectMeta = ObjectMeta()
    driver: str = ""
    deletion_policy: str = ""
    parameters: dict[str, str] = {}


def resource_of(kind: str, plural: str, *, namespaced: bool, group: str = GROUP, version: str = VERSION) -> Resource:
    return resources.custom(group, version, kind, plural, namespaced=namespaced)


SNAPSHOTS = Kind(resource_of("VolumeSnapshot", "volumesnapshots", namespaced=True), VolumeSnapshot)
CONTENTS = Kind(resource_of("VolumeSnapshotContent", "volumesnapshotcontents", namespaced=False), VolumeSnapshotContent)
CLASSES = Kind(resource_of("VolumeSnapshotClass", "volumesnapshotclasses", namespaced=False), VolumeSnapshotClass)

TEXT, FLAG, NUMBER, TIME = (
    {"type": "string"},
    {"type": "boolean"},
    {"type": "integer", "format": "int64"},
    {
        "type": "string",
        "format": "date-time",
    },
)
WORDS = {"type": "object", "additionalProperties": TEXT}
NUMBER_TEXT = r"(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
SIZE = {
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "x-kubernetes-int-or-string": True,
    "pattern": rf"^(\+|-)?{NUMBER_TEXT}(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?{NUMBER_TEXT}))?$",
}
POLICY = {"type": "string", "enum": ["Delete", "Retain"]}


def structure(required: str = "", /, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "object", "properties": fields}
    return found | ({"required": required.split()} if required else {})


ERROR = structure(message=TEXT, time=TIME)
REF = structure(
    **dict.fromkeys(["apiVersion", "fieldPath", "kind", "name", "namespace", "resourceVersion", "uid"], TEXT)
)
SCHEMAS = {
    "VolumeSnapshot": structure(
        "spec",
        spec=structure(
            "source",
            source=structure(persistentVolumeClaimName=TEXT, volumeSnapshotContentName=TEXT),
            volumeSnapshotClassName=TEXT,
        ),
        status=structure(
            boundVolumeSnapshotContentName=TEXT,
            creationTime=TIME,
            error=ERROR,
            readyToUse=FLAG,
            restoreSize=SIZE,
            volumeGroupSnapshotName=TEXT,
        ),
    ),
    "VolumeSnapshotContent": structure(
        "spec",
        spec=structure(
            "deletionPolicy driver source volumeSnapshotRef",
            deletionPolicy=POLICY,
            driver=TEXT,
            source=structure(volumeHandle=TEXT, snapshotHandle=TEXT),
            sourceVolumeMode=TEXT,
            volumeSnapshotClassName=TEXT,
            volumeSnapshotRef=REF | {"x-kubernetes-map-type": "atomic"},
        ),
        status=structure(
            creationTime=NUMBER,
            error=ERROR,
            readyToUse=FLAG,
            restoreSize=NUMBER | {"minimum": 0},
            snapshotHandle=TEXT,
            volumeGroupSnapshotHandle=TEXT,
        ),
    ),
    "VolumeSnapshotClass": structure("deletionPolicy driver", driver=TEXT, deletionPolicy=POLICY, parameters=WORDS),
}
COLUMNS = {
    "VolumeSnapshot": (
        "ReadyToUse boolean .status.readyToUse",
        "SourcePVC string .spec.source.persistentVolumeClaimName",
        "SourceSnapshotContent string .spec.source.volumeSnapshotContentName",
        "RestoreSize string .status.restoreSize",
        "SnapshotClass string .spec.volumeSnapshotClassName",
        "SnapshotContent string .status.boundVolumeSnapshotContentName",
        "CreationTime date .status.creationTime",
        "Age date .metadata.creationTimestamp",
    ),
    "VolumeSnapshotContent": (
        "ReadyToUse boolean .status.readyToUse",
        "RestoreSize integer .status.restoreSize",
        "DeletionPolicy string .spec.deletionPolicy",
        "Driver string .spec.driver",
        "VolumeSnapshotClass string .spec.volumeSnapshotClassName",
        "VolumeSnapshot string .spec.volumeSnapshotRef.name",
        "VolumeSnapshotNamespace string .spec.volumeSnapshotRef.namespace",
        "Age date .metadata.creationTimestamp",
    ),
    "VolumeSnapshotClass": (
        "Driver string .driver",
        "DeletionPolicy string .deletionPolicy",
        "Age date .metadata.creationTimestamp",
    ),
}
SHORT = {"VolumeSnapshot": "vs", "VolumeSnapshotContent": "vsc", "VolumeSnapshotClass": "vsclass"}


def definitions() -> Iterator[dict[str, Any]]:
    """The CustomResourceDefinitions of the snapshot API, as plain objects."""
    for kind in (SNAPSHOTS, CONTENTS, CLASSES):
        name = kind.resource.kind
        yield definition(kind.resource, SCHEMAS[name], COLUMNS[name], SHORT[name], APPROVED)


def definition(
    resource: Resource, schema: dict[str, Any], columns: tuple[str, ...], short: str, approved: str
) -> dict[str, Any]:
    """The definition of a kind; one with a status in its schema has that as a subresource."""
    fields = {"apiVersion": TEXT, "kind": TEXT, "metadata": {"type": "object"}} | schema["properties"]
    version: dict[str, Any] = {
        "name": resource.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema | {"properties": fields}},
        "additionalPrinterColumns": [
            dict(zip(("name", "type", "jsonPath"), text.split(), strict=True)) for text in columns
        ],
    }
    if "status" in schema["properties"]:
        version["subresources"] = {"status": {}}
    names: dict[str, Any] = {"kind": resource.kind, "listKind": f"{resource.kind}List", "plural": resource.plural}
    names |= {"singular": resource.singular, "shortNames": [short]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{resource.plural}.{resource.group}",
            "annotations": {"api-approved.kubernetes.io": approved},
        },
        "spec": {
            "group": resource.group,
            "names": names,
            "scope": "Namespaced" if resource.namespaced else "Cluster",
            "versions": [version],
        },
    }
