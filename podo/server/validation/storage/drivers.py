"""CSIDrivers, CSINodes and VolumeAttachments."""

from podo.api import names
from podo.api.field_errors import duplicate, forbidden, invalid, not_supported, required, too_long
from podo.server.validation.core.inline_volume import inline_volume
from podo.server.validation.core.volume_sources import driver_name
from podo.server.validation.fields import Errors, Object, immutable, named, non_negative
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import changed_meta, new_meta

NODE_ID_MAX, METADATA_MAX, ERROR_MAX = 256, 256 * 1024, 1024
GROUP_POLICIES = ("File", "None", "ReadWriteOnceWithFSType")
LIFECYCLES = ("Persistent", "Ephemeral")
TOKEN_MIN, TOKEN_MAX = 600, 1 << 32
UPDATE_PERIOD_MIN = 10
NO_TOKENS = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
EXACTLY_ONE = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"


def create_driver(obj: Object) -> Errors:
    """What is wrong with a new CSIDriver."""
    errs: Errors = []
    new_meta(errs, obj, namespaced=False)
    _driver_spec(errs, obj["spec"])
    return errs


def update_driver(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed CSIDriver."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    spec, stored = obj["spec"], old["spec"]
    _driver_spec(errs, spec)
    immutable(errs, "spec.attachedRequired", spec.get("attachRequired"), stored.get("attachRequired"))
    key = "volumeLifecycleModes"
    immutable(errs, f"spec.{key}", spec.get(key), stored.get(key))
    return errs


def _driver_spec(errs: Errors, spec: Object) -> None:
    for key, shown in (("attachRequired", "attachedRequired"), ("podInfoOnMount",) * 2, ("storageCapacity",) * 2):
        if spec.get(key) is None:
            errs.append(required(f"spec.{shown}"))
    policy = spec.get("fsGroupPolicy")
    if policy is not None and policy not in GROUP_POLICIES:
        errs.append(not_supported("spec.fsGroupPolicy", policy, GROUP_POLICIES))
    _tokens(errs, spec.get("tokenRequests", []))
    for mode in spec.get("volumeLifecycleModes", ()):
        if mode not in LIFECYCLES:
            errs.append(not_supported("spec.volumeLifecycleModes", mode, LIFECYCLES))
    if spec.get("seLinuxMount") is None:
        errs.append(required("spec.seLinuxMount"))
    period = spec.get("nodeAllocatableUpdatePeriodSeconds")
    if period is not None and period < UPDATE_PERIOD_MIN:
        message = "must be greater than or equal to 10 seconds"
        errs.append(invalid("spec.nodeAllocatableUpdatePeriodSeconds", period, message))
    in_secrets = spec.get("serviceAccountTokenInSecrets")
    if in_secrets is not None and not spec.get("tokenRequests"):
        errs.append(invalid("spec.serviceAccountTokenInSecrets", in_secrets, NO_TOKENS))


def _tokens(errs: Errors, requests: list[Object]) -> None:
    seen: set[str] = set()
    for index, request in enumerate(requests):
        path, audience, seconds = f"spec.tokenRequests[{index}]", request["audience"], request.get("expirationSeconds")
        if audience in seen:
            errs.append(duplicate(f"{path}.audience", audience))
            continue
        seen.add(audience)
        where = f"{path}.expirationSeconds"
        if seconds is not None and seconds < TOKEN_MIN:
            errs.append(invalid(where, seconds, "may not specify a duration less than 10 minutes"))
        if seconds is not None and seconds > TOKEN_MAX:
            errs.append(invalid(where, seconds, "may not specify a duration larger than 2^32 seconds"))


def create_node(obj: Object) -> Errors:
    """What is wrong with a new CSINode."""
    errs: Errors = []
    new_meta(errs, obj, namespaced=False)
    seen: set[str] = set()
    for index, driver in enumerate(obj["spec"].get("drivers") or ()):
        _node_driver(errs, driver, seen, f"spec.drivers[{index}]")
    return errs


def _node_driver(errs: Errors, driver: Object, seen: set[str], path: str) -> None:
    name, node = driver["name"], driver["nodeID"]
    driver_name(errs, f"{path}.name", name)
    if not node:
        errs.append(required(f"{path}.nodeID"))
    if len(node) > NODE_ID_MAX:
        errs.append(invalid(f"{path}.nodeID", node, f"must be {NODE_ID_MAX} characters or less"))
    non_negative(errs, f"{path}.allocatable.count", driver.get("allocatable", {}).get("count"))
    if name in seen:
        errs.append(duplicate(f"{path}.name", name))
    seen.add(name)
    keys: set[str] = set()
    for key in driver.get("topologyKeys") or ():
        if not key:
            errs.append(required(path))
        if key in keys:
            errs.append(duplicate(path, key))
        keys.add(key)
        named(errs, path, key, names.qualified_name)


def update_node(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed CSINode: drivers come and go, but do not change."""
    errs = create_node(obj)
    for stored in old["spec"].get("drivers") or ():
        for driver in obj["spec"].get("drivers") or ():
            if stored["name"] == driver["name"]:
                new, before = ({k: v for k, v in d.items() if k != "allocatable"} for d in (driver, stored))
                immutable(errs, "spec.drivers", *(internal_form("CSINodeDriver", one) for one in (new, before)))
    return errs


def create_attachment(obj: Object) -> Errors:
    """What is wrong with a VolumeAttachment."""
    errs: Errors = []
    new_meta(errs, obj, namespaced=False)
    spec = obj["spec"]
    driver_name(errs, "spec.attacher", spec["attacher"])
    _source(errs, spec["source"], "spec.source")
    named(errs, "spec.nodeName", spec["nodeName"], names.dns1123_subdomain)
    status = obj["status"]
    metadata = status.get("attachmentMetadata", {})
    if sum(len(k.encode()) + len(v.encode()) for k, v in metadata.items()) > METADATA_MAX:
        errs.append(too_long("status.attachmentMetadata", METADATA_MAX))
    for key in ("attachError", "detachError"):
        _error(errs, status.get(key, {}), f"status.{key}")
    volume = spec["source"].get("persistentVolumeName")
    if volume is not None:
        named(errs, "spec.source.persistentVolumeName", volume, names.dns1123_subdomain)
    return errs


def _source(errs: Errors, source: Object, path: str) -> None:
    inline, name = source.get("inlineVolumeSpec"), source.get("persistentVolumeName")
    if inline is None and name is None:
        errs.append(required(path, EXACTLY_ONE))
    elif inline is not None and name is not None:
        errs.append(forbidden(path, EXACTLY_ONE))
    elif inline is not None:
        inline_volume(errs, inline, f"{path}.inlineVolumeSpec")
    elif not name:
        errs.append(required(f"{path}.persistentVolumeName", "must specify non empty persistentVolumeName"))


def _error(errs: Errors, error: Object, path: str) -> None:
    if len(error.get("message", "").encode()) > ERROR_MAX:
        errs.append(too_long(f"{path}.message", METADATA_MAX))
    if error.get("errorCode", 0) < 0:
        message = f"must be between 0 and {2**31 - 1}, inclusive"
        errs.append(invalid(f"{path}.errorCode", error["errorCode"], message))


def update_attachment(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed VolumeAttachment, or its status."""
    errs = create_attachment(obj)
    immutable(errs, "spec", *(internal_form("VolumeAttachmentSpec", one["spec"]) for one in (obj, old)))
    return errs
