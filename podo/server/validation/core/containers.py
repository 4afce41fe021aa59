"""Containers of every sort."""

from collections.abc import Iterable
from typing import NamedTuple

from podo.api import names
from podo.api.field_errors import duplicate, forbidden, invalid, not_found, not_supported, required, too_many
from podo.server.validation.core import env, handlers, mounts
from podo.server.validation.core.options import PodOptions
from podo.server.validation.core.resources import container_requirements
from podo.server.validation.core.security import container_security
from podo.server.validation.core.volumes import pull_policy
from podo.server.validation.fields import Errors, Object, named, one_of

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
PROTOCOLS = ("SCTP", "TCP", "UDP")
RESTART_POLICIES = ("Always", "Never", "OnFailure")
RULE_ACTIONS = ("Restart", "RestartAllContainers")
RULES_MAX, EXIT_CODES_MAX = 20, 255
NOT_EPHEMERAL = "cannot be set for an Ephemeral Container"
EPHEMERAL_FORBIDDEN = (
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    *PROBES,
    "lifecycle",
)
NOT_SIDECAR = "may not be set for init containers without restartPolicy=Always"


class PodContext(NamedTuple):
    """What containers must know of their Pod."""

    volumes: dict[str, Object]
    """The good volumes by name."""
    claims: set[str]
    """Names of resource claims."""
    grace: int | None
    os: str
    restart_policy: str
    host_users: bool
    opts: PodOptions


def containers(errs: Errors, values: list[Object] | None, path: str, pod: PodContext) -> None:
    """The main containers."""
    if not values:
        errs.append(required(path))
        return
    taken: set[str] = set()
    for index, container in enumerate(values):
        where = f"{path}[{index}]"
        _container(errs, container, where, pod)
        if container["name"] in taken:
            errs.append(duplicate(f"{where}.name", container["name"]))
        taken.add(container["name"])
        _lifecycle_and_probes(errs, container, where, pod)
        if "restartPolicy" in container or "restartPolicyRules" in container:
            _restart_policy(errs, container, where)
    _host_ports(errs, values, path)


def init_containers(errs: Errors, values: list[Object], main: Iterable[Object], path: str, pod: PodContext) -> None:
    """The init containers, sidecars among them."""
    taken = {c["name"] for c in main}
    for index, container in enumerate(values):
        where = f"{path}[{index}]"
        name, sidecar = container["name"], container.get("restartPolicy") == "Always"
        _container(errs, container, where, pod)
        if "restartPolicy" in container:
            _restart_policy(errs, container, where)
        elif container.get("restartPolicyRules"):
            errs.append(required(f"{where}.restartPolicy", "must specify restartPolicy when restart rules are used"))
        if name in taken:
            errs.append(duplicate(f"{where}.name", name))
        elif name:
            taken.add(name)
        _host_ports(errs, [container], path)
        if sidecar:
            _lifecycle_and_probes(errs, container, where, pod)
            continue
        for key in ("lifecycle", *PROBES):
            if key in container:
                errs.append(forbidden(f"{where}.{key}", NOT_SIDECAR))
        if not pod.opts.allow_restart_on_init_resize:
            for position, policy in enumerate(container.get("resizePolicy", ())):
                if policy["restartPolicy"] == "RestartContainer":
                    message = "must not be set to 'RestartContainer' for non-sidecar initContainers"
                    at = f"{where}.resizePolicy[{position}].restartPolicy"
                    errs.append(invalid(at, policy["restartPolicy"], message))


def ephemeral_containers(
    errs: Errors, values: list[Object], others: Iterable[Object], path: str, pod: PodContext
) -> None:
    """Containers that are added to a running Pod to look into it."""
    known = {c["name"] for c in others}
    taken = set(known)
    for index, container in enumerate(values):
        where, name = f"{path}[{index}]", container["name"]
        _container(errs, container, where, pod)
        image_spacing(errs, container, where)
        if name in taken:
            errs.append(duplicate(f"{where}.name", name))
        taken.add(name)
        target = container.get("targetContainerName")
        if target and target not in known:
            errs.append(not_found(f"{where}.targetContainerName", target))
        for key in EPHEMERAL_FORBIDDEN:
            value = container.get(key)
            if value or (value is not None and key != "resources"):
                errs.append(forbidden(f"{where}.{key}", NOT_EPHEMERAL))
        for position, mount in enumerate(container.get("volumeMounts", ())):
            for key in ("subPath", "subPathExpr"):
                if mount.get(key):
                    errs.append(forbidden(f"{where}.volumeMounts[{position}].{key}", NOT_EPHEMERAL))


def image_spacing(errs: Errors, container: Object, path: str) -> None:
    """A Pod's image has no space around it; a template's may."""
    image = container.get("image", "")
    if image != image.strip():
        errs.append(invalid(f"{path}.image", image, "must not have leading or trailing whitespace"))


def _container(errs: Errors, container: Object, path: str, pod: PodContext) -> None:
    """What all sorts of containers have in common."""
    if name := container["name"]:
        named(errs, f"{path}.name", name, names.dns1123_label)
    else:
        errs.append(required(f"{path}.name"))
    if not container.get("image"):
        errs.append(required(f"{path}.image"))
    termination = container["terminationMessagePolicy"]
    if termination not in ("File", "FallbackToLogsOnError"):
        supported = ("File", "FallbackToLogsOnError")
        errs.append(not_supported(f"{path}.terminationMessagePolicy", termination, supported))
    if "ports" in container:
        _ports(errs, container["ports"], f"{path}.ports")
    if "env" in container:
        env.env(errs, container["env"], f"{path}.env")
    if "envFrom" in container:
        env.env_from(errs, container["envFrom"], f"{path}.envFrom")
    if "volumeMounts" in container:
        mounts.mounts(errs, container, pod.volumes, f"{path}.volumeMounts")
    if "volumeDevices" in container:
        mounts.devices(errs, container, pod.volumes, f"{path}.volumeDevices")
    if container["imagePullPolicy"] not in ("IfNotPresent", "Always"):
        pull_policy(errs, container["imagePullPolicy"], f"{path}.imagePullPolicy")
    container_requirements(errs, container["resources"], pod.claims, f"{path}.resources", pod.opts)
    if "resizePolicy" in container:
        _resize_policy(errs, container["resizePolicy"], f"{path}.resizePolicy", pod.restart_policy)
    if "securityContext" in container:
        container_security(errs, container["securityContext"], f"{path}.securityContext", pod.host_users)


def _lifecycle_and_probes(errs: Errors, container: Object, path: str, pod: PodContext) -> None:
    if "lifecycle" in container:
        handlers.lifecycle(errs, container["lifecycle"], f"{path}.lifecycle", pod.grace, pod.os)
    for key in PROBES:
        if key in container:
            handlers.probe(errs, container[key], key, f"{path}.{key}", pod.grace)


def _ports(errs: Errors, ports: list[Object], path: str) -> None:
    taken: set[str] = set()
    for index, port in enumerate(ports):
        where = f"{path}[{index}]"
        if name := port.get("name"):
            if problems := names.port_name(name):
                errs.extend(invalid(f"{where}.name", name, m) for m in problems)
            elif name in taken:
                errs.append(duplicate(f"{where}.name", name))
            else:
                taken.add(name)
        number = port["containerPort"]
        if not number:
            errs.append(required(f"{where}.containerPort"))
        elif not 1 <= number <= 65535:
            errs.append(invalid(f"{where}.containerPort", number, "must be between 1 and 65535, inclusive"))
        if not 0 <= port.get("hostPort", 0) <= 65535:
            errs.append(invalid(f"{where}.hostPort", port["hostPort"], "must be between 1 and 65535, inclusive"))
        if port["protocol"] not in PROTOCOLS:
            errs.append(not_supported(f"{where}.protocol", port["protocol"], PROTOCOLS))


def _host_ports(errs: Errors, values: list[Object], path: str) -> None:
    taken: set[str] = set()
    for index, container in enumerate(values):
        for position, port in enumerate(container.get("ports", ())):
            if number := port.get("hostPort"):
                key = f"{port['protocol']}/{port.get('hostIP', '')}/{number}"
                if key in taken:
                    errs.append(duplicate(f"{path}[{index}].ports[{position}].hostPort", key))
                taken.add(key)


def _resize_policy(errs: Errors, policies: list[Object], path: str, restart_policy: str) -> None:
    seen: set[str] = set()
    for index, policy in enumerate(policies):
        resource, restart = policy["resourceName"], policy["restartPolicy"]
        if resource in seen:
            errs.append(duplicate(f"{path}[{index}]", resource))
        seen.add(resource)
        if not resource:
            errs.append(required(path))
        else:
            one_of(errs, path, resource, ("cpu", "memory"))
        if not restart:
            errs.append(required(path))
        else:
            one_of(errs, path, restart, ("NotRequired", "RestartContainer"))
        if restart_policy == "Never" and restart != "NotRequired":
            errs.append(invalid(path, restart, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"))


def _restart_policy(errs: Errors, container: Object, path: str) -> None:
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules", ())
    if policy is None:
        if rules:
            errs.append(required(f"{path}.restartPolicy", "must specify restartPolicy when restart rules are used"))
        else:
            return
    else:
        one_of(errs, f"{path}.restartPolicy", policy, RESTART_POLICIES)
    if len(rules) > RULES_MAX:
        errs.append(too_many(f"{path}.restartPolicyRules", len(rules), RULES_MAX))
    for index, rule in enumerate(rules):
        where = f"{path}.restartPolicyRules[{index}]"
        one_of(errs, f"{where}.action", rule.get("action", ""), RULE_ACTIONS)
        codes = rule.get("exitCodes")
        if codes is None:
            errs.append(required(f"{where}.exitCodes", "must be specified"))
            continue
        one_of(errs, f"{where}.exitCodes.operator", codes.get("operator", ""), ("In", "NotIn"))
        if len(codes.get("values", ())) > EXIT_CODES_MAX:
            errs.append(too_many(f"{where}.exitCodes.values", len(codes["values"]), EXIT_CODES_MAX))
