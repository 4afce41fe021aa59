"""DefaultStorageClass, StorageObjectInUseProtection and PersistentVolumeClaimResize."""

from podo.api import quantity
from podo.api.types.storage_v1 import StorageClass
from podo.server.admission.base import Mutating, Validating, created, group_resource, refuse
from podo.server.admission.lookup import Lookup
from podo.server.admission_point import Attributes, Operation
from podo.server.strategy import Object

CLAIMS = ("", "persistentvolumeclaims")
OLD_CLASS = "volume.beta.kubernetes.io/storage-class"
DEFAULTS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
FINALIZERS = {
    ("", "persistentvolumes"): "kubernetes.io/pv-protection",
    CLAIMS: "kubernetes.io/pvc-protection",
    ("storage.k8s.io", "volumeattributesclasses"): "kubernetes.io/vac-protection",
}
NOT_BOUND = "Only bound persistent volume claims can be expanded"
NO_GROWTH = (
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
)


class DefaultStorageClass(Mutating):
    """A new claim that names no class gets the default one."""

    resources = frozenset({CLAIMS})

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    async def mutate(self, attributes: Attributes) -> None:
        claim = created(attributes)
        if claim is None or _asks_for_class(claim):
            return
        classes = [found for found in await self._lookup.all(StorageClass) if _is_default(found)]
        if classes:
            newest = max(found.metadata.creation_timestamp for found in classes)
            names = [found.metadata.name for found in classes if found.metadata.creation_timestamp == newest]
            claim["spec"]["storageClassName"] = min(names)


def _asks_for_class(claim: Object) -> bool:
    annotations = claim["metadata"].get("annotations") or {}
    return OLD_CLASS in annotations or claim["spec"].get("storageClassName") is not None


def _is_default(found: StorageClass) -> bool:
    return any(found.metadata.annotations.get(key) == "true" for key in DEFAULTS)


class StorageObjectInUseProtection(Mutating):
    """What is in use is not deleted: the protection controllers take the finalizer away when it is free."""

    resources = frozenset(FINALIZERS)

    async def mutate(self, attributes: Attributes) -> None:
        obj = created(attributes)
        if obj is None:
            return
        finalizer, known = FINALIZERS[group_resource(attributes)], obj["metadata"].get("finalizers") or []
        if finalizer not in known:
            obj["metadata"]["finalizers"] = [*known, finalizer]


class PersistentVolumeClaimResize(Validating):
    """A claim grows only while it is bound, and if its class lets volumes grow."""

    resources = frozenset({CLAIMS})

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    async def validate(self, attributes: Attributes) -> None:
        """Raises Forbidden."""
        obj, old = attributes.obj, attributes.old
        if attributes.operation is not Operation.UPDATE or attributes.subresource or obj is None or old is None:
            return
        if _size(obj) <= _size(old):
            return
        if (old.get("status") or {}).get("phase") != "Bound":
            refuse(attributes, NOT_BOUND)
        name = _class_of(obj)
        found = await self._lookup.find(StorageClass, name) if name and name == _class_of(old) else None
        if found is None or not found.allow_volume_expansion:
            refuse(attributes, NO_GROWTH)


def _size(claim: Object) -> float:
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    return float(quantity.parse(requests.get("storage", "0")))


def _class_of(claim: Object) -> str:
    annotations = claim["metadata"].get("annotations") or {}
    return str(annotations.get(OLD_CLASS) or claim["spec"].get("storageClassName") or "")
