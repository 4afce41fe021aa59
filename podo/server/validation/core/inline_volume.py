"""Volumes that are described in a VolumeAttachment: a PersistentVolume's spec, of which only a part makes sense."""

from podo.api.field_errors import forbidden, required
from podo.server.validation.core.claim import access_modes
from podo.server.validation.core.persistent_volume import sources
from podo.server.validation.fields import Errors, Object

INLINE = "in the context of inline volumes"
REFUSED = f"may not be specified {INLINE}"


def inline_volume(errs: Errors, spec: Object, path: str) -> None:
    """The spec of an inline volume."""
    if "claimRef" in spec:
        errs.append(forbidden(f"{path}.claimRef", REFUSED))
    if spec.get("capacity"):
        errs.append(forbidden(f"{path}.capacity", REFUSED))
    if "csi" not in spec:
        errs.append(required(f"{path}.csi", f"has to be specified {INLINE}"))
    if not spec.get("accessModes"):
        errs.append(required(f"{path}.accessModes"))
    access_modes(errs, spec.get("accessModes", []), f"{path}.accessModes")
    if spec.get("persistentVolumeReclaimPolicy") not in (None, "", "Retain"):
        errs.append(forbidden(f"{path}.persistentVolumeReclaimPolicy", f"may only be Retain {INLINE}"))
    if "nodeAffinity" in spec:
        errs.append(forbidden(f"{path}.nodeAffinity", REFUSED))
    sources(errs, spec, "", path)
    if spec.get("storageClassName"):
        errs.append(forbidden(f"{path}.storageClassName", REFUSED))
    if spec.get("volumeMode") not in (None, "Filesystem"):
        errs.append(forbidden(f"{path}.volumeMode", f"may not specify volumeMode other than Filesystem {INLINE}"))
