"""The status of a Pod, as the node and the scheduler report it."""

from podo.api import names
from podo.api.field_errors import duplicate, forbidden, invalid, not_supported, required, too_long
from podo.server.validation import ip
from podo.server.validation.core.pod_update import annotation_changes
from podo.server.validation.core.ratchet import pod_options
from podo.server.validation.core.resources import is_native
from podo.server.validation.fields import Errors, Object, amount, immutable, named, needed_name, ranged
from podo.server.validation.metadata import changed_meta

ID_MAX = 2**31 - 1
NOT_BACK = "may not be transitioned to non-terminated state"
ONE_EACH = "may specify no more than one IP for each IP family"
HEALTH_MESSAGE_MAX = 1024
STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
CLAIM_REQUEST = (
    "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or "
    "'claim:<claimName>' if request is empty"
)


def status_update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed status."""
    errs: Errors = []
    status, before, spec = obj["status"], old["status"], obj["spec"]
    changed_meta(errs, obj, old)
    annotation_changes(errs, obj, old, pod_options(old))
    for index, condition in enumerate(status.get("conditions", ())):
        path = f"status.conditions[{index}]"
        if condition.get("observedGeneration", 0) < 0:
            message = "must be a non-negative integer"
            errs.append(invalid(f"{path}.observedGeneration", condition["observedGeneration"], message))
        if condition["type"] not in ("PodScheduled", "Ready", "Initialized"):
            named(errs, f"{path}.Type", condition["type"], names.qualified_name)
    _nominated_node(errs, status, before, old["spec"])
    if status.get("observedGeneration", 0) < 0:
        message = "must be a non-negative integer"
        errs.append(invalid("status.observedGeneration", status["observedGeneration"], message))
    immutable(errs, "status.qosClass", status.get("qosClass", ""), before.get("qosClass", ""))
    _transitions(errs, status, before, old["spec"])
    _claims(errs, status.get("resourceClaimStatuses", ()), spec)
    _extended_claim(errs, status.get("extendedResourceClaimStatus"), spec)
    _node_allocatable(errs, status, spec)
    _addresses(errs, status, before, "podIPs")
    _host_addresses(errs, status, before)
    for key in STATUSES:
        _users(errs, status.get(key, ()), f"status.{key}", spec.get("os", {}).get("name", "linux"))
    for key, containers in (("containerStatuses", "containers"), ("initContainerStatuses", "initContainers")):
        _allocated(errs, status.get(key, ()), f"status.{key}", spec.get(containers) or [])
    for index, one in enumerate(status.get("ephemeralContainerStatuses", ())):
        if one.get("allocatedResourcesStatus"):
            path = f"status.ephemeralContainerStatuses[{index}].allocatedResourcesStatus"
            errs.append(forbidden(path, "must not be specified in container status"))
    return errs


def _nominated_node(errs: Errors, status: Object, before: Object, old_spec: Object) -> None:
    path, name = "status.nominatedNodeName", status.get("nominatedNodeName", "")
    if name and name != before.get("nominatedNodeName"):
        named(errs, path, name, names.dns1123_subdomain)
        if old_spec.get("nodeName"):
            errs.append(forbidden(path, "may not be set on pods that are already bound to a node"))


def _transitions(errs: Errors, status: Object, before: Object, spec: Object) -> None:
    """A container that has ended runs again only if its policy says so."""
    every = [*(spec.get("containers") or ()), *spec.get("initContainers", ())]
    restart_all = any(r.get("action") == "RestartAllContainers" for c in every for r in c.get("restartPolicyRules", ()))
    may = {c["name"]: c for c in spec.get("containers") or ()}
    may_init = {c["name"]: c for c in spec.get("initContainers", ())}

    none: dict[str, Object] = {}
    checks = (may, may_init, none)
    for key, known in zip(STATUSES, checks, strict=True):
        for index, was in enumerate(before.get(key, ())):
            ended = was["state"].get("terminated")
            if ended is None or (restart_all and known is not none):
                continue
            container = known.get(was["name"])
            if container is not None and should_restart(container, spec, ended["exitCode"]):
                continue
            for now in status.get(key, ()):
                if now["name"] == was["name"] and "terminated" not in now["state"]:
                    errs.append(forbidden(f"status.{key}[{index}].state", NOT_BACK))


def should_restart(container: Object, spec: Object, exit_code: int) -> bool:
    """Whether a container that ended with this code is started again."""
    policy = container.get("restartPolicy")
    if policy is not None:
        for rule in container.get("restartPolicyRules", ()):
            codes = rule.get("exitCodes", {})
            if (exit_code in codes.get("values", ())) == (codes.get("operator") == "In"):
                return True
    policy = policy or spec["restartPolicy"]
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def _claims(errs: Errors, statuses: list[Object], spec: Object) -> None:
    known = {c["name"] for c in spec.get("resourceClaims", ())}
    seen: set[str] = set()
    for index, one in enumerate(statuses):
        path, name = f"status.resourceClaimStatuses[{index}]", one["name"]
        if name not in known:
            message = "must match the name of an entry in `spec.resourceClaims`"
            errs.append(invalid(f"{path}.name", name, message))
        if name in seen:
            errs.append(duplicate(f"{path}.name", name))
        seen.add(name)
        if "resourceClaimName" in one:
            named(errs, f"{path}.resourceClaimName", one["resourceClaimName"], names.dns1123_subdomain)


def _extended_claim(errs: Errors, claim: Object | None, spec: Object) -> None:
    if claim is None:
        return
    path = "status.extendedResourceClaimStatus"
    every = [*spec.get("initContainers", ()), *(spec.get("containers") or ())]
    containers = {c["name"]: c for c in every}
    mappings = claim.get("requestMappings") or []
    if not mappings:
        errs.append(required(f"{path}.requestMappings", "at least one request mapping is required"))
    seen: set[tuple[str, str, str]] = set()
    for index, mapping in enumerate(mappings):
        where = f"{path}.requestMappings[{index}]"
        container, resource, request = (mapping[k] for k in ("containerName", "resourceName", "requestName"))
        if container not in containers:
            message = "must match the name of an entry in spec.initContainers.name or spec.containers.name"
            errs.append(invalid(f"{where}.containerName", container, message))
        elif resource not in containers[container]["resources"].get("requests", {}):
            message = "must match the extended resource name of an entry in spec.initContainers.resources.requests "
            message += "or spec.containers.resources.requests"
            errs.append(invalid(f"{where}.resourceName", resource, message))
        named(errs, f"{path}.requestName", request, names.dns1123_label)
        if (container, resource, request) in seen:
            for key in ("containerName", "resourceName", "requestName"):
                errs.append(duplicate(f"{where}.{key}", mapping[key]))
        seen.add((container, resource, request))
    needed_name(errs, f"{path}.resourceClaimName", claim["resourceClaimName"], names.dns1123_subdomain)


def _node_allocatable(errs: Errors, status: Object, spec: Object) -> None:
    claims = [*spec.get("resourceClaims", ()), *status.get("resourceClaimStatuses", ())]
    known = {c["resourceClaimName"] for c in claims if "resourceClaimName" in c}
    for index, one in enumerate(status.get("nodeAllocatableResourceClaimStatuses", ())):
        path, name = f"status.nodeAllocatableResourceClaimStatuses[{index}]", one["resourceClaimName"]
        if not name:
            errs.append(required(f"{path}.resourceClaimName", "must not be empty"))
        if name not in known:
            errs.append(invalid(f"{path}.resourceClaimName", name, "no mapping found in pod reference"))
        for key in ("containers", "resources"):
            if not one.get(key):
                errs.append(required(f"{path}.{key}", "must not be empty"))
        for resource, text in (one.get("resources") or {}).items():
            where = f"{path}.resources[{resource}]"
            if not is_native(resource):
                errs.append(invalid(where, resource, "must be a node allocatable resource name"))
            if amount(text) < 0:
                errs.append(invalid(where, text, "must be non-negative"))


def _addresses(errs: Errors, status: Object, before: Object, key: str) -> None:
    stored = [one["ip"] for one in before.get(key, ())]
    given = [one["ip"] for one in status.get(key, ())]
    for index, address in enumerate(given):
        ip.legacy_ip(errs, f"status.{key}[{index}]", address, stored)
    if len(given) > 1 and not ip.is_dual_stack_pair(given):
        errs.append(invalid(f"status.{key}", [{"IP": one} for one in given], ONE_EACH))


def _host_addresses(errs: Errors, status: Object, before: Object) -> None:
    if not status.get("hostIPs"):
        return
    first = status["hostIPs"][0]["ip"]
    if status.get("hostIP", "") != first:
        errs.append(invalid("status.hostIPs[0].ip", first, "must be equal to `hostIP`"))
    _addresses(errs, status, before, "hostIPs")


def _users(errs: Errors, statuses: list[Object], path: str, os: str) -> None:
    for index, one in enumerate(statuses):
        user = one.get("user", {}).get("linux")
        where = f"{path}[{index}].user.linux"
        if user is None:
            continue
        if os == "windows":
            errs.append(forbidden(where, "cannot be set for a windows pod"))
            continue
        for key in ("uid", "gid"):
            ranged(errs, f"{where}.{key}", user[key], 0, ID_MAX)
        for position, group in enumerate(user.get("supplementalGroups", ())):
            ranged(errs, f"{where}.supplementalGroups[{position}]", group, 0, ID_MAX)


def _allocated(errs: Errors, statuses: list[Object], path: str, containers: list[Object]) -> None:
    by_name = {c["name"]: c for c in containers}
    for index, one in enumerate(statuses):
        for position, resource in enumerate(one.get("allocatedResourcesStatus", ())):
            where = f"{path}[{index}].allocatedResourcesStatus[{position}]"
            if one["name"] in by_name:
                _allocated_name(errs, resource["name"], by_name[one["name"]]["resources"], f"{where}.name")
            _health(errs, resource.get("resources", ()), where)


def _allocated_name(errs: Errors, name: str, resources: Object, path: str) -> None:
    if name.startswith("claim:"):
        claims = [
            f"claim:{c['name']}" + (f"/{c['request']}" if c.get("request") else "") for c in resources.get("claims", ())
        ]
        if name not in claims:
            errs.append(invalid(path, name, CLAIM_REQUEST))
    elif name not in resources.get("requests", {}):
        errs.append(invalid(path, name, "must match one of the container's resource requests"))


def _health(errs: Errors, resources: list[Object], path: str) -> None:
    seen: set[str] = set()
    for index, one in enumerate(resources):
        where, health, message = f"{path}.resources[{index}]", one.get("health", ""), one.get("message")
        if health not in ("Healthy", "Unhealthy", "Unknown"):
            errs.append(not_supported(f"{where}.health", health, ("Healthy", "Unhealthy", "Unknown")))
        if message == "":
            errs.append(required(f"{where}.message", "must be non-empty if specified"))
        elif message and len(message) > HEALTH_MESSAGE_MAX:
            errs.append(too_long(f"{where}.message", HEALTH_MESSAGE_MAX))
        if one["resourceID"] in seen:
            errs.append(duplicate(f"{where}.resourceID", one["resourceID"]))
        seen.add(one["resourceID"])
