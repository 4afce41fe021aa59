"""What even those may read who show no credentials, beside what Kubernetes' own roles give them.

Who trusts this cluster's service account tokens (a cloud, another cluster) first reads who issues them (OpenID Connect
discovery, KEP-1393), mostly without an identity here. Who is to become a node first reads how to reach the API and by
which authority to know it, in a ConfigMap that is signed with each bootstrap token. Neither is secret.
"""

import base64

import msgspec

from podo.server.bootstrap.objects import ensure
from podo.server.core import Core
from podo.server.strategy import Object

ISSUER, INFO, INFO_ROLE = "podo:issuer-viewer", "cluster-info", "podo:cluster-info"
RBAC, PUBLIC = "rbac.authorization.k8s.io", "kube-public"
EVERYONE = ("system:authenticated", "system:unauthenticated")


def _role(name: str, rule: Object, namespace: str = "") -> Object:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    kind = "Role" if namespace else "ClusterRole"
    return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": metadata, "rules": [rule]}


def _binding(role: Object) -> Object:
    """Gives a role to everyone."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": f"{role['kind']}Binding",
        "metadata": role["metadata"],
        "roleRef": {"apiGroup": RBAC, "kind": role["kind"], "name": role["metadata"]["name"]},
        "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": group} for group in EVERYONE],
    }


async def publish_issuer(core: Core) -> None:
    """Let everyone read who issues tokens."""
    role = _role(ISSUER, {"verbs": ["get"], "nonResourceURLs": ["/.well-known", "/.well-known/*"]})
    for obj in (role, _binding(role)):
        await ensure(core, obj)


async def publish_address(core: Core, url: str, authority: bytes) -> None:
    """Let everyone read where the API is, and its authority (PEM)."""
    reading = {"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"], "resourceNames": [INFO]}
    role = _role(INFO_ROLE, reading, PUBLIC)
    for obj in (_info(url, authority), role, _binding(role)):
        await ensure(core, obj)


def _info(url: str, authority: bytes) -> Object:
    cluster = {"server": url, "certificate-authority-data": base64.b64encode(authority).decode()}
    empty: Object = {"preferences": {}, "current-context": "", "contexts": None, "users": None}
    config = {"apiVersion": "v1", "kind": "Config", "clusters": [{"name": "", "cluster": cluster}]} | empty
    metadata = {"name": INFO, "namespace": PUBLIC}
    text = msgspec.json.encode(config).decode()
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"kubeconfig": text}}
