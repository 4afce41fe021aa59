"""What podo's nodes may do beside what every Kubernetes node may.

An agent is also its node's proxy: it routes to all nodes and Services. Where Kubernetes gives that to an identity of
its own (kube-proxy), here the group of all nodes has it.
"""

from podo.server.bootstrap.objects import ensure
from podo.server.core import Core
from podo.server.strategy import Object

NAME, PROXIER = "podo:node-proxier", "system:node-proxier"
RBAC = "rbac.authorization.k8s.io"


def proxier_binding() -> Object:
    """The binding that makes every node a proxy."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": NAME},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": PROXIER},
        "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": "system:nodes"}],
    }


async def grant_nodes(core: Core) -> None:
    """Create the binding where it is missing."""
    await ensure(core, proxier_binding())
