"""ConfigMaps, Secrets and ServiceAccounts."""

import base64
import binascii

import msgspec

from podo.api import names
from podo.api.field_errors import forbidden, invalid, required, too_long
from podo.server.validation.fields import Errors, Object, immutable, named
from podo.server.validation.go_json import parse_problem
from podo.server.validation.metadata import changed_meta, new_meta

DATA_MAX = 1024 * 1024
WHEN_IMMUTABLE = "field is immutable when `immutable` is set"
ACCOUNT_NAME = "kubernetes.io/service-account.name"


def create_config_map(obj: Object) -> Errors:
    errs: Errors = []
    _config_map(errs, obj)
    return errs


def update_config_map(obj: Object, old: Object) -> Errors:
    errs: Errors = []
    changed_meta(errs, obj, old)
    _frozen(errs, obj, old, ("data", "binaryData"))
    _config_map(errs, obj)
    return errs


def _config_map(errs: Errors, obj: Object) -> None:
    new_meta(errs, obj)
    size, binary = 0, obj.get("binaryData", {})
    for key, value in obj.get("data", {}).items():
        named(errs, f"data[{key}]", key, names.config_key)
        if key in binary:
            errs.append(invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
        size += len(value)
    for key, value in binary.items():
        named(errs, f"binaryData[{key}]", key, names.config_key)
        size += len(value or "") * 3 // 4
    if size * 4 > DATA_MAX and _exact_size(obj) > DATA_MAX:
        errs.append(too_long("[]", DATA_MAX))


def _exact_size(obj: Object) -> int:
    texts = sum(len(value.encode()) for value in obj.get("data", {}).values())
    return texts + sum(len(_decoded(value)) for value in obj.get("binaryData", {}).values())


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:  # the decoder refuses such a body
        return b""


def _frozen(errs: Errors, obj: Object, old: Object, fields: tuple[str, ...]) -> None:
    if not old.get("immutable"):
        return
    if not obj.get("immutable"):
        errs.append(forbidden("immutable", WHEN_IMMUTABLE))
    for key in fields:
        if obj.get(key) != old.get(key):
            errs.append(forbidden(key, WHEN_IMMUTABLE))


def create_secret(obj: Object) -> Errors:
    errs: Errors = []
    _secret(errs, obj)
    return errs


def update_secret(obj: Object, old: Object) -> Errors:
    errs: Errors = []
    changed_meta(errs, obj, old)
    immutable(errs, "type", obj.get("type", ""), old.get("type", ""))
    _frozen(errs, obj, old, ("data",))
    _secret(errs, obj)
    return errs


def _secret(errs: Errors, obj: Object) -> None:
    new_meta(errs, obj)
    data, size = obj.get("data", {}), 0
    for key, value in data.items():
        named(errs, f"data[{key}]", key, names.config_key)
        value = value or ""  # null is an empty one
        size += len(value) * 3 // 4 - value[-2:].count("=")
    if size > DATA_MAX:
        errs.append(too_long("data", DATA_MAX))
    kind = obj.get("type", "")
    if kind == "kubernetes.io/service-account-token":
        if not obj["metadata"].get("annotations", {}).get(ACCOUNT_NAME):
            errs.append(required(f"metadata.annotations[{ACCOUNT_NAME}]"))
    elif kind == "kubernetes.io/dockercfg":
        _docker_config(errs, data, ".dockercfg")
    elif kind == "kubernetes.io/dockerconfigjson":
        _docker_config(errs, data, ".dockerconfigjson")
    elif kind == "kubernetes.io/basic-auth":
        if "username" not in data and "password" not in data:
            errs.extend((required("data[username]"), required("data[password]")))
    elif kind == "kubernetes.io/ssh-auth":
        if not data.get("ssh-privatekey"):
            errs.append(required("data[ssh-privatekey]"))
    elif kind == "kubernetes.io/tls":
        for key in ("tls.crt", "tls.key"):
            if key not in data:
                errs.append(required(f"data[{key}]"))


def _docker_config(errs: Errors, data: dict[str, str], key: str) -> None:
    path = f"data[{key}]"
    if key not in data:
        errs.append(required(path))
        return
    raw = _decoded(data[key])
    try:
        msgspec.json.decode(raw, type=dict[str, msgspec.Raw] | None)
    except (msgspec.DecodeError, UnicodeDecodeError):
        errs.append(invalid(path, "<secret contents redacted>", parse_problem(raw)))


def create_service_account(obj: Object) -> Errors:
    errs: Errors = []
    new_meta(errs, obj)
    return errs


def update_service_account(obj: Object, old: Object) -> Errors:
    errs: Errors = []
    changed_meta(errs, obj, old)
    new_meta(errs, obj)
    return errs
