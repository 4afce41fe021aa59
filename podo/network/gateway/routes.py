"""The routes of the Gateway API as classes: HTTPRoute, GRPCRoute, TLSRoute and TCPRoute."""

from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Kind
from podo.network.gateway.kinds import API_VERSION, ParentReference, Part, Reference, RouteStatus, resource

EXACT, PREFIX, REGULAR = "Exact", "PathPrefix", "RegularExpression"


class PathMatch(Part, frozen=True, kw_only=True):
    type: str = PREFIX
    value: str = "/"


class ValueMatch(Part, frozen=True, kw_only=True):
    """A header or a parameter of the query."""

    type: str = EXACT
    name: str = ""
    value: str = ""


class HTTPMatch(Part, frozen=True, kw_only=True):
    path: PathMatch = PathMatch()
    headers: tuple[ValueMatch, ...] = ()
    query_params: tuple[ValueMatch, ...] = ()
    method: str = ""


class MethodMatch(Part, frozen=True, kw_only=True):
    """A method of gRPC; "" is any service, or any method."""

    type: str = EXACT
    service: str = ""
    method: str = ""


class GRPCMatch(Part, frozen=True, kw_only=True):
    method: MethodMatch = MethodMatch()
    headers: tuple[ValueMatch, ...] = ()


class Header(Part, frozen=True, kw_only=True):
    name: str = ""
    value: str = ""


class HeaderFilter(Part, frozen=True, kw_only=True):
    set: tuple[Header, ...] = ()
    add: tuple[Header, ...] = ()
    remove: tuple[str, ...] = ()


class PathModifier(Part, frozen=True, kw_only=True):
    type: str = ""
    replace_full_path: str = ""
    replace_prefix_match: str = ""


class Redirect(Part, frozen=True, kw_only=True):
    scheme: str = ""
    hostname: str = ""
    path: PathModifier | None = None
    port: int | None = None
    status_code: int = 302


class Rewrite(Part, frozen=True, kw_only=True):
    hostname: str = ""
    path: PathModifier | None = None


class ServiceReference(Reference, frozen=True, kw_only=True):
    kind: str = "Service"


class CORS(Part, frozen=True, kw_only=True):
    """What scripts of other origins may ask for. Origins may have a "*" in them; "*" alone in a list is anything."""

    allow_origins: tuple[str, ...] = ()
    allow_credentials: bool = False
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: int = 5  # seconds


class Fraction(Part, frozen=True, kw_only=True):
    numerator: int = 0
    denominator: int = 100


class Mirror(Part, frozen=True, kw_only=True):
    """Where copies of requests go: of all, of so many in a hundred, or of a fraction."""

    backend_ref: ServiceReference = ServiceReference()
    percent: int | None = None
    fraction: Fraction | None = None


class Filter(Part, frozen=True, kw_only=True):
    """One of these, by `type`."""

    type: str = ""
    request_header_modifier: HeaderFilter | None = None
    response_header_modifier: HeaderFilter | None = None
    request_redirect: Redirect | None = None
    url_rewrite: Rewrite | None = None
    cors: CORS | None = None
    request_mirror: Mirror | None = None
    extension_ref: Reference | None = None


class BackendReference(ServiceReference, frozen=True, kw_only=True):
    weight: int = 1
    filters: tuple[Filter, ...] = ()


class Timeouts(Part, frozen=True, kw_only=True):
    request: str = ""
    backend_request: str = ""


class HTTPRule(Part, frozen=True, kw_only=True):
    matches: tuple[HTTPMatch, ...] = ()
    filters: tuple[Filter, ...] = ()
    backend_refs: tuple[BackendReference, ...] = ()
    timeouts: Timeouts = Timeouts()


class GRPCRule(Part, frozen=True, kw_only=True):
    matches: tuple[GRPCMatch, ...] = ()
    filters: tuple[Filter, ...] = ()
    backend_refs: tuple[BackendReference, ...] = ()


class PlainRule(Part, frozen=True, kw_only=True):
    """Of routes that see connections, not requests."""

    backend_refs: tuple[BackendReference, ...] = ()


class RouteSpec(Part, frozen=True, kw_only=True):
    """What all routes have."""

    parent_refs: tuple[ParentReference, ...] = ()
    hostnames: tuple[str, ...] = ()


class HTTPRouteSpec(RouteSpec, frozen=True, kw_only=True):
    rules: tuple[HTTPRule, ...] = ()


class GRPCRouteSpec(RouteSpec, frozen=True, kw_only=True):
    rules: tuple[GRPCRule, ...] = ()


class PlainRouteSpec(RouteSpec, frozen=True, kw_only=True):
    rules: tuple[PlainRule, ...] = ()


class HTTPRoute(Part, frozen=True, kw_only=True):
    """Requests, by host, path, headers, query and method."""

    api_version: str = API_VERSION
    kind: str = "HTTPRoute"
    metadata: ObjectMeta = ObjectMeta()
    spec: HTTPRouteSpec = HTTPRouteSpec()
    status: RouteStatus = RouteStatus()


class GRPCRoute(Part, frozen=True, kw_only=True):
    """Calls of gRPC, by host, method and headers."""

    api_version: str = API_VERSION
    kind: str = "GRPCRoute"
    metadata: ObjectMeta = ObjectMeta()
    spec: GRPCRouteSpec = GRPCRouteSpec()
    status: RouteStatus = RouteStatus()


class TLSRoute(Part, frozen=True, kw_only=True):
    """Connections with TLS, by the name that the client asks for."""

    api_version: str = API_VERSION
    kind: str = "TLSRoute"
    metadata: ObjectMeta = ObjectMeta()
    spec: PlainRouteSpec = PlainRouteSpec()
    status: RouteStatus = RouteStatus()


class TCPRoute(Part, frozen=True, kw_only=True):
    """All connections of a listener."""

    api_version: str = API_VERSION
    kind: str = "TCPRoute"
    metadata: ObjectMeta = ObjectMeta()
    spec: PlainRouteSpec = PlainRouteSpec()
    status: RouteStatus = RouteStatus()


Route = HTTPRoute | GRPCRoute | TLSRoute | TCPRoute
HTTP_ROUTES = Kind(resource("HTTPRoute", "httproutes"), HTTPRoute)
GRPC_ROUTES = Kind(resource("GRPCRoute", "grpcroutes"), GRPCRoute)
TLS_ROUTES = Kind(resource("TLSRoute", "tlsroutes"), TLSRoute)
TCP_ROUTES = Kind(resource("TCPRoute", "tcproutes"), TCPRoute)
ROUTES = (HTTP_ROUTES, GRPC_ROUTES, TLS_ROUTES, TCP_ROUTES)
