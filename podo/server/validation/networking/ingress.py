"""Ingresses and ingress classes."""

from podo.api import names
from podo.api.field_errors import forbidden, invalid, not_supported, required, too_long
from podo.server.validation import ip
from podo.server.validation.domain_path import domain_path
from podo.server.validation.fields import Errors, Object, immutable, named, needed_name
from podo.server.validation.metadata import changed_meta, new_meta

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
CONTROLLER_MAX = 250
PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
BAD_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
BAD_ENDS = ("/..", "/.")
NOT_AN_ADDRESS = "must be a DNS name, not an IP address"


def create(obj: Object) -> Errors:
    """What is wrong with a new Ingress."""
    errs: Errors = []
    new_meta(errs, obj)
    _spec(errs, obj["spec"])
    annotation, name = obj["metadata"].get("annotations", {}).get(CLASS_ANNOTATION), obj["spec"].get("ingressClassName")
    if annotation is not None and name is not None and annotation != name:
        message = "must match `ingressClassName` when both are specified"
        errs.append(invalid(f"annotations.{CLASS_ANNOTATION}", annotation, message))
    return errs


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed Ingress. Names of secrets and wildcard rules that were bad may stay so."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    new_meta(errs, obj)
    stored = old["spec"]
    secrets = any(names.dns1123_subdomain(t["secretName"]) for t in stored.get("tls", ()) if t.get("secretName"))
    _spec(errs, obj["spec"], any_secret=secrets, any_wildcard=_has_bad_wildcard(stored))
    return errs


def status_update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed status."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    known = {i.get("ip", "") for i in old["status"].get("loadBalancer", {}).get("ingress", ())}
    for index, one in enumerate(obj["status"].get("loadBalancer", {}).get("ingress", ())):
        path = f"status.loadBalancer.ingress[{index}]"
        if one.get("ip"):
            ip.legacy_ip(errs, f"{path}.ip", one["ip"], known)
        if hostname := one.get("hostname"):
            named(errs, f"{path}.hostname", hostname, names.dns1123_subdomain)
            if ip.parse_sloppy(hostname) is not None:
                errs.append(invalid(f"{path}.hostname", hostname, NOT_AN_ADDRESS))
    return errs


def _has_bad_wildcard(spec: Object) -> bool:
    errs: Errors = []
    for rule in spec.get("rules", ()):
        if "*" in rule.get("host", ""):
            _paths(errs, rule, "rule")
    return bool(errs)


def _spec(errs: Errors, spec: Object, *, any_secret: bool = False, any_wildcard: bool = False) -> None:
    if not spec.get("rules") and "defaultBackend" not in spec:
        errs.append(invalid("spec", spec.get("rules"), "either `defaultBackend` or `rules` must be specified"))
    if "defaultBackend" in spec:
        _backend(errs, spec["defaultBackend"], "spec.defaultBackend")
    for index, rule in enumerate(spec.get("rules", ())):
        path, host = f"spec.rules[{index}]", rule.get("host", "")
        if host and ip.parse_sloppy(host) is not None:
            errs.append(invalid(f"{path}.host", host, NOT_AN_ADDRESS))
        _host(errs, host, f"{path}.host")
        if "*" not in host or not any_wildcard:
            _paths(errs, rule, path)
    for index, tls in enumerate(spec.get("tls", ())):
        path = f"spec.tls[{index}]"
        for position, host in enumerate(tls.get("hosts", ())):
            if host:
                _host(errs, host, f"{path}.hosts[{position}]")
            else:
                named(errs, f"{path}.hosts[{position}]", host, names.dns1123_subdomain)
        if tls.get("secretName") and not any_secret:
            named(errs, f"{path}.secretName", tls["secretName"], names.dns1123_subdomain)
    if "ingressClassName" in spec:
        named(errs, "spec.ingressClassName", spec["ingressClassName"], names.dns1123_subdomain)


def _host(errs: Errors, host: str, path: str) -> None:
    if host:
        named(errs, path, host, names.wildcard_subdomain if "*" in host else names.dns1123_subdomain)


def _paths(errs: Errors, rule: Object, path: str) -> None:
    http = rule.get("http")
    if http is None:
        return
    if not http.get("paths"):
        errs.append(required(f"{path}.http.paths"))
    for index, one in enumerate(http.get("paths") or ()):
        _path(errs, one, f"{path}.http.paths[{index}]")


def _path(errs: Errors, one: Object, path: str) -> None:
    kind, text, where = one.get("pathType"), one.get("path", ""), f"{path}.path"
    if kind is None:
        errs.append(required(f"{path}.pathType", "pathType must be specified"))
        return
    if kind not in PATH_TYPES:
        errs.append(not_supported(f"{path}.pathType", kind, PATH_TYPES))
    elif not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        errs.append(invalid(where, text, "must be an absolute path"))
    if kind in ("Exact", "Prefix"):
        errs += [invalid(where, text, f"must not contain '{bad}'") for bad in BAD_SEQUENCES if bad in text]
        errs += [invalid(where, text, f"cannot end with '{bad}'") for bad in BAD_ENDS if text.endswith(bad)]
    _backend(errs, one["backend"], f"{path}.backend")


def _backend(errs: Errors, backend: Object, path: str) -> None:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        errs.append(invalid(path, "", "cannot set both resource and service backends"))
    elif resource is not None:
        _reference(errs, resource, f"{path}.resource")
    elif service is None:
        errs.append(invalid(path, "", "resource or service backend is required"))
    else:
        needed_name(errs, f"{path}.service.name", service.get("name", ""), names.dns1123_label)
        _port(errs, service.get("port", {}), path)


def _port(errs: Errors, port: Object, path: str) -> None:
    name, number = port.get("name"), port.get("number")
    if name and number:
        errs.append(invalid(path, "", "cannot set both port name & port number"))
    elif name:
        named(errs, f"{path}.service.port.name", name, names.port_name)
    elif number:
        errs += [invalid(f"{path}.service.port.number", number, message) for message in names.port_number(number)]
    else:
        errs.append(required(path, "port name or number is required"))


def _reference(errs: Errors, ref: Object, path: str) -> None:
    if ref.get("apiGroup") is not None:
        named(errs, f"{path}.apiGroup", ref["apiGroup"], names.dns1123_subdomain)
    for key in ("kind", "name"):
        needed_name(errs, f"{path}.{key}", ref.get(key, ""), names.path_segment)


def create_class(obj: Object) -> Errors:
    """What is wrong with a new IngressClass."""
    errs: Errors = []
    new_meta(errs, obj, namespaced=False)
    controller = obj["spec"].get("controller", "")
    if len(controller) > CONTROLLER_MAX:
        errs.append(too_long("spec.controller", CONTROLLER_MAX))
    domain_path(errs, "spec.controller", controller)
    if (parameters := obj["spec"].get("parameters")) is not None:
        _parameters(errs, parameters, "spec.parameters")
    return errs


def update_class(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed IngressClass."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    immutable(errs, "spec.controller", obj["spec"].get("controller", ""), old["spec"].get("controller", ""))
    return errs + create_class(obj)


def _parameters(errs: Errors, ref: Object, path: str) -> None:
    _reference(errs, ref, path)
    scope, namespace = ref.get("scope"), ref.get("namespace")
    if scope is None:
        errs.append(required(f"{path}.scope"))
    elif scope not in ("Cluster", "Namespace"):
        errs.append(not_supported(f"{path}.scope", scope, ("Cluster", "Namespace")))
    elif scope == "Cluster":
        if namespace is not None:
            errs.append(forbidden(f"{path}.namespace", "`parameters.scope` is set to 'Cluster'"))
    elif namespace is None:
        errs.append(required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'"))
    else:
        named(errs, f"{path}.namespace", namespace, names.dns1123_label)
