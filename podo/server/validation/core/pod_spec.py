"""The spec of a Pod, in a Pod and in templates."""

from podo.api import names
from podo.api.field_errors import (
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
    too_long,
)
from podo.server.defaulting.pod_resources import aggregate
from podo.server.validation import ip
from podo.server.validation.core import scheduling, windows
from podo.server.validation.core.containers import PodContext, containers, ephemeral_containers, init_containers
from podo.server.validation.core.options import PodOptions
from podo.server.validation.core.resources import container_resource_name, pod_resource_name, requirements
from podo.server.validation.core.security import pod_security
from podo.server.validation.core.volumes import volumes
from podo.server.validation.fields import Errors, Object, amount, named, ranged
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import labels

MAX_INT32 = 2**31 - 1
NAMESERVERS_MAX, SEARCHES_MAX, SEARCH_LIST_MAX, HOSTNAME_MAX = 3, 32, 2048, 64
RESTART_POLICIES = ("Always", "OnFailure", "Never")
DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")


def pod_spec(errs: Errors, spec: Object, meta: Object | None, path: str, opts: PodOptions) -> None:
    """A PodSpec. `meta` is the metadata of the Pod or template, or None where names are not known yet."""
    if "terminationGracePeriodSeconds" not in spec:
        errs.append(required(f"{path}.terminationGracePeriodSeconds"))
    pod_name = (meta or {}).get("name", "")
    good_volumes = volumes(errs, spec.get("volumes", []), pod_name, f"{path}.volumes", opts)
    claims = {c["name"] for c in spec.get("resourceClaims", ()) if c["name"]}
    if "resourceClaims" in spec:
        _resource_claims(errs, spec["resourceClaims"], meta, f"{path}.resourceClaims")
    pod = PodContext(
        good_volumes,
        claims,
        spec.get("terminationGracePeriodSeconds"),
        spec.get("os", {}).get("name", ""),
        spec["restartPolicy"],
        spec.get("hostUsers", True),
        opts,
    )
    main = spec["containers"] or []
    containers(errs, main, f"{path}.containers", pod)
    if init := spec.get("initContainers"):
        init_containers(errs, init, main, f"{path}.initContainers", pod)
    if ephemeral := spec.get("ephemeralContainers"):
        others = [*main, *spec.get("initContainers", ())]
        ephemeral_containers(errs, ephemeral, others, f"{path}.ephemeralContainers", pod)
    if "resources" in spec:
        _pod_resources(errs, spec, claims, path, opts)
    _policies(errs, spec, path, opts)
    for key in ("serviceAccountName", "nodeName"):
        if value := spec.get(key):
            named(errs, f"{path}.{key}", value, names.dns1123_subdomain)
    if "activeDeadlineSeconds" in spec:
        ranged(errs, f"{path}.activeDeadlineSeconds", spec["activeDeadlineSeconds"], 1, MAX_INT32)
    for key in ("hostname", "subdomain"):
        if value := spec.get(key):
            named(errs, f"{path}.{key}", value, names.dns1123_label)
    _rest(errs, spec, path, opts)


def _policies(errs: Errors, spec: Object, path: str, opts: PodOptions) -> None:
    if spec.get("hostNetwork"):
        _host_network_ports(errs, spec, path, opts)
    _choice(errs, f"{path}.restartPolicy", spec["restartPolicy"], RESTART_POLICIES)
    _choice(errs, f"{path}.dnsPolicy", spec["dnsPolicy"], DNS_POLICIES)
    if "nodeSelector" in spec:
        labels(errs, spec["nodeSelector"], f"{path}.nodeSelector")
    if spec["securityContext"] or "shareProcessNamespace" in spec:
        pod_security(errs, spec, f"{path}.securityContext", opts)
    if "affinity" in spec:
        scheduling.affinity(errs, spec["affinity"], f"{path}.affinity", opts)
    if "dnsConfig" in spec or spec["dnsPolicy"] == "None":
        _dns_config(errs, spec.get("dnsConfig"), spec["dnsPolicy"], f"{path}.dnsConfig")
    for index, gate in enumerate(spec.get("readinessGates", ())):
        named(errs, f"{path}.readinessGates[{index}].conditionType", gate["conditionType"], names.qualified_name)
    seen: set[str] = set()
    for index, gate in enumerate(spec.get("schedulingGates", ())):
        where, name = f"{path}.schedulingGates[{index}]", gate["name"]
        named(errs, where, name, names.qualified_name)
        if name in seen:
            errs.append(duplicate(where, name))
        seen.add(name)
    if "topologySpreadConstraints" in spec:
        values = spec["topologySpreadConstraints"]
        scheduling.spread_constraints(errs, values, f"{path}.topologySpreadConstraints", opts)
    windows.host_process(errs, spec, path)
    if spec.get("hostUsers") is False:
        _user_namespace(errs, spec, path)
    if "hostnameOverride" in spec:
        _hostname_override(errs, spec, f"{path}.hostnameOverride")


def _choice(errs: Errors, path: str, value: str, supported: tuple[str, ...]) -> None:
    if not value:
        errs.append(required(path))
    elif value not in supported:
        errs.append(not_supported(path, value, supported))


def _rest(errs: Errors, spec: Object, path: str, opts: PodOptions) -> None:
    if "tolerations" in spec:
        scheduling.tolerations(errs, spec["tolerations"], f"{path}.tolerations")
    for index, alias in enumerate(spec.get("hostAliases", ())):
        where = f"{path}.hostAliases[{index}]"
        ip.legacy_ip(errs, f"{where}.ip", alias["ip"])
        for position, hostname in enumerate(alias.get("hostnames", ())):
            named(errs, f"{where}.hostnames[{position}]", hostname, names.dns1123_subdomain)
    if name := spec.get("priorityClassName"):
        named(errs, f"{path}.priorityClassName", name, names.dns1123_subdomain)
    if "runtimeClassName" in spec:
        named(errs, f"{path}.runtimeClassName", spec["runtimeClassName"], names.dns1123_subdomain)
    if "preemptionPolicy" in spec:
        _choice(errs, f"{path}.preemptionPolicy", spec["preemptionPolicy"], ("PreemptLowerPriority", "Never"))
    if "overhead" in spec:
        limits = {"limits": spec["overhead"]}
        requirements(errs, limits, container_resource_name, set(), f"{path}.overhead", opts)
    if "os" in spec:
        _operating_system(errs, spec, path)
    if "schedulingGroup" in spec:
        _scheduling_group(errs, spec["schedulingGroup"], f"{path}.schedulingGroup")
    _file_key_volumes(errs, spec, path)


def _operating_system(errs: Errors, spec: Object, path: str) -> None:
    name = spec["os"]["name"]
    if not name:
        errs.append(required(f"{path}.os.name"))
    elif name not in ("linux", "windows"):
        errs.append(not_supported(f"{path}.os", name, ("linux", "windows")))
    elif name == "linux":
        windows.linux_pod(errs, spec, path)
    else:
        windows.windows_pod(errs, spec, path)


def _scheduling_group(errs: Errors, group: Object, path: str) -> None:
    where, name = f"{path}.podGroupName", group.get("podGroupName")
    if name is None:
        errs.append(invalid(where, None, "must specify one of: `podGroupName`"))
    else:
        named(errs, where, name, names.dns1123_subdomain)


def _resource_claims(errs: Errors, claims: list[Object], meta: Object | None, path: str) -> None:
    seen: set[str] = set()
    for index, claim in enumerate(claims):
        where, name = f"{path}[{index}]", claim["name"]
        if meta and "kubernetes.io/config.mirror" in meta.get("annotations", {}):
            errs.append(forbidden("", "static pods do not support resource claims"))
            continue
        if not name:
            errs.append(required(f"{where}.name"))
        elif name in seen:
            errs.append(duplicate(f"{where}.name", name))
        else:
            named(errs, f"{where}.name", name, names.dns1123_label)
            seen.add(name)
        given = [key for key in ("resourceClaimName", "resourceClaimTemplateName") if key in claim]
        if len(given) == 2:
            message = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            errs.append(invalid(where, internal_form("PodResourceClaim", claim), message))
        if not given:
            message = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            errs.append(invalid(where, internal_form("PodResourceClaim", claim), message))
        for key in given:
            named(errs, f"{where}.{key}", claim[key], names.dns1123_subdomain)


def _pod_resources(errs: Errors, spec: Object, claims: set[str], path: str, opts: PodOptions) -> None:
    """The resources of the Pod as a whole, alone and against those of its containers."""
    obj, where = spec["resources"], f"{path}.resources"
    if spec.get("os", {}).get("name") == "windows":
        errs.append(forbidden(where, "may not be set for a windows pod"))
        return
    if "claims" in obj:
        errs.append(forbidden(f"{where}.claims", "claims may not be set for Resources at pod-level"))
    requirements(errs, obj, pod_resource_name, claims, where, opts)
    limits, requests = obj.get("limits", {}), obj.get("requests", {})
    for name, text in aggregate(spec, "requests").items():
        if name in requests and amount(text) > amount(requests[name]):
            message = f"must be greater than or equal to aggregate container requests of {text}"
            errs.append(invalid(f"{where}.requests[{name}]", requests[name], message))
    for name, text in aggregate(spec, "limits").items():
        if name.startswith("hugepages-") and name in limits and amount(text) > amount(limits[name]):
            message = f"must be greater than or equal to aggregate container limits of {text}"
            errs.append(invalid(f"{where}.limits[{name}]", limits[name], message))
    for index, container in enumerate(spec["containers"] or ()):
        for name, text in container["resources"].get("limits", {}).items():
            if name in limits and amount(text) > amount(limits[name]):
                at = f"{where}.containers[{index}][{name}].limits"
                errs.append(invalid(at, text, f"must be less than or equal to pod limits of {limits[name]}"))


def _host_network_ports(errs: Errors, spec: Object, path: str, opts: PodOptions) -> None:
    message = "must match `containerPort` when `hostNetwork` is true"
    for index, container in enumerate(spec["containers"] or ()):
        for position, port in enumerate(container.get("ports", ())):
            host = port.get("hostPort", 0)
            if (opts.is_pod or host) and host != port["containerPort"]:
                errs.append(invalid(f"{path}.containers[{index}].ports[{position}].hostPort", host, message))


def _dns_config(errs: Errors, config: Object | None, policy: str, path: str) -> None:
    if policy == "None":
        if config is None:
            errs.append(required(path, "must provide `dnsConfig` when `dnsPolicy` is None"))
            return
        if not config.get("nameservers"):
            message = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            errs.append(required(f"{path}.nameservers", message))
            return
    if config is None:
        return
    servers, searches = config.get("nameservers", []), config.get("searches", [])
    if len(servers) > NAMESERVERS_MAX:
        message = f"must not have more than {NAMESERVERS_MAX} nameservers"
        errs.append(invalid(f"{path}.nameservers", servers, message))
    for index, server in enumerate(servers):
        ip.legacy_ip(errs, f"{path}.nameservers[{index}]", server)
    if len(searches) > SEARCHES_MAX:
        errs.append(invalid(f"{path}.searches", searches, f"must not have more than {SEARCHES_MAX} search paths"))
    if len(" ".join(searches)) > SEARCH_LIST_MAX:
        message = f"must not have more than {SEARCH_LIST_MAX} characters (including spaces) in the search list"
        errs.append(invalid(f"{path}.searches", searches, message))
    for index, search in enumerate(searches):
        if search != ".":
            domain = search.removesuffix(".")
            named(errs, f"{path}.searches[{index}]", domain, names.underscored_subdomain)
    for index, option in enumerate(config.get("options", ())):
        if not option.get("name"):
            errs.append(required(f"{path}.options[{index}]", "must not be empty"))


def _user_namespace(errs: Errors, spec: Object, path: str) -> None:
    message = "when `hostUsers` is false"
    for key, shown in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")):
        if spec.get(key):
            errs.append(forbidden(f"{path}.{shown}", message))
    for container, where in windows.every_container(spec, path):
        if container.get("volumeDevices"):
            errs.append(forbidden(f"{where}.volumeDevices", message))


def _hostname_override(errs: Errors, spec: Object, path: str) -> None:
    name = spec["hostnameOverride"]
    if spec.get("setHostnameAsFQDN"):
        errs.append(forbidden(path, "may not be specified when setHostnameAsFQDN is true"))
    if spec.get("hostNetwork"):
        errs.append(forbidden(path, "may not be specified when hostNetwork is true"))
    if len(name) > HOSTNAME_MAX:
        errs.append(too_long(path, HOSTNAME_MAX))
    named(errs, path, name, names.dns1123_subdomain)


def _file_key_volumes(errs: Errors, spec: Object, path: str) -> None:
    """Variables that come from files must name an emptyDir of the Pod."""
    for container, where in windows.every_container(spec, path):
        for index, env in enumerate(container.get("env", ())):
            ref = env.get("valueFrom", {}).get("fileKeyRef")
            if ref is None:
                continue
            at, name = f"{where}.env[{index}].valueFrom.fileKeyRef.volumeName", ref["volumeName"]
            volume = next((v for v in spec.get("volumes", ()) if v["name"] == name), None)
            if volume is None:
                errs.append(not_found(at, name))
            elif "emptyDir" not in volume:
                errs.append(invalid(at, name, "referenced volume must be of type emptyDir"))
