"""PersistentVolumes and PersistentVolumeClaims, storage classes and CSI drivers."""

from collections.abc import Sequence

from podo.api.timestamps import format_time
from podo.server.context import Context
from podo.server.registry.node_labels import deprecated_label, selector_warnings, term_warnings
from podo.server.registry.pod_warnings import claim_warnings
from podo.server.strategy import Object, Strategy

PV_ANNOTATIONS = {
    "volume.beta.kubernetes.io/storage-class": 'deprecated since v1.8; use "storageClassName" attribute instead',
    "volume.beta.kubernetes.io/mount-options": 'deprecated since v1.31; use "mountOptions" attribute instead',
}
PV_SOURCES = {
    "cephfs": ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    "photonPersistentDisk": ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    "scaleIO": ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    "storageos": ("storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    "glusterfs": ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    "rbd": ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
}
RECYCLE = "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning."
BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
BETA_CLASS_MESSAGE = 'deprecated since v1.8; use "storageClassName" attribute instead'
TOKENS = (
    "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible "
    "logging of tokens in volume attributes"
)


class PersistentVolumeStrategy(Strategy):
    """The status remembers when its phase last changed."""

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        obj["status"] = {"phase": "Pending", "lastPhaseTransitionTime": format_time(ctx.now)}

    def prepare_status(self, obj: Object, old: Object, ctx: Context) -> None:
        status, before, key = obj["status"], old["status"], "lastPhaseTransitionTime"
        if status.get("phase") == before.get("phase"):
            if key not in status and key in before:
                status[key] = before[key]
        elif status.get(key) in (None, before.get(key)):
            status[key] = format_time(ctx.now)

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        spec, annotations = obj["spec"], obj["metadata"].get("annotations", {})
        found = [f"metadata.annotations[{k}]: {text}" for k, text in PV_ANNOTATIONS.items() if k in annotations]
        if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
            found.append(f"spec.persistentVolumeReclaimPolicy: {RECYCLE}")
        terms = spec.get("nodeAffinity", {}).get("required", {}).get("nodeSelectorTerms") or ()
        for index, term in enumerate(terms):
            found += term_warnings(term, f"spec.nodeAffinity.required.nodeSelectorTerms[{index}]")
        return found + [f"spec.{shown}: {text}" for key, (shown, text) in PV_SOURCES.items() if key in spec]


class ClaimStrategy(Strategy):
    """The old and the new field for the source of a volume's data say the same."""

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        obj["status"] = {"phase": "Pending"}
        normalize_sources(obj["spec"], None)

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        normalize_sources(obj["spec"], old["spec"])

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        found = list(claim_warnings(obj["spec"], "spec"))
        if BETA_CLASS in obj["metadata"].get("annotations", {}):
            found.insert(0, f"metadata.annotations[{BETA_CLASS}]: {BETA_CLASS_MESSAGE}")
        return found


def normalize_sources(spec: Object, old: Object | None) -> None:
    """Fill in whichever of dataSource and dataSourceRef is missing from the other."""
    before = old or {}
    if spec.get("dataSourceRef", {}).get("namespace") and "dataSourceRef" not in before:
        del spec["dataSourceRef"]  # sources in other namespaces are a feature that is off
    if "dataSource" not in before and "dataSourceRef" not in spec and not _is_legacy(spec.get("dataSource")):
        spec.pop("dataSource", None)
    source, ref = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None and ref is None:
        spec["dataSourceRef"] = {key: source.get(key) for key in ("apiGroup", "kind", "name")}
    elif ref is not None and source is None and not ref.get("namespace"):
        spec["dataSource"] = {key: ref.get(key) for key in ("apiGroup", "kind", "name")}


def _is_legacy(source: Object | None) -> bool:
    """What dataSource could name before there was dataSourceRef."""
    if source is None:
        return False
    known = (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot"))
    return (source.get("apiGroup") or "", source.get("kind")) in known


class StorageClassStrategy(Strategy):
    """Storage classes may name topologies by labels of nodes."""

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        return [
            f"allowedTopologies[{index}].matchLabelExpressions[{position}].key: {message}"
            for index, topology in enumerate(obj.get("allowedTopologies", ()))
            for position, expression in enumerate(topology.get("matchLabelExpressions", ()))
            if (message := deprecated_label(expression["key"]))
        ]


class CSIStorageCapacityStrategy(Strategy):
    """How much storage there is for which nodes."""

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        return list(selector_warnings(obj.get("nodeTopology"), "nodeTopology"))


class CSIDriverStrategy(Strategy):
    """The generation counts from the first change on."""

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        obj["spec"].pop("preventPodSchedulingIfMissing", None)

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        if "preventPodSchedulingIfMissing" not in old["spec"]:
            obj["spec"].pop("preventPodSchedulingIfMissing", None)
        if obj["spec"] != old["spec"]:
            obj["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        spec = obj["spec"]
        tokens = spec.get("tokenRequests")
        changed = old is None or old["spec"].get("tokenRequests") != tokens
        return [TOKENS] if tokens and changed and "serviceAccountTokenInSecrets" not in spec else ()
