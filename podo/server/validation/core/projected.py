"""Volumes that are put together from other objects: projected and downward API volumes."""

from podo.api.field_errors import forbidden, invalid, not_supported, required
from podo.server.validation.core.env import VOLUME_FIELDS, container_resource, object_field
from podo.server.validation.core.options import PodOptions
from podo.server.validation.fields import Errors, Object, needed
from podo.server.validation.metadata import annotations
from podo.server.validation.paths import local_path, mode
from podo.server.validation.selectors import label_selector
from podo.server.validation.signers import bundle_name, signer_name

CONFLICT = "conflicting duplicate paths"
KEY_TYPES = ("RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519")
TOKEN_SECONDS_MIN, TOKEN_SECONDS_MAX = 600, 1 << 32
CERTIFICATE_SECONDS_MIN, CERTIFICATE_SECONDS_MAX, KUBERNETES_SECONDS_MAX = 3600, 7862400, 86400


def key_to_path(errs: Errors, item: Object, path: str) -> None:
    """One key of a Secret or ConfigMap, and the file it becomes."""
    needed(errs, item, path, "key", "path")
    local_path(errs, f"{path}.path", item["path"])
    mode(errs, f"{path}.mode", item.get("mode"))


def downward_api(errs: Errors, source: Object, path: str, opts: PodOptions) -> None:
    mode(errs, f"{path}.defaultMode", source.get("defaultMode"))
    for item in source.get("items", ()):
        _downward_file(errs, item, path)


def _downward_file(errs: Errors, item: Object, path: str) -> None:
    needed(errs, item, path, "path")
    local_path(errs, f"{path}.path", item["path"])
    if "fieldRef" in item:
        object_field(errs, item["fieldRef"], VOLUME_FIELDS, f"{path}.fieldRef")
        if "resourceFieldRef" in item:
            message = "fieldRef and resourceFieldRef can not be specified simultaneously"
            errs.append(invalid(path, "resource", message))
    elif "resourceFieldRef" in item:
        container_resource(errs, item["resourceFieldRef"], f"{path}.resourceFieldRef", volume=True)
    else:
        errs.append(required(path, "one of fieldRef and resourceFieldRef is required"))
    mode(errs, f"{path}.mode", item.get("mode"))


def projected(errs: Errors, source: Object, path: str, opts: PodOptions) -> None:
    mode(errs, f"{path}.defaultMode", source.get("defaultMode"))
    taken: set[str] = set()
    for index, one in enumerate(source["sources"] or ()):
        where = f"{path}.sources[{index}]"
        for kind in ("secret", "configMap"):
            if kind in one:
                _keys(errs, one[kind], where, kind, path, taken)
        if "downwardAPI" in one:
            for item in one["downwardAPI"].get("items", ()):
                _downward_file(errs, item, f"{where}.downwardAPI")
                _take(errs, item["path"], item["path"], path, taken)
        if "serviceAccountToken" in one:
            _token(errs, one["serviceAccountToken"], where, path, opts)
        if "clusterTrustBundle" in one:
            _trust_bundle(errs, one["clusterTrustBundle"], f"{where}.clusterTrustBundle", path, taken)
        if "podCertificate" in one:
            _certificate(errs, one["podCertificate"], f"{where}.podCertificate", path, taken)
        if len(one) > 1:
            errs.append(forbidden(where, "may not specify more than 1 volume type per source"))


def _take(errs: Errors, file: str, shown: str, path: str, taken: set[str]) -> None:
    if file:
        if file in taken:
            errs.append(invalid(path, shown, CONFLICT))
        taken.add(file)


def _keys(errs: Errors, source: Object, where: str, kind: str, path: str, taken: set[str]) -> None:
    needed(errs, source, f"{where}.{kind}", "name")
    for index, item in enumerate(source.get("items", ())):
        key_to_path(errs, item, f"{where}.{kind}.items[{index}]")
        _take(errs, item["path"], source.get("name", ""), path, taken)


def _token(errs: Errors, token: Object, where: str, path: str, opts: PodOptions) -> None:
    seconds, field = token["expirationSeconds"], f"{where}.serviceAccountToken.expirationSeconds"
    if seconds < TOKEN_SECONDS_MIN:
        errs.append(invalid(field, seconds, "may not specify a duration less than 10 minutes"))
    if seconds > TOKEN_SECONDS_MAX:
        errs.append(invalid(field, seconds, "may not specify a duration larger than 2^32 seconds"))
    if not token["path"]:
        errs.append(required(f"{path}.path"))
    elif not opts.allow_non_local_token_path:
        local_path(errs, f"{path}.path", token["path"])


def _trust_bundle(errs: Errors, bundle: Object, where: str, path: str, taken: set[str]) -> None:
    name, signer = bundle.get("name"), bundle.get("signerName")
    if name is not None and signer is not None:
        errs.append(invalid(where, bundle, "only one of name and signerName may be used"))
    elif name is not None:
        if not name:
            errs.append(required(f"{where}.name", "must be a valid object name"))
        for message in bundle_name(name):
            errs.append(invalid(f"{where}.name", name, f"not a valid clustertrustbundlename: {message}"))
        if "labelSelector" in bundle:
            message = "labelSelector must be unset if name is specified"
            errs.append(invalid(f"{where}.labelSelector", bundle["labelSelector"], message))
    elif signer is not None:
        if not signer:
            errs.append(required(f"{where}.signerName", "must be a valid signer name"))
        signer_name(errs, signer, f"{where}.signerName")
        label_selector(errs, bundle.get("labelSelector"), f"{where}.labelSelector")
    else:
        errs.append(required(where, "either name or signerName must be specified"))
    needed(errs, bundle, where, "path")
    local_path(errs, f"{where}.path", bundle["path"])
    if bundle["path"] in taken:
        errs.append(invalid(path, bundle["path"], CONFLICT))
    taken.add(bundle["path"])


def _certificate(errs: Errors, certificate: Object, where: str, path: str, taken: set[str]) -> None:
    signer = certificate.get("signerName", "")
    signer_name(errs, signer, f"{where}.signerName")
    if "userAnnotations" in certificate:
        annotations(errs, certificate["userAnnotations"], f"{where}.userAnnotations")
    if certificate.get("keyType", "") not in KEY_TYPES:
        errs.append(not_supported(f"{where}.keyType", certificate.get("keyType", ""), KEY_TYPES))
    seconds, field = certificate.get("maxExpirationSeconds"), f"{where}.maxExpirationSeconds"
    if seconds is not None:
        limit = KUBERNETES_SECONDS_MAX if signer.startswith("kubernetes.io/") else CERTIFICATE_SECONDS_MAX
        if seconds < CERTIFICATE_SECONDS_MIN:
            message = f"if provided, maxExpirationSeconds must be >= {CERTIFICATE_SECONDS_MIN}"
            errs.append(invalid(field, seconds, message))
        if seconds > limit:
            errs.append(invalid(field, seconds, f"if provided, maxExpirationSeconds must be <= {limit}"))
    files = [key for key in ("credentialBundlePath", "keyPath", "certificateChainPath") if certificate.get(key)]
    for key in files:
        local_path(errs, f"{where}.{key}", certificate[key])
        _take(errs, certificate[key], certificate[key], path, taken)
    if not files:
        message = "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"
        errs.append(required(where, message))
