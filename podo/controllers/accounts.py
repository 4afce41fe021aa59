"""Who each controller is: the service accounts of kube-system by which Kubernetes' are known, and podo's own.

Kubernetes brings the roles of the former (`system:controller:…`); those of the latter are here. A role has what its
controller uses and nothing else; what controllers see in shared informers is read as system:kube-controller-manager.
"""

from collections.abc import Iterator, Mapping
from typing import Any

CONTROLLER_MANAGER = ""
"""No account: as kube-controller-manager itself, as Kubernetes' own controller of token Secrets does."""
ACCOUNTS = {
    "attachdetach": "attachdetach-controller",
    "automatic-rollback": "podo-automatic-rollback",
    "bootstrap-signer": "bootstrap-signer",
    "canary": "podo-canary",
    "clusterrole-aggregation": "clusterrole-aggregation-controller",
    "config-rollout": "podo-config-rollout",
    "cronjob": "cronjob-controller",
    "csrapproving": "certificate-controller",
    "csrcleaner": "certificate-controller",
    "csrsigning": "certificate-controller",
    "daemonset": "daemon-set-controller",
    "default-storage": "podo-default-storage",
    "deployment": "deployment-controller",
    "device-taint-eviction": "device-taint-eviction-controller",
    "disruption": "disruption-controller",
    "endpoint": "endpoint-controller",
    "endpointslice": "endpointslice-controller",
    "endpointslicemirroring": "endpointslicemirroring-controller",
    "ephemeral-volume": "ephemeral-volume-controller",
    "garbage-collector": "generic-garbage-collector",
    "horizontalpodautoscaler": "horizontal-pod-autoscaler",
    "job": "job-controller",
    "legacy-serviceaccount-token-cleaner": "legacy-service-account-token-cleaner",
    "namespace": "namespace-controller",
    "node-autoscaler": "podo-node-autoscaler",
    "node-ipam": "node-controller",
    "node-lifecycle": "node-controller",
    "persistentvolume-binder": "persistent-volume-binder",
    "persistentvolume-protection": "pv-protection-controller",
    "persistentvolume-reclaimer": "persistent-volume-binder",
    "persistentvolumeclaim-protection": "pvc-protection-controller",
    "podgc": "pod-garbage-collector",
    "replicaset": "replicaset-controller",
    "replicationcontroller": "replication-controller",
    "resourceclaim": "resource-claim-controller",
    "resourcequota": "resourcequota-controller",
    "root-ca-certificate-publisher": "root-ca-cert-publisher",
    "service-lb": "service-controller",
    "serviceaccount": "service-account-controller",
    "serviceaccount-token": CONTROLLER_MANAGER,
    "servicecidr": "service-cidrs-controller",
    "statefulset": "statefulset-controller",
    "taint-eviction-controller": "node-controller",
    "token-cleaner": "token-cleaner",
    "ttl": "ttl-controller",
    "ttl-after-finished": "ttl-after-finished-controller",
    "unstick": "podo-unstick",
    "validatingadmissionpolicy-status-controller": "validatingadmissionpolicy-status-controller",
    "vertical-autoscaler": "podo-vertical-autoscaler",
    "storage-capacity": "podo-volume-attacher",
    "volume-attacher": "podo-volume-attacher",
    "volume-deleter": "podo-volume-provisioner",
    "volume-expander": "podo-volume-expander",
    "volume-group-snapshots": "podo-volume-snapshots",
    "volume-modifier": "podo-volume-expander",
    "volume-provisioner": "podo-volume-provisioner",
    "volume-snapshots": "podo-volume-snapshots",
    "volumeattributesclass-protection": "volumeattributesclass-protection-controller",
}
"""The account of each controller, by the controller's name."""
INGRESSES, GATEWAYS, CLUSTER_POLICIES = "podo-ingresses", "podo-gateways", "podo-cluster-policies"
Rule = dict[str, list[str]]
RBAC, NAMESPACE = "rbac.authorization.k8s.io", "kube-system"


def rule(group: str, resources: str, verbs: str, *names: str) -> Rule:
    """A rule; resources and verbs are words with spaces in between."""
    found = {"apiGroups": [group], "resources": resources.split(), "verbs": verbs.split()}
    return found | ({"resourceNames": list(names)} if names else {})


EVENTS = rule("", "events", "create patch update")
SNAPSHOTS, GROUP_SNAPSHOTS = "snapshot.storage.k8s.io", "groupsnapshot.storage.k8s.io"
SNAPSHOT_KINDS = ("volumesnapshots", "volumesnapshotcontents", "volumesnapshotclasses")
GATEWAY_API = "gateway.networking.k8s.io"
GATEWAY_KINDS = (
    *("gatewayclasses", "gateways", "listenersets", "referencegrants", "backendtlspolicies"),
    *("httproutes", "grpcroutes", "tlsroutes", "tcproutes", "udproutes"),
)
POLICY_API = "policy.networking.k8s.io"
POLICY_KINDS = ("clusternetworkpolicies", "adminnetworkpolicies", "baselineadminnetworkpolicies")
FIGURES = (
    rule("metrics.k8s.io", "pods", "list"),
    rule("custom.metrics.k8s.io", "*", "get list"),
    rule("external.metrics.k8s.io", "*", "get list"),
)
VERTICAL_DEFINITIONS = tuple(f"verticalpodautoscaler{end}.autoscaling.k8s.io" for end in ("s", "checkpoints"))
OWN_RULES: Mapping[str, tuple[Rule, ...]] = {
    "podo-automatic-rollback": (
        rule("apps", "deployments", "list watch update"),
        rule("apps", "replicasets", "list watch patch"),
        rule("", "pods", "list watch"),
        EVENTS,
    ),
    "podo-canary": (
        rule("apps", "deployments", "list watch update"),
        rule("apps", "replicasets", "list watch patch"),
        EVENTS,
        *FIGURES,
    ),
    "podo-config-rollout": (
        rule("apps", "daemonsets deployments statefulsets", "list watch patch"),
        rule("", "configmaps secrets", "list watch"),
        EVENTS,
    ),
    "podo-default-storage": (rule("storage.k8s.io", "csidrivers storageclasses", "create get"),),
    INGRESSES: (
        rule("networking.k8s.io", "ingresses ingressclasses", "list watch"),
        rule("networking.k8s.io", "ingresses/status", "update"),
        rule("networking.k8s.io", "ingressclasses", "create"),
        rule("", "services secrets", "list watch"),
        rule("discovery.k8s.io", "endpointslices", "list watch"),
        EVENTS,
    ),
    GATEWAYS: (
        rule(GATEWAY_API, "gatewayclasses", "create get list patch watch"),
        rule(GATEWAY_API, " ".join(GATEWAY_KINDS), "list watch"),
        rule(GATEWAY_API, " ".join(f"{plural}/status" for plural in GATEWAY_KINDS), "patch"),
        rule("", "configmaps namespaces services secrets", "list watch"),
        rule("discovery.k8s.io", "endpointslices", "list watch"),
        rule(
            "apiextensions.k8s.io",
            "customresourcedefinitions",
            "create get patch",
            *(f"{plural}.{GATEWAY_API}" for plural in GATEWAY_KINDS),
        ),
        EVENTS,
    ),
    CLUSTER_POLICIES: (
        rule(POLICY_API, " ".join(POLICY_KINDS), "list"),
        rule(
            "apiextensions.k8s.io",
            "customresourcedefinitions",
            "create get patch",
            *(f"{plural}.{POLICY_API}" for plural in POLICY_KINDS),
        ),
    ),
    "podo-vertical-autoscaler": (
        rule("apiextensions.k8s.io", "customresourcedefinitions", "create get patch", *VERTICAL_DEFINITIONS),
        rule("autoscaling.k8s.io", "verticalpodautoscalers", "get list watch"),
        rule("autoscaling.k8s.io", "verticalpodautoscalers/status", "patch"),
        rule("autoscaling.k8s.io", "verticalpodautoscalercheckpoints", "create get list patch"),
        rule("apps", "replicasets", "list watch"),
        rule("", "pods", "list watch"),
        rule("", "pods/resize", "patch"),
        rule("", "pods/eviction", "create"),
        FIGURES[0],
        EVENTS,
    ),
    "podo-node-autoscaler": (
        rule("", "nodes", "get list update watch"),
        rule("", "pods", "list watch"),
        rule("", "pods/eviction", "create"),
        rule("policy", "poddisruptionbudgets", "list watch"),
        EVENTS,
    ),
    "podo-unstick": (
        rule("apps", "statefulsets", "list watch"),
        rule("", "pods", "delete list watch"),
        EVENTS,
    ),
    "podo-volume-attacher": (
        rule("storage.k8s.io", "csidrivers csinodes storageclasses volumeattachments", "get list watch"),
        rule("storage.k8s.io", "volumeattachments", "patch"),
        rule("storage.k8s.io", "volumeattachments/status", "update"),
        rule("storage.k8s.io", "csistoragecapacities", "create delete list update watch"),
        rule("", "nodes persistentvolumes", "get list watch"),
        rule("", "secrets", "get"),
        EVENTS,
    ),
    "podo-volume-expander": (
        rule("", "persistentvolumes", "list update watch"),
        rule("", "persistentvolumeclaims", "list watch"),
        rule("", "persistentvolumeclaims/status", "update"),
        rule("storage.k8s.io", "csidrivers storageclasses volumeattributesclasses", "get list watch"),
        rule("", "secrets", "get"),
        EVENTS,
    ),
    "podo-volume-provisioner": (
        rule("", "persistentvolumes", "create delete get list patch watch"),
        rule("", "persistentvolumeclaims", "get list patch watch"),
        rule("storage.k8s.io", "csidrivers csinodes storageclasses volumeattributesclasses", "get list watch"),
        rule("storage.k8s.io", "volumeattachments", "list watch"),
        rule(SNAPSHOTS, "volumesnapshots volumesnapshotcontents", "get list watch"),
        rule("", "secrets", "get"),
        rule("", "nodes", "list watch"),
        EVENTS,
    ),
    "podo-volume-snapshots": (
        rule(SNAPSHOTS, "volumesnapshots volumesnapshotclasses", "create get list patch watch"),
        rule(SNAPSHOTS, "volumesnapshotcontents", "create delete get list patch watch"),
        rule(SNAPSHOTS, "volumesnapshots/status volumesnapshotcontents/status", "patch"),
        rule(GROUP_SNAPSHOTS, "volumegroupsnapshots volumegroupsnapshotclasses", "get list patch watch"),
        rule(GROUP_SNAPSHOTS, "volumegroupsnapshotcontents", "create delete get list patch watch"),
        rule(GROUP_SNAPSHOTS, "volumegroupsnapshots/status volumegroupsnapshotcontents/status", "patch"),
        rule("", "nodes persistentvolumes persistentvolumeclaims", "get list watch"),
        rule("", "secrets", "get"),
        rule("storage.k8s.io", "csidrivers csinodes", "get list watch"),
        rule(
            "apiextensions.k8s.io",
            "customresourcedefinitions",
            "create get patch",
            *(f"{plural}.{SNAPSHOTS}" for plural in SNAPSHOT_KINDS),
            *(f"volumegroup{plural.removeprefix('volume')}.{GROUP_SNAPSHOTS}" for plural in SNAPSHOT_KINDS),
        ),
        EVENTS,
    ),
}
"""What podo's own accounts may do."""


def own_roles() -> Iterator[dict[str, Any]]:
    """The ClusterRole and the binding of each account that is podo's own."""
    for name, rules in OWN_RULES.items():
        metadata = {"name": f"podo:controller:{name.removeprefix('podo-')}"}
        yield {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": metadata, "rules": list(rules)}
        yield {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": dict(metadata),
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": metadata["name"]},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}],
        }
