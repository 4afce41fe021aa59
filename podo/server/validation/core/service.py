"""Services."""

from podo.api import names
from podo.api.field_errors import duplicate, forbidden, invalid, not_supported, required
from podo.server.validation import ip
from podo.server.validation.core import service_addresses
from podo.server.validation.core.endpoints import PROTOCOLS, endpoint_ip
from podo.server.validation.core.handlers import port as port_or_name
from podo.server.validation.core.service_addresses import is_headless
from podo.server.validation.fields import Errors, Object, named, needed_name, one_of
from podo.server.validation.metadata import changed_meta, labels, new_meta

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
AFFINITY_SECONDS_MAX = 86400
BALANCED_ONLY = "may only be used when `type` is 'LoadBalancer'"
RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
HINTS, TOPOLOGY_MODE = "service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"
PORT_DUMP = {"Name": "", "Protocol": "", "AppProtocol": None, "Port": 0, "TargetPort": 0, "NodePort": 0}
DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")


def create(obj: Object) -> Errors:
    """What is wrong with a new Service, to which addresses and ports have been allocated."""
    errs: Errors = []
    new_meta(errs, obj, check=names.dns1123_label)
    _service(errs, obj, None)
    return errs


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed Service."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    service_addresses.changed_addresses(errs, obj["spec"], old["spec"])
    service_addresses.changed_families(errs, obj["spec"], old["spec"])
    _balancer_class(errs, obj["spec"], old["spec"])
    checked = needs_health_check(obj["spec"]) and needs_health_check(old["spec"])
    if checked and obj["spec"].get("healthCheckNodePort") != old["spec"].get("healthCheckNodePort"):
        errs.append(forbidden("spec.healthCheckNodePort", "field is immutable"))
    _service(errs, obj, old)
    return errs


def is_externally_accessible(spec: Object) -> bool:
    """Whether traffic may come from outside of the cluster."""
    kind = spec.get("type")
    return kind in ("LoadBalancer", "NodePort") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))


def needs_health_check(spec: Object) -> bool:
    """Whether the balancer must be told which nodes have endpoints."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _service(errs: Errors, obj: Object, old: Object | None) -> None:
    spec, annotations = obj["spec"], obj["metadata"].get("annotations", {})
    if annotations.get(HINTS, annotations.get(TOPOLOGY_MODE)) != annotations.get(TOPOLOGY_MODE) and (
        TOPOLOGY_MODE in annotations
    ):
        message = f"must match annotations[{HINTS}] when both are specified"
        errs.append(invalid(f"metadata.annotations[{TOPOLOGY_MODE}]", annotations[TOPOLOGY_MODE], message))
    ports, kind = spec.get("ports", []), spec.get("type", "")
    if not ports and not is_headless(spec) and kind != "ExternalName":
        errs.append(required("spec.ports"))
    if kind in ("LoadBalancer", "NodePort") and is_headless(spec):
        errs.append(invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services"))
    elif kind == "ExternalName":
        _external_name(errs, spec)
    taken: set[str] = set()
    for index, port in enumerate(ports):
        _port(errs, port, len(ports) > 1, taken, f"spec.ports[{index}]")
    if "selector" in spec:
        labels(errs, spec["selector"], "spec.selector")
    _affinity(errs, spec)
    service_addresses.addresses(errs, spec, old["spec"] if old else None)
    stored = old["spec"].get("externalIPs", ()) if old else ()
    for index, address in enumerate(spec.get("externalIPs", ())):
        before = len(errs)
        ip.legacy_ip(errs, f"spec.externalIPs[{index}]", address, stored)
        if len(errs) == before:
            endpoint_ip(errs, f"spec.externalIPs[{index}]", address)
    if not kind:
        errs.append(required("spec.type"))
    else:
        one_of(errs, "spec.type", kind, TYPES)
    _unique_ports(errs, ports, kind)
    _source_ranges(errs, obj, old)
    if "allocateLoadBalancerNodePorts" in spec and kind != "LoadBalancer":
        errs.append(forbidden("spec.allocateLoadBalancerNodePorts", BALANCED_ONLY))
    if kind == "LoadBalancer" and "allocateLoadBalancerNodePorts" not in spec:
        errs.append(required("allocateLoadBalancerNodePorts"))
    _balancer_class(errs, spec, None)
    _traffic_policies(errs, spec)


def _external_name(errs: Errors, spec: Object) -> None:
    for key in ("clusterIPs", "ipFamilies"):
        if spec.get(key):
            errs.append(forbidden(f"spec.{key}", "may not be set for ExternalName services"))
    if "ipFamilyPolicy" in spec:
        errs.append(forbidden("spec.ipFamilyPolicy", "may not be set for ExternalName services"))
    target = spec.get("externalName", "").removesuffix(".")
    needed_name(errs, "spec.externalName", target, names.dns1123_subdomain)


def _port(errs: Errors, port: Object, name_needed: bool, taken: set[str], path: str) -> None:
    name = port.get("name", "")
    if name_needed and not name:
        errs.append(required(f"{path}.name"))
    elif name:
        named(errs, f"{path}.name", name, names.dns1123_label)
        if name in taken:
            errs.append(duplicate(f"{path}.name", name))
        taken.add(name)
    for message in names.port_number(port["port"]):
        errs.append(invalid(f"{path}.port", port["port"], message))
    if port["protocol"] not in PROTOCOLS:
        errs.append(not_supported(f"{path}.protocol", port["protocol"], PROTOCOLS))
    port_or_name(errs, port["targetPort"], f"{path}.targetPort")
    if "appProtocol" in port:
        named(errs, f"{path}.appProtocol", port["appProtocol"], names.qualified_name)


def _affinity(errs: Errors, spec: Object) -> None:
    affinity, path = spec.get("sessionAffinity", ""), "spec.sessionAffinityConfig"
    if not affinity:
        errs.append(required("spec.sessionAffinity"))
    elif affinity not in ("ClientIP", "None"):
        errs.append(not_supported("spec.sessionAffinity", affinity, ("ClientIP", "None")))
    if affinity == "ClientIP":
        seconds = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"]  # there by default
        if not 0 < seconds <= AFFINITY_SECONDS_MAX:
            message = f"must be greater than 0 and less than {AFFINITY_SECONDS_MAX}"
            errs.append(invalid(f"{path}.clientIP.timeoutSeconds", seconds, message))
    elif affinity == "None" and "sessionAffinityConfig" in spec:
        errs.append(forbidden(path, "must not be set when session affinity is None"))


def _unique_ports(errs: Errors, ports: list[Object], kind: str) -> None:
    if kind == "ClusterIP":
        for index, port in enumerate(ports):
            if port.get("nodePort"):
                message = "may not be used when `type` is 'ClusterIP'"
                errs.append(forbidden(f"spec.ports[{index}].nodePort", message))
    taken: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        if number := port.get("nodePort"):
            if (port["protocol"], number) in taken:
                errs.append(duplicate(f"spec.ports[{index}].nodePort", number))
            taken.add((port["protocol"], number))
    taken.clear()
    for index, port in enumerate(ports):
        key = (port["protocol"], port["port"])
        if key in taken:
            errs.append(duplicate(f"spec.ports[{index}]", {**PORT_DUMP, "Protocol": key[0], "Port": key[1]}))
        taken.add(key)


def _source_ranges(errs: Errors, obj: Object, old: Object | None) -> None:
    spec, annotations = obj["spec"], obj["metadata"].get("annotations", {})
    balanced = spec.get("type") == "LoadBalancer"
    if ranges := spec.get("loadBalancerSourceRanges"):
        path = "spec.LoadBalancerSourceRanges"
        if not balanced:
            errs.append(forbidden(path, BALANCED_ONLY))
        stored = [r.strip() for r in old["spec"].get("loadBalancerSourceRanges", ())] if old else []
        for index, text in enumerate(ranges):
            ip.legacy_cidr(errs, f"{path}[{index}]", text.strip(), stored)
    elif RANGES in annotations:
        path, value = f"metadata.annotations[{RANGES}]", annotations[RANGES]
        if not balanced:
            errs.append(forbidden(path, BALANCED_ONLY))
        unchanged = old is not None and old["metadata"].get("annotations", {}).get(RANGES) == value
        if not unchanged and value.strip():
            for text in value.strip().split(","):
                ip.legacy_cidr(errs, path, text.strip())


def _balancer_class(errs: Errors, spec: Object, old: Object | None) -> None:
    path, value = "spec.loadBalancerClass", spec.get("loadBalancerClass")
    balanced = spec.get("type") == "LoadBalancer"
    if old and balanced and old.get("type") == "LoadBalancer" and old.get("loadBalancerClass") != value:
        errs.append(invalid(path, value, "may not change once set"))
    if value is not None:
        if balanced:
            named(errs, path, value, names.qualified_name)
        else:
            errs.append(forbidden(path, BALANCED_ONLY))


def _traffic_policies(errs: Errors, spec: Object) -> None:
    path, policy = "spec.externalTrafficPolicy", spec.get("externalTrafficPolicy", "")
    if not is_externally_accessible(spec):
        if policy:
            errs.append(invalid(path, policy, "may only be set for externally-accessible services"))
    elif not policy:
        errs.append(required(path))
    else:
        one_of(errs, path, policy, ("Cluster", "Local"))
    path, number = "spec.healthCheckNodePort", spec.get("healthCheckNodePort", 0)
    if not needs_health_check(spec):
        if number:
            message = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
            errs.append(invalid(path, number, message))
    elif not number:
        errs.append(required(path))
    else:
        for message in names.port_number(number):
            errs.append(invalid(path, number, message))
    path, inner = "spec.internalTrafficPolicy", spec.get("internalTrafficPolicy")
    if inner is not None:
        one_of(errs, path, inner, ("Cluster", "Local"))
    elif spec.get("type") in ("NodePort", "LoadBalancer", "ClusterIP"):
        errs.append(required(path))
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution not in DISTRIBUTIONS:
        errs.append(not_supported("spec.trafficDistribution", distribution, DISTRIBUTIONS))


def status_update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed status."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    ingress = obj["status"]["loadBalancer"].get("ingress", ())
    stored = [i.get("ip") for i in old["status"]["loadBalancer"].get("ingress", ())]
    load_balancer_status(
        errs, ingress, stored, "status.loadBalancer.ingress", obj["spec"].get("type") == "LoadBalancer"
    )
    return errs


def load_balancer_status(errs: Errors, ingress: list[Object], stored: list[str], path: str, balanced: bool) -> None:
    """Where a balancer can be reached."""
    if not balanced and ingress:
        errs.append(forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'"))
        return
    for index, one in enumerate(ingress):
        where, address, mode = f"{path}[{index}]", one.get("ip", ""), one.get("ipMode")
        if address:
            ip.legacy_ip(errs, f"{where}.ip", address, stored)
        if mode is None:
            if address:
                errs.append(required(f"{where}.ipMode", "must be specified when `ip` is set"))
        elif not address:
            errs.append(forbidden(f"{where}.ipMode", "may not be specified when `ip` is not set"))
        else:
            one_of(errs, f"{where}.ipMode", mode, ("Proxy", "VIP"))
        if hostname := one.get("hostname"):
            named(errs, f"{where}.hostname", hostname, names.dns1123_subdomain)
            if ip.parse_sloppy(hostname):
                errs.append(invalid(f"{where}.hostname", hostname, "must be a DNS name, not an IP address"))
