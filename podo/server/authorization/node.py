"""The node authorizer: a node may see and do what its own Pods need, and no more."""

from collections.abc import Callable, Iterable

from podo.api.selectors import SelectorError, parse_fields
from podo.api.types.rbac_v1 import PolicyRule
from podo.server.authorization.base import Attempt, Decision, Verdict
from podo.server.authorization.node_graph import NodeGraph
from podo.server.authorization.rules import allows
from podo.server.context import User

PREFIX, GROUP = "system:node:", "system:nodes"
LEASES = "kube-node-lease"
YES = Decision(Verdict.ALLOW)
READS, OWN_VERBS = frozenset({"get", "list", "watch"}), frozenset({"get", "create", "update", "patch", "delete"})
Check = Callable[[str, Attempt], Decision]


def no(reason: str = "") -> Decision:
    """Leave it to the next authorizer."""
    return Decision(Verdict.NO_OPINION, reason)


def node_of(user: User) -> str | None:
    """The node that a user is; "" for a member of the group without a node's name; None for others."""
    if not user.name.startswith(PREFIX):
        return None
    return user.name.removeprefix(PREFIX) if GROUP in user.groups else None


class NodeAuthorizer:
    """`rules` are what all nodes may do beside."""

    def __init__(self, graph: NodeGraph, rules: Iterable[PolicyRule]) -> None:
        self._graph, self._rules = graph, tuple(rules)
        self._checks: dict[tuple[str, str], Check] = {
            ("", "secrets"): self._read,
            ("", "configmaps"): self._read,
            ("", "persistentvolumeclaims"): self._claim,
            ("", "persistentvolumes"): self._get,
            ("resource.k8s.io", "resourceclaims"): self._get,
            ("storage.k8s.io", "volumeattachments"): self._get,
            ("", "serviceaccounts"): self._account,
            ("coordination.k8s.io", "leases"): _lease,
            ("storage.k8s.io", "csinodes"): _csi_node,
            ("resource.k8s.io", "resourceslices"): self._slice,
            ("", "nodes"): _node,
            ("", "pods"): self._pod,
        }

    async def authorize(self, attempt: Attempt) -> Decision:
        node = node_of(attempt.user)
        if node is None:
            return no()
        if not node:
            return no(f'unknown node for user "{attempt.user.name}"')
        check = self._checks.get((attempt.group, attempt.resource)) if attempt.resource else None
        if check is not None:
            return check(node, attempt)
        return YES if any(allows(rule, attempt) for rule in self._rules) else no()

    def _related(self, node: str, attempt: Attempt) -> Decision:
        if not attempt.name:
            return no("No Object name found")
        if self._graph.concerns(node, attempt.resource, attempt.namespace, attempt.name):
            return YES
        return no(f"no relationship found between node '{node}' and this object")

    def _read(self, node: str, attempt: Attempt) -> Decision:
        if attempt.verb not in READS:
            return no("can only read resources of this type")
        if attempt.subresource:
            return no("cannot read subresource")
        if not attempt.namespace:
            return no("can only read namespaced object of this type")
        return self._related(node, attempt)

    def _get(self, node: str, attempt: Attempt) -> Decision:
        if attempt.verb != "get":
            return no("can only get individual resources of this type")
        return no("cannot get subresource") if attempt.subresource else self._related(node, attempt)

    def _claim(self, node: str, attempt: Attempt) -> Decision:
        if attempt.subresource != "status":
            return self._get(node, attempt)
        if attempt.verb not in ("update", "patch"):
            return no("can only get/update/patch this type")
        return self._related(node, attempt)

    def _slice(self, node: str, attempt: Attempt) -> Decision:
        if attempt.subresource:
            return no("cannot authorize ResourceSlice subresources")
        if attempt.verb == "create":
            return YES
        if attempt.verb not in ("list", "watch", "deletecollection"):
            return self._related(node, attempt)
        if _selects(attempt, "spec.nodeName", node):
            return YES
        return no("can only list/watch/deletecollection resourceslices with nodeName field selector")

    def _account(self, node: str, attempt: Attempt) -> Decision:
        if attempt.verb == "get" and not attempt.subresource:
            return self._read(node, attempt)
        if attempt.verb != "create" or not attempt.name:
            return no("can only create tokens for individual service accounts")
        if attempt.subresource != "token":
            return no("can only create token subresource of serviceaccount")
        return self._related(node, attempt)

    def _pod(self, node: str, attempt: Attempt) -> Decision:
        verb, below = attempt.verb, attempt.subresource
        if below:
            reports = below == "status" and verb in ("update", "patch")
            return YES if reports or (below == "eviction" and verb == "create") else no()
        if verb == "get":
            return self._get(node, attempt)
        if verb in ("create", "delete"):
            return YES
        if verb not in ("list", "watch"):
            return no()
        if _selects(attempt, "spec.nodeName", node):
            return YES
        if attempt.name:
            return self._related(node, attempt)
        return no("can only list/watch pods with spec.nodeName field selector")


def _selects(attempt: Attempt, field: str, value: str) -> bool:
    """Whether the attempt is on objects alone whose field has that value."""
    try:
        return bool(attempt.field_selector) and parse_fields(attempt.field_selector).exact(field) == value
    except SelectorError:
        return False


def _lease(node: str, attempt: Attempt) -> Decision:
    if attempt.verb not in OWN_VERBS:
        return no("can only get, create, update, patch, or delete a node lease")
    if attempt.namespace != LEASES:
        return no(f'can only access leases in the "{LEASES}" system namespace')
    if attempt.verb != "create" and attempt.name != node:
        return no("can only access node lease with the same name as the requesting node")
    return YES


def _csi_node(node: str, attempt: Attempt) -> Decision:
    if attempt.verb not in OWN_VERBS:
        return no("can only get, create, update, patch, or delete a CSINode")
    if attempt.subresource:
        return no("cannot authorize CSINode subresources")
    if attempt.verb != "create" and attempt.name != node:
        return no("can only access CSINode with the same name as the requesting node")
    return YES


def _node(node: str, attempt: Attempt) -> Decision:
    verb = attempt.verb
    if attempt.subresource:
        return YES if attempt.subresource == "status" and verb in ("update", "patch") else no()
    if verb in ("create", "update", "patch"):
        return YES
    if verb not in READS:
        return no()
    if attempt.name == node:
        return YES
    if not attempt.name:
        return no(f"node '{node}' cannot read all nodes, only its own Node object")
    return no(f"node '{node}' cannot read '{attempt.name}', only its own Node object")
