"""The authorizers that are asked by default, in order: masters, nodes, roles."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from podo.api.types.rbac_v1 import ClusterRole
from podo.clock import SystemClock
from podo.server.authorization import claim_status
from podo.server.authorization.base import Authorizer
from podo.server.authorization.configured import Close, authorizers, modes
from podo.server.authorization.escalation import Escalation
from podo.server.authorization.figures import Decisions
from podo.server.authorization.node import NodeAuthorizer
from podo.server.authorization.node_graph import NodeGraph
from podo.server.authorization.policy import GROUP, Policy
from podo.server.authorization.rbac import RBAC
from podo.server.authorization.reviews import AccessReviews, RulesReviews
from podo.server.authorization.union import PrivilegedGroup, Union
from podo.server.bootstrap.objects import default_objects
from podo.server.core import Core
from podo.server.options import GuardOptions
from podo.server.registry.catalog import Catalog
from podo.server.watchcache.cache import WatchCache

NODE_ROLE = "system:node"


class Access(NamedTuple):
    """Who decides, and the roles by which they do."""

    authorizer: Authorizer
    policy: Policy
    modes: tuple[str, ...] = ("Node", "RBAC")
    """The types of those who decide, in order."""
    decisions: Decisions = Decisions()
    """How often each of them has decided."""
    closing: Sequence[Close] = ()
    """To be called at the end."""


def default_access(cache: WatchCache, catalog: Catalog, options: GuardOptions | None = None) -> Access:
    """Deciders that follow the cache; masters always come first. Raises OptionError."""
    policy, options = Policy(cache, catalog), options or GuardOptions()
    nodes = NodeAuthorizer(NodeGraph(cache, catalog), node_rules().rules)
    deciders, closing = authorizers(options, {"Node": nodes, "RBAC": RBAC(policy)}, SystemClock())
    decisions, kinds = Decisions(), modes(options)
    counted = [decisions.of(kind, kind.lower(), one) for kind, one in zip(kinds, deciders, strict=True)]
    return Access(Union([PrivilegedGroup(), *counted]), policy, kinds, decisions, closing)


def node_rules() -> ClusterRole:
    """The role that says what every node may do."""
    found = next(
        obj for obj in default_objects() if (obj["kind"], obj["metadata"]["name"]) == ("ClusterRole", NODE_ROLE)
    )
    return msgspec.convert(found, ClusterRole)


def install_access(core: Core, access: Access) -> None:
    """Ask about the server's own parts, answer reviews, and keep rights from growing."""
    core.rights.authorizer = access.authorizer
    reviews = AccessReviews(access.authorizer)
    plurals = ("subjectaccessreviews", "selfsubjectaccessreviews", "localsubjectaccessreviews")
    group = "authorization.k8s.io"
    questions = {(group, plural): reviews for plural in plurals}
    core.operations.install({}, questions)
    core.operations.install({}, {(group, "selfsubjectrulesreviews"): RulesReviews(access.policy, access.modes)})
    escalation = Escalation(access.authorizer, access.policy)
    for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"):
        core.registry.hooks[GROUP, kind] = escalation
    core.registry.hooks[claim_status.GROUP, claim_status.KIND] = claim_status.ClaimStatus(access.authorizer)
