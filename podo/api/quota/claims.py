"""What persistent volume claims use: themselves and storage, both also by storage class."""

from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import ROUND_CEILING

from podo.api import quantity
from podo.api.quota.scopes import Requirement, selects
from podo.api.types.core_v1 import PersistentVolumeClaim

COUNT, CLAIMS, STORAGE = "count/persistentvolumeclaims", "persistentvolumeclaims", "requests.storage"
OF_CLASS = ".storageclass.storage.k8s.io/"
OLD_CLASS = "volume.beta.kubernetes.io/storage-class"


class Claims:
    """The evaluator of claims."""

    resource = ("", "persistentvolumeclaims")
    cls = PersistentVolumeClaim
    updates = frozenset({"", "status"})

    def covers(self, names: Iterable[str]) -> list[str]:
        ends = (f"{OF_CLASS}{CLAIMS}", f"{OF_CLASS}{STORAGE}")
        return [name for name in names if name in (COUNT, CLAIMS, STORAGE) or name.endswith(ends)]

    def usage(self, obj: PersistentVolumeClaim, now: datetime) -> dict[str, str]:
        found, name = {COUNT: "1", CLAIMS: "1"}, class_of(obj)
        if name:
            found[f"{name}{OF_CLASS}{CLAIMS}"] = "1"
        if (size := storage(obj)) is not None:
            found[STORAGE] = size
            if name:
                found[f"{name}{OF_CLASS}{STORAGE}"] = size
        return found

    def matches(self, obj: PersistentVolumeClaim, requirement: Requirement) -> bool:
        return requirement.scope_name == "VolumeAttributesClass" and selects(requirement, attribute_classes(obj))

    def missing(self, obj: PersistentVolumeClaim, names: Collection[str]) -> str:
        return ""


def class_of(claim: PersistentVolumeClaim) -> str:
    """The storage class, "" for none."""
    return claim.metadata.annotations.get(OLD_CLASS) or claim.spec.storage_class_name or ""


def attribute_classes(claim: PersistentVolumeClaim) -> set[str]:
    """The attribute classes that it has, had or wants."""
    status = claim.status
    target = status.modify_volume_status.target_volume_attributes_class_name if status.modify_volume_status else ""
    found = (claim.spec.volume_attributes_class_name, status.current_volume_attributes_class_name, target)
    return {name for name in found if name}


def storage(claim: PersistentVolumeClaim) -> str | None:
    """What it asks for in whole bytes, or what it has been allocated if that is more; None if it does not ask."""
    asked = claim.spec.resources.requests.get("storage") if claim.spec.resources else None
    if asked is None:
        return None
    allocated = claim.status.allocated_resources.get("storage", "0")
    chosen = allocated if quantity.parse(allocated) > quantity.parse(asked) else asked
    return quantity.like(quantity.parse(chosen).to_integral_value(rounding=ROUND_CEILING), chosen)
