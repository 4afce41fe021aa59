"""The Gateway API (gateway.networking.k8s.io): its kinds as classes, with the fields that podo reads.

The server serves them as custom resources by `definitions.py`; that also checks and defaults what is written.
"""

import msgspec

from podo.api import resources
from podo.api.resources import Resource
from podo.api.types.meta_v1 import Condition, LabelSelector, ObjectMeta
from podo.client.base import Kind

GROUP, VERSION = "gateway.networking.k8s.io", "v1"
API_VERSION = f"{GROUP}/{VERSION}"


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Base of everything below."""


class Reference(Part, frozen=True, kw_only=True):
    """Another object. `namespace` "" is that of whoever refers; `port` and `section_name` are of some kinds only."""

    group: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    port: int | None = None
    section_name: str = ""


class SecretReference(Reference, frozen=True, kw_only=True):
    kind: str = "Secret"


class ParentReference(Reference, frozen=True, kw_only=True):
    group: str = GROUP
    kind: str = "Gateway"


class RouteKind(Part, frozen=True, kw_only=True):
    group: str = GROUP
    kind: str = ""


class RouteNamespaces(Part, frozen=True, kw_only=True):
    from_: str = msgspec.field(default="Same", name="from")
    selector: LabelSelector | None = None


class AllowedRoutes(Part, frozen=True, kw_only=True):
    namespaces: RouteNamespaces = RouteNamespaces()
    kinds: tuple[RouteKind, ...] = ()


class ListenerTLS(Part, frozen=True, kw_only=True):
    mode: str = "Terminate"
    certificate_refs: tuple[SecretReference, ...] = ()


class Listener(Part, frozen=True, kw_only=True):
    name: str = ""
    hostname: str = ""
    port: int = 0
    protocol: str = ""
    tls: ListenerTLS | None = None
    allowed_routes: AllowedRoutes = AllowedRoutes()


class Address(Part, frozen=True, kw_only=True):
    type: str = "IPAddress"
    value: str = ""


class Infrastructure(Part, frozen=True, kw_only=True):
    parameters_ref: Reference | None = None


class ConfigMapReference(Reference, frozen=True, kw_only=True):
    kind: str = "ConfigMap"


class Validation(Part, frozen=True, kw_only=True):
    """How clients' certificates are checked."""

    ca_certificate_refs: tuple[ConfigMapReference, ...] = ()
    mode: str = "AllowValidOnly"


class FrontendTLS(Part, frozen=True, kw_only=True):
    validation: Validation | None = None


class PortTLS(Part, frozen=True, kw_only=True):
    port: int = 0
    tls: FrontendTLS = FrontendTLS()


class FrontendsTLS(Part, frozen=True, kw_only=True):
    default: FrontendTLS = FrontendTLS()
    per_port: tuple[PortTLS, ...] = ()


class GatewayTLS(Part, frozen=True, kw_only=True):
    frontend: FrontendsTLS | None = None


class ListenerNamespaces(Part, frozen=True, kw_only=True):
    from_: str = msgspec.field(default="None", name="from")
    selector: LabelSelector | None = None


class AllowedListeners(Part, frozen=True, kw_only=True):
    namespaces: ListenerNamespaces = ListenerNamespaces()


class GatewaySpec(Part, frozen=True, kw_only=True):
    gateway_class_name: str = ""
    listeners: tuple[Listener, ...] = ()
    addresses: tuple[Address, ...] = ()
    infrastructure: Infrastructure | None = None
    tls: GatewayTLS | None = None
    allowed_listeners: AllowedListeners = AllowedListeners()


class ListenerStatus(Part, frozen=True, kw_only=True):
    name: str = ""
    supported_kinds: tuple[RouteKind, ...] = ()
    attached_routes: int = 0
    conditions: tuple[Condition, ...] = ()


class GatewayStatus(Part, frozen=True, kw_only=True):
    addresses: tuple[Address, ...] = ()
    conditions: tuple[Condition, ...] = ()
    listeners: tuple[ListenerStatus, ...] = ()
    attached_listener_sets: int | None = None


class Gateway(Part, frozen=True, kw_only=True):
    """Where requests arrive: an address with listeners."""

    api_version: str = API_VERSION
    kind: str = "Gateway"
    metadata: ObjectMeta = ObjectMeta()
    spec: GatewaySpec = GatewaySpec()
    status: GatewayStatus = GatewayStatus()


class ListenerSetSpec(Part, frozen=True, kw_only=True):
    parent_ref: ParentReference = ParentReference()
    listeners: tuple[Listener, ...] = ()


class ListenerSetStatus(Part, frozen=True, kw_only=True):
    conditions: tuple[Condition, ...] = ()
    listeners: tuple[ListenerStatus, ...] = ()


class ListenerSet(Part, frozen=True, kw_only=True):
    """Further listeners of a Gateway, of somebody who may have no right to change it."""

    api_version: str = API_VERSION
    kind: str = "ListenerSet"
    metadata: ObjectMeta = ObjectMeta()
    spec: ListenerSetSpec = ListenerSetSpec()
    status: ListenerSetStatus = ListenerSetStatus()


class GatewayClassSpec(Part, frozen=True, kw_only=True):
    controller_name: str = ""
    parameters_ref: Reference | None = None


class Feature(Part, frozen=True, kw_only=True):
    name: str = ""


class GatewayClassStatus(Part, frozen=True, kw_only=True):
    conditions: tuple[Condition, ...] = ()
    supported_features: tuple[Feature, ...] = ()


class GatewayClass(Part, frozen=True, kw_only=True):
    """Who serves Gateways of a class."""

    api_version: str = API_VERSION
    kind: str = "GatewayClass"
    metadata: ObjectMeta = ObjectMeta()
    spec: GatewayClassSpec = GatewayClassSpec()
    status: GatewayClassStatus = GatewayClassStatus()


class ParentStatus(Part, frozen=True, kw_only=True):
    """What `controller_name` says of a route at a parent."""

    parent_ref: ParentReference = ParentReference()
    controller_name: str = ""
    conditions: tuple[Condition, ...] = ()


class RouteStatus(Part, frozen=True, kw_only=True):
    parents: tuple[ParentStatus, ...] = ()


class GrantFrom(Part, frozen=True, kw_only=True):
    group: str = ""
    kind: str = ""
    namespace: str = ""


class GrantTo(Part, frozen=True, kw_only=True):
    group: str = ""
    kind: str = ""
    name: str = ""


class ReferenceGrantSpec(Part, frozen=True, kw_only=True):
    from_: tuple[GrantFrom, ...] = msgspec.field(default=(), name="from")
    to: tuple[GrantTo, ...] = ()


class ReferenceGrant(Part, frozen=True, kw_only=True):
    """Lets objects of other namespaces refer to some of this one."""

    api_version: str = f"{GROUP}/v1beta1"
    kind: str = "ReferenceGrant"
    metadata: ObjectMeta = ObjectMeta()
    spec: ReferenceGrantSpec = ReferenceGrantSpec()


class AlternativeName(Part, frozen=True, kw_only=True):
    type: str = "Hostname"
    hostname: str = ""
    uri: str = ""


class BackendValidation(Part, frozen=True, kw_only=True):
    """How Pods are known: by authorities and a name."""

    ca_certificate_refs: tuple[ConfigMapReference, ...] = ()
    well_known_ca_certificates: str = msgspec.field(default="", name="wellKnownCACertificates")
    hostname: str = ""
    subject_alt_names: tuple[AlternativeName, ...] = ()


class BackendTLSPolicySpec(Part, frozen=True, kw_only=True):
    target_refs: tuple[Reference, ...] = ()
    validation: BackendValidation = BackendValidation()


class Ancestor(Part, frozen=True, kw_only=True):
    """What `controller_name` says of a policy for a Gateway."""

    ancestor_ref: ParentReference = ParentReference()
    controller_name: str = ""
    conditions: tuple[Condition, ...] = ()


class BackendTLSPolicyStatus(Part, frozen=True, kw_only=True):
    ancestors: tuple[Ancestor, ...] = ()


class BackendTLSPolicy(Part, frozen=True, kw_only=True):
    """To which Services Gateways speak TLS."""

    api_version: str = API_VERSION
    kind: str = "BackendTLSPolicy"
    metadata: ObjectMeta = ObjectMeta()
    spec: BackendTLSPolicySpec = BackendTLSPolicySpec()
    status: BackendTLSPolicyStatus = BackendTLSPolicyStatus()


def resource(kind: str, plural: str, *, namespaced: bool = True, version: str = VERSION) -> Resource:
    """A row of the API."""
    return resources.custom(GROUP, version, kind, plural, namespaced=namespaced)


GATEWAY_CLASSES = Kind(resource("GatewayClass", "gatewayclasses", namespaced=False), GatewayClass)
GATEWAYS = Kind(resource("Gateway", "gateways"), Gateway)
GRANTS = Kind(resource("ReferenceGrant", "referencegrants", version="v1beta1"), ReferenceGrant)
BACKEND_TLS = Kind(resource("BackendTLSPolicy", "backendtlspolicies"), BackendTLSPolicy)
LISTENER_SETS = Kind(resource("ListenerSet", "listenersets"), ListenerSet)
