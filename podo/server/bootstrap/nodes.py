"""What podo's nodes may do beside what every Kubernetes node may, and who may read the figures that they give.

An agent is also its node's proxy, and enforces network policies: it routes to all nodes and Services, and knows which
addresses the peers of policies have. Where Kubernetes gives that to identities of their own (kube-proxy, a CNI agent),
here the group of all nodes has it.
"""

from podo.server.bootstrap.objects import ensure
from podo.server.core import Core
from podo.server.metrics import LONG_PATHS
from podo.server.strategy import Object

NAME, PROXIER, ENFORCER = "podo:node-proxier", "system:node-proxier", "podo:node-policy-enforcer"
CLUSTER_ENFORCER = "podo:node-cluster-policy-enforcer"
REPORTER = "podo:node-progress-reporter"
RBAC = "rbac.authorization.k8s.io"


def binding(name: str, role: str, group: str) -> Object:
    """Gives a group a role."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": group}],
    }


BOOTSTRAPPERS = "system:bootstrappers:podo:nodes"
"""The group of the tokens by which new nodes come in."""
OF_NEW_NODES = {
    "podo:node-bootstrapper": ("system:node-bootstrapper", BOOTSTRAPPERS),
    "podo:node-approval": ("system:certificates.k8s.io:certificatesigningrequests:nodeclient", BOOTSTRAPPERS),
    "podo:node-renewal": ("system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", "system:nodes"),
}
"""Bindings by name: the role, and the group that has it."""


def enforcer_role() -> Object:
    """What it takes to enforce network policies."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": ENFORCER},
        "rules": [
            {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["list", "watch"]},
            {"apiGroups": [""], "resources": ["namespaces", "pods"], "verbs": ["list", "watch"]},
        ],
    }


def cluster_enforcer_role() -> Object:
    """What it takes to enforce the policies of a whole cluster."""
    kinds = ["clusternetworkpolicies", "adminnetworkpolicies", "baselineadminnetworkpolicies"]
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": CLUSTER_ENFORCER},
        "rules": [{"apiGroups": ["policy.networking.k8s.io"], "resources": kinds, "verbs": ["list", "watch"]}],
    }


def reporter_role() -> Object:
    """What it takes to tell what is in force on a node, and to wait until it is everywhere."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": REPORTER},
        "rules": [{"nonResourceURLs": [f"{LONG_PATHS}*"], "verbs": ["get"]}],
    }


def bindings() -> list[Object]:
    """All that nodes, and those that are to become nodes, have beside Kubernetes' own roles."""
    found = [binding(NAME, PROXIER, "system:nodes"), binding(ENFORCER, ENFORCER, "system:nodes")]
    found += [binding(role, role, "system:nodes") for role in (CLUSTER_ENFORCER, REPORTER)]
    return found + [binding(name, role, group) for name, (role, group) in OF_NEW_NODES.items()]


def metrics_reader() -> Object:
    """Lets all who may view a namespace read its Pods' metrics, as metrics-server's role of this name does."""
    roles = ("admin", "edit", "view")
    labels = {f"{RBAC}/aggregate-to-{role}": "true" for role in roles}
    rule = {"apiGroups": ["metrics.k8s.io"], "resources": ["pods", "nodes"], "verbs": ["get", "list", "watch"]}
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "system:aggregated-metrics-reader", "labels": labels},
        "rules": [rule],
    }


async def grant_nodes(core: Core) -> None:
    """Create them where they are missing."""
    for obj in (*bindings(), enforcer_role(), cluster_enforcer_role(), reporter_role(), metrics_reader()):
        await ensure(core, obj)
