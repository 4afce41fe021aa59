"""Which kinds have a strategy of their own: one line each."""

from podo.api import names
from podo.server.registry.namespace import NamespaceStrategy
from podo.server.registry.pod import PodStrategy
from podo.server.registry.service import ServiceStrategy
from podo.server.registry.traits import traits_of
from podo.server.strategy import Strategy


class Role(Strategy):
    """Names may hold anything that a path may."""

    name_errors = staticmethod(names.path_segment)


STRATEGIES: dict[tuple[str, str], type[Strategy]] = {
    ("", "Namespace"): NamespaceStrategy,
    ("", "Pod"): PodStrategy,
    ("", "Service"): ServiceStrategy,
    ("rbac.authorization.k8s.io", "ClusterRole"): Role,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): Role,
    ("rbac.authorization.k8s.io", "Role"): Role,
    ("rbac.authorization.k8s.io", "RoleBinding"): Role,
}
"""By (group, kind), of the stored version."""


def strategy_for(group: str, kind: str) -> Strategy:
    """The kind's own strategy, or the generic one, with the kind's traits."""
    return STRATEGIES.get((group, kind), Strategy)(traits_of(group, kind))
