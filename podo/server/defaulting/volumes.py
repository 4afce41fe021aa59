"""Defaults of volumes, as they stand in Pods and in PersistentVolumes."""

from typing import Any

from podo.api.image_reference import tag_of
from podo.server.defaulting.scalars import round_up_resources

Object = dict[str, Any]
MODE = 0o644

# source → its defaults that do not depend on anything else
SIMPLE: dict[str, dict[str, Any]] = {
    "secret": {"defaultMode": MODE},
    "configMap": {"defaultMode": MODE},
    "hostPath": {"type": ""},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "azureDisk": {"cachingMode": "ReadWrite", "fsType": "ext4", "readOnly": False, "kind": "Shared"},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}


def volume(obj: Object) -> None:
    """A volume of a Pod; one without a source is an emptyDir."""
    if len(obj) == 1:  # nothing but the name, which is always written
        obj["emptyDir"] = {}
        return
    source_defaults(obj)
    if "downwardAPI" in obj:
        obj["downwardAPI"].setdefault("defaultMode", MODE)
        downward_items(obj["downwardAPI"].get("items", ()))
    if "projected" in obj:
        projected(obj["projected"])
    if "image" in obj and "pullPolicy" not in obj["image"]:
        obj["image"]["pullPolicy"] = pull_policy(obj["image"].get("reference", ""))
    if template := obj.get("ephemeral", {}).get("volumeClaimTemplate"):
        claim_spec(template["spec"])


def source_defaults(obj: Object) -> None:
    """The defaults of sources that Pods and PersistentVolumes share."""
    for key, source in obj.items():
        if key in SIMPLE and source is not None:
            for field, value in SIMPLE[key].items():
                source.setdefault(field, value)


def projected(obj: Object) -> None:
    obj.setdefault("defaultMode", MODE)
    for source in obj.get("sources") or ():
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", 3600)
        if "downwardAPI" in source:
            downward_items(source["downwardAPI"].get("items", ()))


def downward_items(items: Any) -> None:
    for item in items:
        if "fieldRef" in item:
            item["fieldRef"].setdefault("apiVersion", "v1")


def claim_spec(spec: Object) -> None:
    """The spec of a PersistentVolumeClaim, alone or as a template."""
    spec.setdefault("volumeMode", "Filesystem")
    round_up_resources(spec["resources"].get("limits"))
    round_up_resources(spec["resources"].get("requests"))


def pull_policy(image: str) -> str:
    """Always for `:latest` and for no tag at all; an image name that is no name counts as having another tag."""
    return "Always" if tag_of(image) == "latest" else "IfNotPresent"
