"""Environment variables and where their values come from."""

import re

from podo.api import names
from podo.api.field_errors import invalid, not_supported, required
from podo.server.validation.fields import Errors, Object, amount, named, needed_name
from podo.server.validation.metadata import mask_trailing_dash
from podo.server.validation.paths import no_backsteps

VOLUME_FIELDS = frozenset(
    {"metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.uid"}
)
ENV_FIELDS = frozenset(
    {"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"}
    | {"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"}
)
POD_FIELDS = (
    VOLUME_FIELDS | ENV_FIELDS | {"spec.restartPolicy", "spec.schedulerName", "status.phase"}
)  # what a Pod's field labels know at all
_SUBSCRIPT = re.compile(r"(.+?)\['(.*)'\]", re.DOTALL)

RESOURCES = tuple(
    sorted(f"{kind}.{name}" for kind in ("limits", "requests") for name in ("cpu", "memory", "ephemeral-storage"))
)
_SIZES = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
DIVISORS = {
    "cpu": (("1m", "1"), "only divisor's values 1m and 1 are supported with the cpu resource"),
    "memory": (_SIZES, f"only divisor's values {', '.join(_SIZES)} are supported with the memory resource"),
    "ephemeral-storage": (
        _SIZES,
        f"only divisor's values {', '.join(_SIZES)} are supported with the local ephemeral storage resource",
    ),
    "hugepages": (_SIZES, f"only divisor's values {', '.join(_SIZES)} are supported with the hugepages resource"),
}
ENV_SOURCES = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
SEVERAL = "may not have more than one field specified at a time"


def env(errs: Errors, values: list[Object], path: str) -> None:
    """The variables of a container."""
    for index, value in enumerate(values):
        name = value["name"]
        if not name:
            errs.append(required(f"{path}[{index}].name"))
        elif not name.isidentifier() or not name.isascii():
            named(errs, f"{path}[{index}].name", name, names.environment_name)
        if "valueFrom" in value:
            _value_from(errs, value, f"{path}[{index}].valueFrom")


def _value_from(errs: Errors, value: Object, path: str) -> None:
    source = value["valueFrom"]
    if "fieldRef" in source:
        object_field(errs, source["fieldRef"], ENV_FIELDS, f"{path}.fieldRef")
    if "resourceFieldRef" in source:
        container_resource(errs, source["resourceFieldRef"], f"{path}.resourceFieldRef", volume=False)
    for key in ("configMapKeyRef", "secretKeyRef"):
        if key in source:
            named(errs, f"{path}.{key}.name", source[key].get("name", ""), names.dns1123_subdomain)
            needed_name(errs, f"{path}.{key}.key", source[key]["key"], names.config_key)
    if "fileKeyRef" in source:
        _file_key(errs, source["fileKeyRef"], f"{path}.fileKeyRef")
    if not source:
        errs.append(invalid(path, "", ENV_SOURCES))
    elif value.get("value"):
        errs.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif len(source) > 1:
        errs.append(invalid(path, "", SEVERAL))


def _file_key(errs: Errors, ref: Object, path: str) -> None:
    needed_name(errs, f"{path}.key", ref["key"], names.environment_name)
    needed_name(errs, f"{path}.volumeName", ref["volumeName"], names.dns1123_label)
    if ref["path"]:
        no_backsteps(errs, f"{path}.path", ref["path"])
    else:
        errs.append(required(f"{path}.path"))


def object_field(errs: Errors, ref: Object, fields: frozenset[str], path: str) -> None:
    """A reference to a field of the Pod."""
    version, field = ref.get("apiVersion", ""), ref["fieldPath"]
    if not version:
        errs.append(required(f"{path}.apiVersion"))
        return
    if not field:
        errs.append(required(f"{path}.fieldPath"))
        return
    subscript = _SUBSCRIPT.fullmatch(field)
    problem = _field_problem(version, field, subscript[1] if subscript else "")
    if problem:
        errs.append(invalid(f"{path}.fieldPath", field, f"error converting fieldPath: {problem}"))
    elif subscript:
        key = subscript[2].lower() if subscript[1] == "metadata.annotations" else subscript[2]
        named(errs, path, key, names.qualified_name)
    else:
        field = "spec.nodeName" if field == "spec.host" else field
        if field not in fields:
            errs.append(not_supported(f"{path}.fieldPath", field, sorted(fields)))


def _field_problem(version: str, field: str, subscripted: str) -> str:
    if version != "v1":
        return f"unsupported pod version: {version}"
    if subscripted:
        if subscripted in ("metadata.annotations", "metadata.labels"):
            return ""
        return f"field label does not support subscript: {field}"
    return "" if field in POD_FIELDS or field == "spec.host" else f"field label not supported: {field}"


def container_resource(errs: Errors, ref: Object, path: str, *, volume: bool) -> None:
    """A reference to the requests or limits of a container."""
    resource = ref["resource"]
    kind, _, name = resource.partition(".")
    huge = kind in ("limits", "requests") and name.startswith("hugepages-")
    if volume and not ref.get("containerName"):
        errs.append(required(f"{path}.containerName"))
    elif not resource:
        errs.append(required(f"{path}.resource"))
    elif resource not in RESOURCES and not huge:
        errs.append(not_supported(f"{path}.resource", resource, RESOURCES))
    divisor = ref.get("divisor", "0")
    if amount(divisor) != 0 and (huge or resource in RESOURCES):
        supported, message = DIVISORS["hugepages" if huge else name]
        if divisor not in supported:
            errs.append(invalid(f"{path}.divisor", resource, message))


def env_from(errs: Errors, values: list[Object], path: str) -> None:
    """Objects all of whose keys become variables."""
    for index, value in enumerate(values):
        where = f"{path}[{index}]"
        if prefix := value.get("prefix"):
            named(errs, f"{where}.prefix", prefix, names.environment_name)
        count = 0
        for key in ("configMapRef", "secretRef"):
            if key in value:
                count += 1
                _env_source(errs, value[key].get("name", ""), f"{where}.{key}.name")
        if not count:
            errs.append(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif count > 1:
            errs.append(invalid(path, "", SEVERAL))


def _env_source(errs: Errors, name: str, path: str) -> None:
    if not name:
        errs.append(required(path))
    else:
        for message in names.dns1123_subdomain(mask_trailing_dash(name)):
            errs.append(invalid(path, name, message))
