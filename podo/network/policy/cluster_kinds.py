"""The policies of a whole cluster (policy.networking.k8s.io) as classes, with the fields that podo reads.

ClusterNetworkPolicy (v1alpha2), and those before it: AdminNetworkPolicy and BaselineAdminNetworkPolicy (v1alpha1). The
server serves them as custom resources, by `definitions.json`, which also checks and defaults what is written.
"""

from typing import Any

import msgspec

from podo.api import resources
from podo.api.resources import Resource
from podo.api.types.meta_v1 import LabelSelector, ObjectMeta
from podo.client.base import Kind

GROUP = "policy.networking.k8s.io"
ADMIN, BASELINE = "Admin", "Baseline"


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Base of everything below."""


class NamespacedPod(Part, frozen=True, kw_only=True):
    namespace_selector: LabelSelector = LabelSelector()
    pod_selector: LabelSelector = LabelSelector()


class Peer(Part, frozen=True, kw_only=True):
    """One of these; none of them: what a later version of the API may have, and we do not know."""

    namespaces: LabelSelector | None = None
    pods: NamespacedPod | None = None
    networks: tuple[str, ...] = ()


class Subject(Part, frozen=True, kw_only=True):
    namespaces: LabelSelector | None = None
    pods: NamespacedPod | None = None


class Range(Part, frozen=True, kw_only=True):
    protocol: str = "TCP"  # of v1alpha1 only
    start: int = 0
    end: int = 0


class PortNumber(Part, frozen=True, kw_only=True):
    number: int = 0
    range: Range | None = None


class ByPort(Part, frozen=True, kw_only=True):
    destination_port: PortNumber | None = None


class Protocol(Part, frozen=True, kw_only=True):
    """One of these."""

    tcp: ByPort | None = None
    udp: ByPort | None = None
    sctp: ByPort | None = None
    destination_named_port: str = ""


class OldPortNumber(Part, frozen=True, kw_only=True):
    protocol: str = "TCP"
    port: int = 0


class OldPort(Part, frozen=True, kw_only=True):
    """One of these."""

    port_number: OldPortNumber | None = None
    named_port: str = ""
    port_range: Range | None = None


class RuleSpec(Part, frozen=True, kw_only=True):
    """A rule of either direction and of either version of the API."""

    name: str = ""
    action: str = ""
    from_: tuple[Peer, ...] = msgspec.field(default=(), name="from")
    to: tuple[Peer, ...] = ()
    protocols: tuple[Protocol, ...] = ()
    ports: tuple[OldPort, ...] = ()


class Spec(Part, frozen=True, kw_only=True):
    tier: str = ADMIN
    priority: int = 0
    subject: Subject = Subject()
    ingress: tuple[RuleSpec, ...] = ()
    egress: tuple[RuleSpec, ...] = ()


class ClusterNetworkPolicy(Part, frozen=True, kw_only=True):
    """Rules of the tier before NetworkPolicies, or of the one after them."""

    api_version: str = f"{GROUP}/v1alpha2"
    kind: str = "ClusterNetworkPolicy"
    metadata: ObjectMeta = ObjectMeta()
    spec: Spec = Spec()


class AdminNetworkPolicy(Part, frozen=True, kw_only=True):
    """Rules of the tier before NetworkPolicies."""

    api_version: str = f"{GROUP}/v1alpha1"
    kind: str = "AdminNetworkPolicy"
    metadata: ObjectMeta = ObjectMeta()
    spec: Spec = Spec()


class BaselineAdminNetworkPolicy(Part, frozen=True, kw_only=True):
    """The rules of the tier after NetworkPolicies; the only one is named `default`."""

    api_version: str = f"{GROUP}/v1alpha1"
    kind: str = "BaselineAdminNetworkPolicy"
    metadata: ObjectMeta = ObjectMeta()
    spec: Spec = Spec()


ClusterPolicy = ClusterNetworkPolicy | AdminNetworkPolicy | BaselineAdminNetworkPolicy


def _resource(kind: str, plural: str, version: str) -> Resource:
    return resources.custom(GROUP, version, kind, plural, namespaced=False)


CLUSTER_POLICIES = Kind(_resource("ClusterNetworkPolicy", "clusternetworkpolicies", "v1alpha2"), ClusterNetworkPolicy)
ADMIN_POLICIES = Kind(_resource("AdminNetworkPolicy", "adminnetworkpolicies", "v1alpha1"), AdminNetworkPolicy)
BASELINE_POLICIES = Kind(
    _resource("BaselineAdminNetworkPolicy", "baselineadminnetworkpolicies", "v1alpha1"), BaselineAdminNetworkPolicy
)
KINDS: tuple[Kind[Any], ...] = (CLUSTER_POLICIES, ADMIN_POLICIES, BASELINE_POLICIES)
