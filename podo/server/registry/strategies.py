"""Which kinds have a strategy of their own: one line each."""

from podo.api import names
from podo.server.customresources.definitions import DefinitionStrategy
from podo.server.registry import cluster_kinds, configuration, networking, pod, service, volumes, workloads
from podo.server.registry.traits import traits_of
from podo.server.strategy import Strategy


class FreelyNamed(Strategy):
    """Names may hold anything that a path may."""

    name_errors = staticmethod(names.path_segment)


RBAC, STORAGE = "rbac.authorization.k8s.io", "storage.k8s.io"

STRATEGIES: dict[tuple[str, str], type[Strategy]] = {
    ("", "Endpoints"): configuration.EndpointsStrategy,
    ("", "Event"): configuration.EventStrategy,
    ("", "LimitRange"): configuration.LimitRangeStrategy,
    ("", "Namespace"): cluster_kinds.NamespaceStrategy,
    ("", "Node"): cluster_kinds.NodeStrategy,
    ("", "PersistentVolume"): volumes.PersistentVolumeStrategy,
    ("", "PersistentVolumeClaim"): volumes.ClaimStrategy,
    ("", "Pod"): pod.PodStrategy,
    ("", "PodTemplate"): workloads.PodTemplateStrategy,
    ("", "ReplicationController"): workloads.NamesPods,
    ("", "ResourceQuota"): configuration.ResourceQuotaStrategy,
    ("", "Secret"): configuration.SecretStrategy,
    ("", "Service"): service.ServiceStrategy,
    ("", "ServiceAccount"): configuration.ServiceAccountStrategy,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): DefinitionStrategy,
    ("apps", "DaemonSet"): workloads.DaemonSetStrategy,
    ("apps", "Deployment"): workloads.DeploymentStrategy,
    ("apps", "ReplicaSet"): workloads.NamesPods,
    ("apps", "StatefulSet"): workloads.StatefulSetStrategy,
    ("batch", "CronJob"): workloads.CronJobStrategy,
    ("batch", "Job"): workloads.JobStrategy,
    ("certificates.k8s.io", "CertificateSigningRequest"): networking.CertificateRequestStrategy,
    ("coordination.k8s.io", "Lease"): networking.LeaseStrategy,
    ("discovery.k8s.io", "EndpointSlice"): networking.EndpointSliceStrategy,
    ("networking.k8s.io", "IPAddress"): FreelyNamed,
    ("networking.k8s.io", "Ingress"): networking.IngressStrategy,
    ("networking.k8s.io", "NetworkPolicy"): networking.NetworkPolicyStrategy,
    ("node.k8s.io", "RuntimeClass"): networking.RuntimeClassStrategy,
    ("scheduling.k8s.io", "PriorityClass"): configuration.PriorityClassStrategy,
    (RBAC, "ClusterRole"): FreelyNamed,
    (RBAC, "ClusterRoleBinding"): FreelyNamed,
    (RBAC, "Role"): FreelyNamed,
    (RBAC, "RoleBinding"): FreelyNamed,
    ("resource.k8s.io", "ResourceSlice"): networking.ResourceSliceStrategy,
    (STORAGE, "CSIDriver"): volumes.CSIDriverStrategy,
    (STORAGE, "CSIStorageCapacity"): volumes.CSIStorageCapacityStrategy,
    (STORAGE, "StorageClass"): volumes.StorageClassStrategy,
}
"""By (group, kind), of the stored version."""


def strategy_for(group: str, kind: str) -> Strategy:
    """The kind's own strategy, or the generic one, with the kind's traits."""
    return STRATEGIES.get((group, kind), Strategy)(traits_of(group, kind))
