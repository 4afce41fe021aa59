"""In which order groups and their versions are shown: the priorities of the groups that this server serves itself."""

from typing import NamedTuple

from podo.server.strategy import Object

CUSTOM_GROUP, CUSTOM_VERSION = 1000, 100
"""Of custom resources."""
GROUPS = {
    "": 18000,
    "apps": 17800,
    "events.k8s.io": 17750,
    "authentication.k8s.io": 17700,
    "authorization.k8s.io": 17600,
    "autoscaling": 17500,
    "batch": 17400,
    "certificates.k8s.io": 17300,
    "networking.k8s.io": 17200,
    "policy": 17100,
    "rbac.authorization.k8s.io": 17000,
    "storage.k8s.io": 16800,
    "apiextensions.k8s.io": 16700,
    "admissionregistration.k8s.io": 16700,
    "scheduling.k8s.io": 16600,
    "coordination.k8s.io": 16500,
    "node.k8s.io": 16300,
    "discovery.k8s.io": 16200,
    "resource.k8s.io": 16200,
    "flowcontrol.apiserver.k8s.io": 16100,
    "internal.apiserver.k8s.io": 16000,
}
VERSIONS = {("", "v1"): 1, ("autoscaling", "v2"): 30, ("resource.k8s.io", "v1"): 21}
VERSIONS |= {("flowcontrol.apiserver.k8s.io", "v1"): 21}
USUAL_VERSION = 15
OWN_GROUP = "apiregistration.k8s.io"
"""Has no APIService, and always comes first."""


class GroupVersion(NamedTuple):
    """A version of a group."""

    group: str
    version: str

    @property
    def service_name(self) -> str:
        """The name of its APIService."""
        return f"{self.version}.{self.group}"


def group_priority(group: str, *, custom: bool) -> int:
    """Greater comes first."""
    if group == OWN_GROUP:
        return 1 << 20
    return CUSTOM_GROUP if custom else GROUPS.get(group, CUSTOM_GROUP)


def local_service(wanted: GroupVersion, *, custom: bool) -> Object:
    """The APIService of what this server serves."""
    version = CUSTOM_VERSION if custom else VERSIONS.get(wanted, USUAL_VERSION)
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": wanted.service_name, "labels": {MANAGED: "true" if custom else ON_START}},
        "spec": {
            **({"group": wanted.group} if wanted.group else {}),
            "version": wanted.version,
            "groupPriorityMinimum": group_priority(wanted.group, custom=custom),
            "versionPriority": version,
        },
    }


MANAGED = "kube-aggregator.kubernetes.io/automanaged"
ON_START = "onstart"
