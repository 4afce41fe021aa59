"""NodeRestriction: a node writes only what is its own: its Node, its Lease, the status of its Pods, their tokens."""

from collections.abc import Awaitable, Callable

from podo.api.types.core_v1 import Node, Pod
from podo.server.admission.base import GroupResource, Mutating, group_resource, refuse
from podo.server.admission.lookup import Lookup
from podo.server.admission_point import Attributes, Operation
from podo.server.authorization.base import Attempt, Authorizer, Verdict
from podo.server.authorization.node import node_of
from podo.server.strategy import Object

MIRROR, LEASES = "kubernetes.io/config.mirror", "kube-node-lease"
RESTRICTED = "node-restriction.kubernetes.io"
OWN_LABELS = frozenset(
    {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
        "beta.kubernetes.io/instance-type",
        "node.kubernetes.io/instance-type",
        "kubernetes.io/os",
        "kubernetes.io/arch",
        "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch",
    }
)
OWN_PREFIXES = ("kubelet.kubernetes.io", "node.kubernetes.io")
Check = Callable[[str, Attributes], Awaitable[None]]


class NodeRestriction(Mutating):
    """Refuses, before anything is changed, what the authorizer could not see: names of new objects, and contents."""

    def __init__(self, lookup: Lookup, authorizer: Authorizer) -> None:
        self._lookup, self._authorizer = lookup, authorizer
        self._checks: dict[GroupResource, Check] = {
            ("", "pods"): self._pod,
            ("", "nodes"): self._node,
            ("", "persistentvolumeclaims"): self._claim,
            ("", "serviceaccounts"): self._account,
            ("coordination.k8s.io", "leases"): self._lease,
            ("storage.k8s.io", "csinodes"): self._csi_node,
            ("resource.k8s.io", "resourceslices"): self._slice,
            ("certificates.k8s.io", "certificatesigningrequests"): self._signing_request,
        }
        self.resources = frozenset(self._checks)

    async def mutate(self, attributes: Attributes) -> None:
        """Raises Forbidden, NotFound."""
        node = node_of(attributes.ctx.user)
        if node is None:
            return
        if not node:
            refuse(attributes, f'could not determine node from user "{attributes.ctx.user.name}"')
        await self._checks[group_resource(attributes)](node, attributes)

    async def _pod(self, node: str, attributes: Attributes) -> None:
        below, operation = attributes.subresource, attributes.operation
        if below == "eviction":
            await self._eviction(node, attributes)
        elif below == "status":
            _pod_status(node, attributes)
        elif below:
            refuse(attributes, f"unexpected pod subresource {quoted(below)}, only 'status' and 'eviction' are allowed")
        elif operation is Operation.CREATE:
            await self._mirror_pod(node, attributes)
        elif operation is Operation.DELETE:
            if ((attributes.old or {}).get("spec") or {}).get("nodeName") != node:
                refuse(attributes, f"node {quoted(node)} can only delete pods with spec.nodeName set to itself")
        else:
            why = f"unexpected operation {quoted(operation.value)}"
            refuse(attributes, f"{why}, node {quoted(node)} can only create and delete mirror pods")

    async def _eviction(self, node: str, attributes: Attributes) -> None:
        if attributes.operation is not Operation.CREATE:
            return  # the deletion that an eviction ends in
        pod = await self._lookup.find(Pod, attributes.name, attributes.namespace)
        if pod is not None and pod.spec.node_name != node:
            refuse(attributes, f"node {node} can only evict pods with spec.nodeName set to itself")

    async def _mirror_pod(self, node: str, attributes: Attributes) -> None:
        pod, own = attributes.obj or {}, f"node {quoted(node)}"
        if MIRROR not in (pod["metadata"].get("annotations") or {}):
            refuse(attributes, f'pod does not have "{MIRROR}" annotation, {own} can only create mirror pods')
        if pod["spec"].get("nodeName") != node:
            refuse(attributes, f"{own} can only create pods with spec.nodeName set to itself")
        owners = pod["metadata"].get("ownerReferences") or []
        if len(owners) > 1:
            refuse(attributes, f"{own} can only create pods with a single owner reference set to itself")
        only = owners[0] if owners else {}
        if (only.get("apiVersion"), only.get("kind"), only.get("name")) != ("v1", "Node", node):
            refuse(attributes, f"{own} can only create pods with an owner reference set to itself")
        if not only.get("controller"):
            refuse(attributes, f"{own} can only create pods with a controller owner reference set to itself")
        if only.get("blockOwnerDeletion"):
            refuse(attributes, f"{own} must not set blockOwnerDeletion on an owner reference")
        found = await self._lookup.find(Node, node)
        uid = found.metadata.uid if found is not None else ""
        if only.get("uid") != uid:
            refuse(attributes, f"node {node} UID mismatch: expected {only.get('uid')} got {uid}")
        if what := api_reference(pod["spec"]):
            refuse(attributes, f"{own} can not create pods that reference {what}")

    async def _node(self, node: str, attributes: Attributes) -> None:
        own = f"node {quoted(node)}"
        if attributes.name != node:
            refuse(attributes, f"{own} is not allowed to modify node {quoted(attributes.name)}")
        new, old = attributes.obj or {}, attributes.old or {}
        labels = (new.get("metadata") or {}).get("labels") or {}
        if attributes.operation is Operation.CREATE:
            if bad := forbidden_labels(labels, {}):
                refuse(attributes, f"{own} is not allowed to set the following labels: {', '.join(bad)}")
        elif attributes.operation is Operation.UPDATE:
            for where, field in (("spec", "taints"), ("metadata", "ownerReferences")):
                if ((new.get(where) or {}).get(field) or []) != ((old.get(where) or {}).get(field) or []):
                    refuse(attributes, f"{own} is not allowed to modify {field}")
            if bad := forbidden_labels(labels, old["metadata"].get("labels") or {}):
                refuse(attributes, f"is not allowed to modify labels: {', '.join(bad)}")

    async def _claim(self, node: str, attributes: Attributes) -> None:
        if attributes.subresource != "status":
            refuse(attributes, "may only update PVC status")
        if attributes.operation is not Operation.UPDATE:
            refuse(attributes, f"unexpected operation {quoted(attributes.operation.value)}")
        if _claim_substance(attributes.old or {}) != _claim_substance(attributes.obj or {}):
            why = "is not allowed to update fields other than status.quantity and status.conditions"
            refuse(attributes, f"node {quoted(node)} {why}")

    async def _account(self, node: str, attributes: Attributes) -> None:
        if attributes.operation is not Operation.CREATE or attributes.subresource != "token":
            return
        spec = (attributes.obj or {}).get("spec") or {}
        ref = spec.get("boundObjectRef") or {}
        if (ref.get("apiVersion"), ref.get("kind")) != ("v1", "Pod") or not ref.get("name"):
            refuse(attributes, "node requested token not bound to a pod")
        if not ref.get("uid"):
            refuse(attributes, "node requested token with a pod binding without a uid")
        pod = await self._lookup.find(Pod, ref["name"], attributes.namespace)
        if pod is None:
            return  # which the issuer says
        if ref["uid"] != pod.metadata.uid:
            why = f"the UID in the bound object reference ({ref['uid']}) does not match the UID in record"
            refuse(attributes, f"{why}. The object might have been deleted and then recreated")
        if pod.spec.node_name != node:
            refuse(attributes, "node requested token bound to a pod scheduled on a different node")
        await self._audience(attributes, pod, spec.get("audiences") or [])

    async def _audience(self, attributes: Attributes, pod: Pod, audiences: list[str]) -> None:
        """A token is for whom a volume of the Pod says, or for whom the node may ask."""
        if len(audiences) > 1:
            refuse(attributes, "node may only request 0 or 1 audiences")
        audience = audiences[0] if audiences else ""
        if audience in projected_audiences(pod):
            return
        user, verb = attributes.ctx.user, "request-serviceaccounts-token-audience"
        attempt = Attempt(user, verb, "", "v1", audience, "", attributes.namespace, attributes.name)
        if (await self._authorizer.authorize(attempt)).verdict is not Verdict.ALLOW:
            why = f"{user.name} is not authorized to request tokens for this audience"
            refuse(attributes, f"audience {quoted(audience)} not found in pod spec volume, {why}")

    async def _lease(self, node: str, attributes: Attributes) -> None:
        if attributes.namespace != LEASES:
            refuse(attributes, f'can only access leases in the "{LEASES}" system namespace')
        if attributes.name != node:
            refuse(attributes, "can only access node lease with the same name as the requesting node")

    async def _csi_node(self, node: str, attributes: Attributes) -> None:
        if attributes.name != node:
            refuse(attributes, "can only access CSINode with the same name as the requesting node")

    async def _slice(self, node: str, attributes: Attributes) -> None:
        words = {Operation.CREATE: (attributes.obj, "create"), Operation.DELETE: (attributes.old, "delete")}
        obj, word = words.get(attributes.operation, (None, ""))
        if obj is not None and (obj.get("spec") or {}).get("nodeName") != node:
            refuse(attributes, f"can only {word} ResourceSlice with the same NodeName as the requesting node")

    async def _signing_request(self, node: str, attributes: Attributes) -> None:
        """The signer checks what a node asks for; nothing else is known of the request here."""


def quoted(text: str) -> str:
    """As Go's %q."""
    return f'"{text}"'


def _pod_status(node: str, attributes: Attributes) -> None:
    old, new, own = attributes.old or {}, attributes.obj or {}, f"node {quoted(node)}"
    if attributes.operation is not Operation.UPDATE:
        refuse(attributes, f"unexpected operation {quoted(attributes.operation.value)}")
    if (old.get("spec") or {}).get("nodeName") != node:
        refuse(attributes, f"{own} can only update pod status for pods with spec.nodeName set to itself")
    if (old["metadata"].get("labels") or {}) != (new["metadata"].get("labels") or {}):
        refuse(attributes, f"{own} cannot update labels through pod status")
    before, after = old.get("status") or {}, new.get("status") or {}
    if (before.get("resourceClaimStatuses") or []) != (after.get("resourceClaimStatuses") or []):
        refuse(attributes, f"{own} cannot update resource claim statues")
    if before.get("extendedResourceClaimStatus") != after.get("extendedResourceClaimStatus"):
        refuse(attributes, f"{own} cannot update extended resource claim status")


def _claim_substance(claim: Object) -> Object:
    free = ("capacity", "conditions", "allocatedResourceStatuses", "allocatedResources")
    metadata = {k: v for k, v in (claim.get("metadata") or {}).items() if k not in ("resourceVersion", "managedFields")}
    status = {k: v for k, v in (claim.get("status") or {}).items() if k not in free}
    return claim | {"metadata": metadata, "status": status}


def forbidden_labels(new: dict[str, str], old: dict[str, str]) -> list[str]:
    """Which of the labels that differ no node may set on itself, sorted."""
    changed = {key for key in {*new, *old} if new.get(key) != old.get(key)}
    return sorted(key for key in changed if _is_forbidden(key))


def _within(namespace: str, domain: str) -> bool:
    return namespace == domain or namespace.endswith(f".{domain}")


def _is_forbidden(key: str) -> bool:
    namespace = key.partition("/")[0] if "/" in key else ""
    if _within(namespace, RESTRICTED):
        return True
    if not (_within(namespace, "kubernetes.io") or _within(namespace, "k8s.io")):
        return False
    return key not in OWN_LABELS and not any(_within(namespace, prefix) for prefix in OWN_PREFIXES)


def projected_audiences(pod: Pod) -> set[str]:
    """For whom the Pod's volumes want tokens ("": for the API)."""
    projected = [volume.projected for volume in pod.spec.volumes if volume.projected is not None]
    tokens = [source.service_account_token for volume in projected for source in volume.sources]
    return {token.audience for token in tokens if token is not None}


VOLUMES = {
    "configMap": "configmaps (via configmap volumes)",
    "secret": "secrets (via secret volumes)",
    "csi": "csidrivers (via CSI volumes)",
    "glusterfs": "endpoints (via glusterFS volumes)",
    "persistentVolumeClaim": "persistentvolumeclaims",
    "ephemeral": "persistentvolumeclaims (via ephemeral volumes)",
    "azureFile": "secrets (via azureFile volumes)",
}
SOURCES = {
    "configMap": "configmaps (via projected volumes)",
    "secret": "secrets (via projected volumes)",
    "serviceAccountToken": "serviceaccounts (via projected volumes)",
    "clusterTrustBundle": "clustertrustbundles",
    "podCertificate": "podcertificates",
}


def api_reference(spec: Object) -> str:
    """What of the API a Pod refers to; "" if nothing."""
    if spec.get("serviceAccountName"):
        return "serviceaccounts"
    containers = [c for field in ("initContainers", "containers", "ephemeralContainers") for c in spec.get(field) or ()]
    sources = [variable.get("valueFrom") or {} for c in containers for variable in c.get("env") or ()]
    whole = [source for c in containers for source in c.get("envFrom") or ()]
    if (
        spec.get("imagePullSecrets")
        or any("secretKeyRef" in s for s in sources)
        or any("secretRef" in s for s in whole)
    ):
        return "secrets"
    if any("configMapKeyRef" in s for s in sources) or any("configMapRef" in s for s in whole):
        return "configmaps"
    if spec.get("resourceClaims"):
        return "resourceclaims"
    for volume in spec.get("volumes") or ():
        projected = (volume.get("projected") or {}).get("sources") or ()
        found = [VOLUMES[field] for field in VOLUMES if volume.get(field) is not None]
        found += [SOURCES[field] for source in projected for field in SOURCES if source.get(field) is not None]
        if found:
            return found[0]
    return ""
