"""Bring a backup back: volumes first, already bound to their claims, then the objects, what starts containers last.

What is there already is left alone, so that a restore may be repeated; a claim that is there keeps its volume.
"""

import uuid
from collections.abc import Callable
from typing import Any, BinaryIO

import msgspec

from podo.api.errors import AlreadyExists, APIError, NotFound
from podo.cluster.api import API, until
from podo.cluster.backup import archive
from podo.cluster.backup.archive import Content, Volume
from podo.cluster.backup.objects import Object, Resource, cleaned, ordered, path
from podo.cluster.backup.take import resources
from podo.cluster.config import ClusterConfig
from podo.cluster.errors import ClusterError
from podo.cluster.paths import Paths
from podo.storage import annotations
from podo.storage.local import DRIVER
from podo.storage.local.layout import Description, VolumeFolder

SERVED_WITHIN = 10.0  # seconds that a new definition is given to be served


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore did; `failed` has a line for each object that could not be created."""

    created: int
    there: int
    volumes: int
    failed: tuple[str, ...] = ()


class Restore:
    """One restore. `now` and `wait` are the clock's."""

    def __init__(
        self,
        where: Paths,
        cluster: ClusterConfig,
        *,
        into: str,
        now: Callable[[], float],
        wait: Callable[[float], None],
    ) -> None:
        self._where, self._cluster, self._into, self._now, self._wait = where, cluster, into, now, wait
        self._created = self._there = 0
        self._failed: list[str] = []
        self._kinds: dict[tuple[str, str], Resource] = {}

    def run(self, file: BinaryIO, label: str, passphrase: bytes) -> Outcome:
        """Restore all that a backup has. Raises ClusterError."""
        opened = archive.read(file, passphrase, label)
        with API(self._where, self._cluster, timeout=60) as api, opened as (content, tar):
            if self._into and len(content.namespaces) != 1:
                raise ClusterError("only a backup of one namespace can be restored into another")
            objects = [self._renamed(obj) for obj in ordered(content.objects)]
            claims = {(o["metadata"]["namespace"], o["metadata"]["name"]): o for o in objects if o["kind"] == CLAIM}
            early = [o for o in objects if o["kind"] in EARLY]
            for obj in early:
                self._create(api, obj)
            made = 0
            for volume in content.volumes:
                made += self._volume(api, tar, volume, claims)
            for obj in objects:
                if obj["kind"] not in EARLY:
                    self._create(api, obj)
        return Outcome(created=self._created, there=self._there, volumes=made, failed=tuple(self._failed))

    def _renamed(self, obj: Object) -> Object:
        new = cleaned(obj, self._into)
        if self._into and new["kind"] == "Namespace":
            new["metadata"]["name"] = self._into
            new["metadata"].get("labels", {}).pop("kubernetes.io/metadata.name", None)
        return new

    def _volume(self, api: API, tar: Any, volume: Volume, claims: dict[tuple[str, str], Object]) -> int:
        """Fill a new volume for a claim, and tie the two together; 0 if the claim is there already."""
        namespace = self._into or volume.namespace
        claim, handle = claims.get((namespace, volume.claim)), f"restored-{uuid.uuid4()}"
        place = VolumeFolder(self._where.volumes, handle)
        if claim is None or self._has_claim(api, namespace, volume.claim):
            tar.next()
            return 0
        with place.locked():
            archive.fill(tar, volume, place.image)
            place.note(
                Description(size=volume.size, block=volume.block, fs_type=volume.fs_type, formatted=volume.formatted)
            )
        self._create(api, persistent_volume(handle, volume, claim))
        claim["spec"]["volumeName"] = handle
        self._create(api, claim)
        return 1

    def _has_claim(self, api: API, namespace: str, name: str) -> bool:
        try:
            api.call("GET", f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/{name}")
        except NotFound:
            return False
        return True

    def _create(self, api: API, obj: Object) -> None:
        meta = obj["metadata"]
        what = f"{obj['kind']} {meta.get('namespace', '')}/{meta['name']}".replace(" /", " ")
        resource = self._resource(api, obj)
        if resource is None:
            self._failed.append(f"{what}: this cluster does not serve {obj['apiVersion']}")
            return
        try:
            api.call("POST", path(resource, meta.get("namespace", "")), obj)
            self._created += 1
        except AlreadyExists:
            self._there += 1
        except APIError as error:
            self._failed.append(f"{what}: {error}")

    def _resource(self, api: API, obj: Object) -> Resource | None:
        """The kind as this cluster serves it; one that was defined just now is waited for."""
        wanted = obj["apiVersion"].rpartition("/")[0], obj["kind"]

        def look() -> bool:
            if wanted not in self._kinds:
                self._kinds = {(r["group"], r["kind"]): r for r in resources(api)}
            return wanted in self._kinds

        return self._kinds[wanted] if until(look, SERVED_WITHIN, self._now, self._wait) else None


CLAIM = "PersistentVolumeClaim"
EARLY = frozenset({"Namespace", "StorageClass", "CustomResourceDefinition"})


def persistent_volume(handle: str, volume: Volume, claim: Object) -> Object:
    """The object for a volume that was filled for a claim."""
    spec = claim["spec"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": handle,
            "annotations": {annotations.PROVISIONED_BY: DRIVER},
            "finalizers": [annotations.PROVISIONER_FINALIZER],
        },
        "spec": {
            "capacity": {"storage": str(volume.size)},
            "accessModes": spec["accessModes"],
            "claimRef": {
                "apiVersion": "v1",
                "kind": CLAIM,
                "namespace": claim["metadata"]["namespace"],
                "name": claim["metadata"]["name"],
            },
            "csi": {"driver": DRIVER, "volumeHandle": handle} | ({} if volume.block else {"fsType": volume.fs_type}),
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": spec.get("storageClassName", ""),
            "volumeMode": "Block" if volume.block else "Filesystem",
        },
    }


def described(file: BinaryIO, label: str, passphrase: bytes) -> Content:
    """What a backup has. Raises ClusterError."""
    with archive.read(file, passphrase, label) as (content, _):
        return content
