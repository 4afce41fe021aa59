"""Sources of volumes that Pods and PersistentVolumes share."""

import re
from collections.abc import Callable

from podo.api import names
from podo.api.field_errors import invalid, not_supported, required, too_long
from podo.server.validation.fields import Errors, Object, named, needed, needed_name, one_of, ranged
from podo.server.validation.paths import no_backsteps

HOST_PATH_TYPES = ("", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice")
_IQN = re.compile(r"iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)$")
_EUI = re.compile(r"eui.[A-Za-z0-9]{16}")
_NAA = re.compile(r"naa.[A-Za-z0-9]{32}")
DRIVER_NAME_MAX = 63
MANAGED_DISK = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
BLOB_DISK = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"

# sources of which it is only asked that some fields are there
NEEDED: dict[str, tuple[str, ...]] = {
    "persistentVolumeClaim": ("claimName",),
    "glusterfs": ("endpoints", "path"),
    "rbd": ("monitors", "image"),
    "cephfs": ("monitors",),
    "vsphereVolume": ("volumePath",),
    "photonPersistentDisk": ("pdID",),
    "portworxVolume": ("volumeID",),
    "scaleIO": ("gateway", "system", "volumeName"),
    "azureFile": ("secretName", "shareName"),
}


def host_path(errs: Errors, source: Object, path: str) -> None:
    needed(errs, source, path, "path")
    no_backsteps(errs, f"{path}.path", source["path"])
    if "type" in source and source["path"]:
        one_of(errs, f"{path}.type", source["type"], HOST_PATH_TYPES)


def nfs(errs: Errors, source: Object, path: str) -> None:
    needed(errs, source, path, "server", "path")
    if not source["path"].startswith("/"):
        errs.append(invalid(f"{path}.path", source["path"], "must be an absolute path"))


def gce_disk(errs: Errors, source: Object, path: str) -> None:
    _disk(errs, source, path.replace(".gcePersistentDisk", ".persistentDisk"), "pdName")


def aws_disk(errs: Errors, source: Object, path: str) -> None:
    _disk(errs, source, path, "volumeID")


def _disk(errs: Errors, source: Object, path: str, name: str) -> None:
    needed(errs, source, path, name)
    partition = source.get("partition", 0)
    if not 0 <= partition <= 255:
        errs.append(invalid(f"{path}.partition", partition, "must be between 1 and 255, inclusive"))


def iscsi(errs: Errors, source: Object, path: str) -> None:
    """iSCSI in a Pod."""
    needed(errs, source, path, "targetPortal")
    _iscsi(errs, source, path, "must be valid format starting with iqn, eui, or naa")


def iscsi_persistent(errs: Errors, source: Object, path: str, volume: str) -> None:
    """iSCSI in a PersistentVolume."""
    needed(errs, source, path, "targetPortal")
    if "initiatorName" in source and len(f"{volume}:{source['targetPortal']}") > 64:
        errs.append(invalid(f"{path}.targetportal", source["targetPortal"], ISCSI_TOO_LONG))
    _iscsi(errs, source, path, "must be valid format")


ISCSI_TOO_LONG = (
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters "
    "if iscsi.initiatorName is specified."
)


def _iscsi(errs: Errors, source: Object, path: str, prefix_message: str) -> None:
    if source["iqn"]:
        _iscsi_name(errs, f"{path}.iqn", source["iqn"], prefix_message)
    else:
        errs.append(required(f"{path}.iqn"))
    ranged(errs, f"{path}.lun", source["lun"], 0, 255)
    secret = source.get("secretRef")
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and secret is None:
        errs.append(required(f"{path}.secretRef"))
    if secret is not None and prefix_message == "must be valid format":
        needed(errs, secret, f"{path}.secretRef", "name")
    if "initiatorName" in source:
        _iscsi_name(errs, f"{path}.initiatorname", source["initiatorName"], prefix_message)


def _iscsi_name(errs: Errors, path: str, name: str, prefix_message: str) -> None:
    if not name.startswith(("iqn", "eui", "naa")):
        errs.append(invalid(path, name, prefix_message))
        return
    good = _IQN.search(name) if name[0] == "i" else (_EUI if name[0] == "e" else _NAA).fullmatch(name)
    if not good:
        errs.append(invalid(path, name, "must be valid format"))


def fibre_channel(errs: Errors, source: Object, path: str) -> None:
    wwns, wwids = source.get("targetWWNs"), source.get("wwids")
    if not wwns and not wwids:
        errs.append(required(f"{path}.targetWWNs", "must specify either targetWWNs or wwids, but not both"))
    if wwns and wwids:
        errs.append(invalid(f"{path}.targetWWNs", wwns, "targetWWNs and wwids can not be specified simultaneously"))
    if wwns:
        if "lun" not in source:
            errs.append(required(f"{path}.lun", "lun is required if targetWWNs is specified"))
        else:
            ranged(errs, f"{path}.lun", source["lun"], 0, 255)


def quobyte(errs: Errors, source: Object, path: str) -> None:
    message = "must be a host:port pair or multiple pairs separated by commas"
    registry = source["registry"]
    if not registry:
        errs.append(required(f"{path}.registry", message))
    elif len(source.get("tenant", "")) >= 65:
        errs.append(required(f"{path}.tenant", "must be a UUID and may not exceed a length of 64 characters"))
    else:
        for pair in registry.split(","):
            if not re.fullmatch(r"([^:\[\]]*|\[[^\[\]]*\]):[^:\[\]]*", pair):
                errs.append(invalid(f"{path}.registry", registry, message))
    needed(errs, source, path, "volume")


def flocker(errs: Errors, source: Object, path: str) -> None:
    name, uuid = source.get("datasetName", ""), source.get("datasetUUID", "")
    if not name and not uuid:
        errs.append(required(path, "one of datasetName and datasetUUID is required"))
    if name and uuid:
        errs.append(invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously"))
    if "/" in name:
        errs.append(invalid(f"{path}.datasetName", name, "must not contain '/'"))


def cinder(errs: Errors, source: Object, path: str) -> None:
    """Cinder; only in a PersistentVolume has the reference to the secret a namespace."""
    needed(errs, source, path, "volumeID")
    if (secret := source.get("secretRef")) is not None:
        needed(errs, secret, f"{path}.secretRef", "name")


def storage_os(errs: Errors, source: Object, path: str) -> None:
    needed_name(errs, f"{path}.volumeName", source.get("volumeName", ""), names.dns1123_label)
    if namespace := source.get("volumeNamespace"):
        named(errs, f"{path}.volumeNamespace", namespace, names.dns1123_label)
    if (secret := source.get("secretRef")) is not None:
        needed(errs, secret, f"{path}.secretRef", "name")


def flex(errs: Errors, source: Object, path: str) -> None:
    needed(errs, source, path, "driver")
    for key in source.get("options", {}):
        namespace = "." + key.partition("/")[0].lower()
        if namespace.endswith((".kubernetes.io", ".k8s.io")):
            message = "kubernetes.io and k8s.io namespaces are reserved"
            errs.append(invalid(f"{path}.options[{key}]", key, message))


def azure_disk(errs: Errors, source: Object, path: str) -> None:
    needed(errs, source, path, "diskName", "diskURI")
    one_of(errs, f"{path}.cachingMode", source["cachingMode"], ("None", "ReadOnly", "ReadWrite"))
    kind, uri = source["kind"], source["diskURI"]
    one_of(errs, f"{path}.kind", kind, ("Shared", "Dedicated", "Managed"))
    if kind == "Managed" and not uri.startswith("/subscriptions/"):
        errs.append(not_supported(f"{path}.diskURI", uri, [MANAGED_DISK]))
    if kind != "Managed" and not uri.startswith("https://"):
        errs.append(not_supported(f"{path}.diskURI", uri, [BLOB_DISK]))


def driver_name(errs: Errors, path: str, driver: str) -> None:
    """The name of a CSI driver."""
    if not driver:
        errs.append(required(path))
        return
    if len(driver) > DRIVER_NAME_MAX:
        errs.append(too_long(path, DRIVER_NAME_MAX))
    for message in names.dns1123_subdomain(driver.lower()):
        errs.append(invalid(path, driver, message))


SHARED: dict[str, Callable[[Errors, Object, str], None]] = {
    "hostPath": host_path,
    "nfs": nfs,
    "gcePersistentDisk": gce_disk,
    "awsElasticBlockStore": aws_disk,
    "fc": fibre_channel,
    "quobyte": quobyte,
    "flocker": flocker,
    "cinder": cinder,
    "storageos": storage_os,
    "flexVolume": flex,
    "azureDisk": azure_disk,
}


def shared(errs: Errors, kind: str, source: Object, path: str) -> None:
    """A source that is checked alike in Pods and PersistentVolumes."""
    if check := SHARED.get(kind):
        check(errs, source, path)
    else:
        needed(errs, source, path, *NEEDED.get(kind, ()))
