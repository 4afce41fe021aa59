"""Defaults of role bindings."""

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]
GROUP = "rbac.authorization.k8s.io"


def binding(obj: Object) -> None:
    """The API groups of what a binding names."""
    obj["roleRef"]["apiGroup"] = obj["roleRef"].get("apiGroup") or GROUP
    for subject in obj.get("subjects", ()):
        if subject["kind"] in ("User", "Group"):
            subject.setdefault("apiGroup", GROUP)


DEFAULTS: dict[tuple[str, str], Callable[[Object], None]] = {
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): binding,
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): binding,
}
