"""What kinds differ in without code, by (group, kind) of the stored version."""

from podo.server.strategy import DEFAULT_TRAITS, Traits

_COUNTED = Traits(generations=True)
_STRICT = Traits(unconditional_update=False)
_STRICT_COUNTED = Traits(unconditional_update=False, generations=True)
_SHOWN = Traits(returns_deleted=True)
_SHOWN_COUNTED = Traits(returns_deleted=True, generations=True)
_SHOWN_STRICT = Traits(returns_deleted=True, unconditional_update=False)
_BY_PUT = Traits(create_on_update=True)
_LABELS = ("labels",)
KEPT = ("labels", "annotations", "finalizers", "ownerReferences", "deletionTimestamp", "deletionGracePeriodSeconds")
"""All of metadata that a client could change: some kinds' `/status` changes nothing else."""

_KEPT = Traits(status_metadata=KEPT)
_KEPT_COUNTED = Traits(status_metadata=KEPT, generations=True)
_ASKED = Traits(stored=False)
_ADMISSION, _AUTHN, _AUTHZ = "admissionregistration.k8s.io", "authentication.k8s.io", "authorization.k8s.io"
_FLOW, _NET, _RBAC = "flowcontrol.apiserver.k8s.io", "networking.k8s.io", "rbac.authorization.k8s.io"
_LEFT_PODS = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
    "propagationPolicy=Orphan to suppress this warning"
)

TRAITS: dict[tuple[str, str], Traits] = {
    ("", "Binding"): _ASKED,
    ("", "Endpoints"): _BY_PUT,
    ("", "Event"): Traits(create_on_update=True, collects=False),
    ("", "LimitRange"): _BY_PUT,
    ("", "Namespace"): _SHOWN,
    ("", "PersistentVolume"): _SHOWN,
    ("", "PersistentVolumeClaim"): _SHOWN,
    ("", "Node"): Traits(drops_status=False),
    ("", "Pod"): Traits(returns_deleted=True, generations=True, status_metadata=("ownerReferences",)),
    ("", "PodTemplate"): _SHOWN_COUNTED,
    ("", "ReplicationController"): Traits(generations=True, orphans=True),
    ("", "ResourceQuota"): _SHOWN,
    ("", "Service"): Traits(create_on_update=True, returns_deleted=True),
    ("", "ServiceAccount"): _SHOWN,
    (_ADMISSION, "MutatingAdmissionPolicy"): _STRICT_COUNTED,
    (_ADMISSION, "MutatingAdmissionPolicyBinding"): _STRICT_COUNTED,
    (_ADMISSION, "MutatingWebhookConfiguration"): _STRICT_COUNTED,
    (_ADMISSION, "ValidatingAdmissionPolicy"): Traits(
        unconditional_update=False, generations=True, status_metadata=KEPT
    ),
    (_ADMISSION, "ValidatingAdmissionPolicyBinding"): _STRICT_COUNTED,
    (_ADMISSION, "ValidatingWebhookConfiguration"): _STRICT_COUNTED,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _STRICT_COUNTED,
    ("apiregistration.k8s.io", "APIService"): _STRICT,
    ("apps", "DaemonSet"): Traits(generations=True, unshown_annotations=("deprecated.daemonset.template.generation",)),
    ("apps", "Deployment"): Traits(
        generations=True, status_metadata=_LABELS, unshown_annotations=("deprecated.deployment.rollback.to",)
    ),
    ("apps", "ReplicaSet"): _COUNTED,
    ("apps", "StatefulSet"): _COUNTED,
    (_AUTHN, "SelfSubjectReview"): _ASKED,
    (_AUTHN, "TokenReview"): _ASKED,
    (_AUTHZ, "LocalSubjectAccessReview"): _ASKED,
    (_AUTHZ, "SelfSubjectAccessReview"): _ASKED,
    (_AUTHZ, "SelfSubjectRulesReview"): _ASKED,
    (_AUTHZ, "SubjectAccessReview"): _ASKED,
    ("batch", "CronJob"): _COUNTED,
    ("batch", "Job"): Traits(generations=True, orphans=True, orphan_warning=_LEFT_PODS),
    ("coordination.k8s.io", "Lease"): Traits(create_on_update=True, unconditional_update=False),
    ("discovery.k8s.io", "EndpointSlice"): _COUNTED,
    (_FLOW, "FlowSchema"): _KEPT_COUNTED,
    (_FLOW, "PriorityLevelConfiguration"): _KEPT_COUNTED,
    (_NET, "Ingress"): _COUNTED,
    (_NET, "IngressClass"): _COUNTED,
    (_NET, "NetworkPolicy"): _COUNTED,
    (_NET, "ServiceCIDR"): _KEPT,
    ("node.k8s.io", "RuntimeClass"): Traits(create_on_update=True, unconditional_update=False),
    ("policy", "PodDisruptionBudget"): _STRICT_COUNTED,
    (_RBAC, "ClusterRole"): _BY_PUT,
    (_RBAC, "ClusterRoleBinding"): _BY_PUT,
    (_RBAC, "Role"): _BY_PUT,
    (_RBAC, "RoleBinding"): _BY_PUT,
    ("resource.k8s.io", "DeviceClass"): _SHOWN_COUNTED,
    ("resource.k8s.io", "ResourceClaim"): Traits(returns_deleted=True, status_metadata=KEPT),
    ("resource.k8s.io", "ResourceClaimTemplate"): _SHOWN,
    ("resource.k8s.io", "ResourceSlice"): _SHOWN_COUNTED,
    ("storage.k8s.io", "CSIDriver"): _SHOWN_STRICT,
    ("storage.k8s.io", "CSINode"): _SHOWN_STRICT,
    ("storage.k8s.io", "CSIStorageCapacity"): _STRICT,
    ("storage.k8s.io", "StorageClass"): _SHOWN,
    ("storage.k8s.io", "VolumeAttachment"): Traits(
        returns_deleted=True, unconditional_update=False, status_metadata=KEPT
    ),
    ("storage.k8s.io", "VolumeAttributesClass"): _SHOWN,
}


def traits_of(group: str, kind: str) -> Traits:
    """The kind's traits, or the usual ones."""
    return TRAITS.get((group, kind), DEFAULT_TRAITS)
