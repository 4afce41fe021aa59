"""What expressions at admission may name: the request, its objects, the namespace, parameters, the authorizer."""

from collections.abc import Mapping
from functools import lru_cache

from podo.cel import types
from podo.cel.check.scope import StaticTypes, Types
from podo.cel.environment import Environment
from podo.cel.library.authorization import AUTHORIZER, RESOURCE
from podo.cel.types import BOOL, DYN, INT, STRING, TIMESTAMP, Type, list_of, map_of, struct

KIND, GVR, USER = (struct(f"kubernetes.{name}") for name in ("GroupVersionKind", "GroupVersionResource", "UserInfo"))
REQUEST, NAMESPACE = struct("kubernetes.AdmissionRequest"), struct("kubernetes.Namespace")
VARIABLES, OBJECT, JSON_PATCH = struct("kubernetes.variables"), struct("Object"), struct("JSONPatch")
TEXTS, LABELS = list_of(STRING), map_of(STRING, STRING)
STRUCTS: dict[str, dict[str, Type]] = {
    KIND.name: {"group": STRING, "version": STRING, "kind": STRING},
    GVR.name: {"group": STRING, "version": STRING, "resource": STRING},
    USER.name: {"username": STRING, "uid": STRING, "groups": TEXTS, "extra": map_of(STRING, TEXTS)},
    REQUEST.name: {
        "kind": KIND, "resource": GVR, "subResource": STRING, "requestKind": KIND, "requestResource": GVR,
        "requestSubResource": STRING, "name": STRING, "namespace": STRING, "operation": STRING, "userInfo": USER,
        "dryRun": BOOL, "options": DYN,
    },
    NAMESPACE.name: {
        "metadata": struct("kubernetes.NamespaceMetadata"),
        "spec": struct("kubernetes.NamespaceSpec"),
        "status": struct("kubernetes.NamespaceStatus"),
    },
    "kubernetes.NamespaceMetadata": {
        "name": STRING, "generateName": STRING, "namespace": STRING, "labels": LABELS, "annotations": LABELS,
        "UID": STRING, "creationTimestamp": TIMESTAMP, "deletionGracePeriodSeconds": INT,
        "deletionTimestamp": TIMESTAMP, "generation": INT, "resourceVersion": STRING, "finalizers": TEXTS,
    },
    "kubernetes.NamespaceSpec": {"finalizers": TEXTS},
    "kubernetes.NamespaceStatus": {"conditions": list_of(struct("kubernetes.NamespaceCondition")), "phase": STRING},
    "kubernetes.NamespaceCondition": {
        "status": STRING, "type": STRING, "lastTransitionTime": TIMESTAMP, "message": STRING, "reason": STRING,
    },
}  # fmt: skip
PATCH_FIELDS: dict[str, Type] = {"op": STRING, "path": STRING, "from": STRING, "value": DYN}
BASE: dict[str, Type] = {"object": DYN, "oldObject": DYN, "namespaceObject": NAMESPACE, "request": REQUEST}


class _AnyField(dict[str, Type]):
    """The fields of an Object in a patch: whichever one names."""

    def get(self, key: str, default: object = None) -> Type:
        return DYN


class PatchTypes:
    """Struct types with those that patches are written in: `Object`, `Object.spec` and so on, and `JSONPatch`."""

    def __init__(self, others: Types) -> None:
        self._others = others

    def fields(self, name: str) -> Mapping[str, Type] | None:
        if name == JSON_PATCH.name:
            return PATCH_FIELDS
        if name == OBJECT.name or name.startswith(f"{OBJECT.name}."):
            return _AnyField()
        return self._others.fields(name)


class VariableTypes:
    """Struct types with that of `variables`, whose fields come one after the other."""

    def __init__(self, others: Types) -> None:
        self._others = others
        self.declared: dict[str, Type] = {}

    def fields(self, name: str) -> Mapping[str, Type] | None:
        return self.declared if name == VARIABLES.name else self._others.fields(name)


@lru_cache(maxsize=8)
def admission_environment(*, params: bool, authorizer: bool) -> Environment:
    """The environment of expressions at admission; without and with parameters and an authorizer."""
    variables = dict(BASE)
    if params:
        variables["params"] = DYN
    if authorizer:
        variables |= {"authorizer": AUTHORIZER, "authorizer.requestResource": RESOURCE}
    return Environment(variables, StaticTypes(STRUCTS))


def shown(of: Type) -> str:
    """How messages about results call a type."""
    return "null_type" if of == types.NULL else str(of)
