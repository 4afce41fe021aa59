"""Which printer shows a kind, by (group, kind) of its stored form; what is missing shows name and time of creation."""

from collections.abc import Callable, Mapping
from typing import Any

from podo.server.strategy import Object
from podo.server.table import cluster, configuration, guarding, networking, pods, storage, workloads
from podo.server.table.texts import Printer

ADMISSION, NETWORKING, RBAC, STORAGE = (
    "admissionregistration.k8s.io",
    "networking.k8s.io",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
)
PRINTERS: Mapping[tuple[str, str], Printer] = {
    ("", "ComponentStatus"): cluster.component_status,
    ("", "ConfigMap"): configuration.config_map,
    ("", "Endpoints"): networking.endpoints,
    ("", "Event"): cluster.event,
    ("", "Namespace"): cluster.namespace,
    ("", "Node"): cluster.node,
    ("", "PersistentVolume"): storage.volume,
    ("", "PersistentVolumeClaim"): storage.claim,
    ("", "Pod"): pods.pod,
    ("", "PodTemplate"): pods.pod_template,
    ("", "ReplicationController"): workloads.replication_controller,
    ("", "ResourceQuota"): configuration.resource_quota,
    ("", "Secret"): configuration.secret,
    ("", "Service"): networking.service,
    ("", "ServiceAccount"): cluster.named,
    (ADMISSION, "MutatingAdmissionPolicy"): guarding.mutating_policy,
    (ADMISSION, "MutatingAdmissionPolicyBinding"): guarding.policy_binding,
    (ADMISSION, "MutatingWebhookConfiguration"): guarding.webhooks,
    (ADMISSION, "ValidatingAdmissionPolicy"): guarding.validating_policy,
    (ADMISSION, "ValidatingAdmissionPolicyBinding"): guarding.policy_binding,
    (ADMISSION, "ValidatingWebhookConfiguration"): guarding.webhooks,
    ("apiregistration.k8s.io", "APIService"): cluster.api_service,
    ("apps", "ControllerRevision"): workloads.controller_revision,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("autoscaling", "HorizontalPodAutoscaler"): workloads.autoscaler,
    ("batch", "CronJob"): workloads.cron_job,
    ("batch", "Job"): workloads.job,
    ("certificates.k8s.io", "CertificateSigningRequest"): guarding.signing_request,
    ("coordination.k8s.io", "Lease"): cluster.lease,
    ("discovery.k8s.io", "EndpointSlice"): networking.endpoint_slice,
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): cluster.flow_schema,
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): cluster.priority_level,
    (NETWORKING, "IPAddress"): networking.ip_address,
    (NETWORKING, "Ingress"): networking.ingress,
    (NETWORKING, "IngressClass"): networking.ingress_class,
    (NETWORKING, "NetworkPolicy"): networking.network_policy,
    (NETWORKING, "ServiceCIDR"): networking.service_cidr,
    ("node.k8s.io", "RuntimeClass"): cluster.runtime_class,
    ("policy", "PodDisruptionBudget"): workloads.disruption_budget,
    (RBAC, "ClusterRoleBinding"): guarding.binding,
    (RBAC, "RoleBinding"): guarding.binding,
    ("resource.k8s.io", "DeviceClass"): cluster.named,
    ("resource.k8s.io", "ResourceClaim"): cluster.resource_claim,
    ("resource.k8s.io", "ResourceClaimTemplate"): cluster.named,
    ("resource.k8s.io", "ResourceSlice"): cluster.resource_slice,
    ("scheduling.k8s.io", "PriorityClass"): cluster.priority_class,
    (STORAGE, "CSIDriver"): storage.csi_driver,
    (STORAGE, "CSINode"): storage.csi_node,
    (STORAGE, "StorageClass"): storage.storage_class,
    (STORAGE, "VolumeAttachment"): storage.attachment,
    (STORAGE, "VolumeAttributesClass"): storage.attributes_class,
}

ORDERS: Mapping[tuple[str, str], Callable[[Object], Any]] = {
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): cluster.flow_schema_order,
}
"""Kinds whose lists are shown in an order of their own."""
