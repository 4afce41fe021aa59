"""What even those may read who show no credentials, beside what Kubernetes' own roles give them.

Who trusts this cluster's service account tokens (a cloud, another cluster) first reads who issues them (OpenID Connect
discovery, KEP-1393), mostly without an identity here. It names no secret.
"""

from podo.server.bootstrap.objects import ensure
from podo.server.core import Core
from podo.server.strategy import Object

NAME = "podo:issuer-viewer"
RBAC = "rbac.authorization.k8s.io"


def role() -> Object:
    """May read the metadata of the issuer."""
    rule = {"verbs": ["get"], "nonResourceURLs": ["/.well-known", "/.well-known/*"]}
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": NAME}, "rules": [rule]}


def binding() -> Object:
    """Gives the role to everyone."""
    groups = ("system:authenticated", "system:unauthenticated")
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": NAME},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": NAME},
        "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": group} for group in groups],
    }


async def publish_issuer(core: Core) -> None:
    """Create role and binding where they are missing."""
    for obj in (role(), binding()):
        await ensure(core, obj)
