"""The volumes of a Pod."""

from collections.abc import Callable

from podo.api import names
from podo.api.field_errors import duplicate, forbidden, invalid, required
from podo.server.validation.core import claim, projected, volume_sources
from podo.server.validation.core.options import PodOptions
from podo.server.validation.fields import Errors, Object, amount, named, needed, needed_name, one_of
from podo.server.validation.paths import descending, mode

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
PVC_CONFLICT = "must not reference a PVC that gets created for an ephemeral volume"

# in the order in which upstream looks at them: every source after the first is refused
ORDER = (
    *("emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi"),
    *("glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc"),
    *("flexVolume", "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk"),
    *("storageos", "projected", "scaleIO", "csi", "ephemeral", "image"),
)


def volumes(errs: Errors, values: list[Object], pod_name: str, path: str, opts: PodOptions) -> dict[str, Object]:
    """The volumes of a Pod. Gives the good ones by their names."""
    good: dict[str, Object] = {}
    created = {f"{pod_name}-{v['name']}" for v in values if "ephemeral" in v} if pod_name else set()
    for index, volume in enumerate(values):
        where = f"{path}[{index}]"
        before = len(errs)
        name = volume["name"]
        _source(errs, volume, where, pod_name, opts)
        needed_name(errs, f"{where}.name", name, names.dns1123_label)
        if name in good:
            errs.append(duplicate(f"{where}.name", name))
        if len(errs) == before:
            good[name] = volume
        claim_name = volume.get("persistentVolumeClaim", {}).get("claimName")
        if claim_name is not None and claim_name in created:
            errs.append(invalid(f"{where}.persistentVolumeClaim.claimName", claim_name, PVC_CONFLICT))
    return good


def _source(errs: Errors, volume: Object, path: str, pod_name: str, opts: PodOptions) -> None:
    kinds = [key for key in volume if key != "name"]
    if len(kinds) > 1:
        kinds.sort(key=ORDER.index)
    for position, kind in enumerate(kinds):
        if position:
            errs.append(forbidden(f"{path}.{kind}", "may not specify more than 1 volume type"))
        elif kind in CHECKS:
            CHECKS[kind](errs, volume[kind], f"{path}.{kind}", opts)
        else:
            volume_sources.shared(errs, kind, volume[kind], f"{path}.{kind}")
    if not kinds:
        errs.append(required(path, "must specify a volume type"))
    iscsi = volume.get("iscsi", {})
    if "initiatorName" in iscsi and len(f"{volume['name']}:{iscsi['targetPortal']}") > 64:
        errs.append(invalid(f"{path}.name", volume["name"], volume_sources.ISCSI_TOO_LONG))
    if kinds[:1] == ["ephemeral"] and pod_name and volume["name"]:
        claim_name = f"{pod_name}-{volume['name']}"
        for message in names.dns1123_subdomain(claim_name):
            errs.append(invalid(f"{path}.name", volume["name"], f'PVC name "{claim_name}": {message}'))


def _empty_dir(errs: Errors, source: Object, path: str, opts: PodOptions) -> None:
    if "sizeLimit" in source and amount(source["sizeLimit"]) < 0:
        errs.append(forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity"))


def _git_repo(errs: Errors, source: Object, path: str, opts: PodOptions) -> None:
    needed(errs, source, path, "repository")
    descending(errs, f"{path}.directory", source.get("directory", ""))


def _secret(errs: Errors, source: Object, path: str, opts: PodOptions) -> None:
    needed(errs, source, path, "secretName")
    _keys(errs, source, path)


def _config_map(errs: Errors, source: Object, path: str, opts: PodOptions) -> None:
    needed(errs, source, path, "name")
    _keys(errs, source, path)


def _keys(errs: Errors, source: Object, path: str) -> None:
    mode(errs, f"{path}.defaultMode", source.get("defaultMode"))
    for index, item in enumerate(source.get("items", ())):
        projected.key_to_path(errs, item, f"{path}.items[{index}]")


def _iscsi(errs: Errors, source: Object, path: str, opts: PodOptions) -> None:
    volume_sources.iscsi(errs, source, path)


def _csi(errs: Errors, source: Object, path: str, opts: PodOptions) -> None:
    volume_sources.driver_name(errs, f"{path}.driver", source["driver"])
    if (secret := source.get("nodePublishSecretRef")) is not None:
        if name := secret.get("name"):
            named(errs, f"{path}.name", name, names.dns1123_subdomain)
        else:
            errs.append(required(f"{path}.nodePublishSecretRef.name"))


def _ephemeral(errs: Errors, source: Object, path: str, opts: PodOptions) -> None:
    template = source.get("volumeClaimTemplate")
    if template is None:
        errs.append(required(f"{path}.volumeClaimTemplate"))
    else:
        claim.template(errs, template, f"{path}.volumeClaimTemplate")


def _image(errs: Errors, source: Object, path: str, opts: PodOptions) -> None:
    if opts.is_pod:
        needed(errs, source, path, "reference")
    pull_policy(errs, source.get("pullPolicy", ""), f"{path}.pullPolicy")


def pull_policy(errs: Errors, policy: str, path: str) -> None:
    """When an image is pulled."""
    if policy:
        one_of(errs, path, policy, PULL_POLICIES)
    else:
        errs.append(required(path))


CHECKS: dict[str, Callable[[Errors, Object, str, PodOptions], None]] = {
    "emptyDir": _empty_dir,
    "gitRepo": _git_repo,
    "secret": _secret,
    "configMap": _config_map,
    "iscsi": _iscsi,
    "csi": _csi,
    "ephemeral": _ephemeral,
    "image": _image,
    "projected": projected.projected,
    "downwardAPI": projected.downward_api,
}
