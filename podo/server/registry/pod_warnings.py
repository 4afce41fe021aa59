"""What the server warns about in Pods and templates, though it accepts them."""

from collections.abc import Iterable, Iterator, Sequence

from podo.api import names
from podo.server.registry.node_labels import deprecated_label, term_warnings
from podo.server.registry.path_overlaps import overlap_warnings
from podo.server.strategy import Object
from podo.server.validation.core.windows import every_container
from podo.server.validation.fields import amount
from podo.server.validation.ip import ip_warnings

ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
}
SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
SECCOMP_MESSAGE = 'non-functional in v1.27+; use the "seccompProfile" field instead'
APP_ARMOR_MESSAGE = 'deprecated since v1.30; use the "appArmorProfile" field instead'
VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
NULL_SELECTOR = "a null labelSelector results in matching no pod"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def pod_warnings(obj: Object, old: Object | None) -> Sequence[str]:
    """The warnings about a new Pod; updates warn of nothing but addresses in the status."""
    if old is not None:
        return [
            text
            for key in ("podIPs", "hostIPs")
            for index, one in enumerate(obj["status"].get(key, ()))
            for text in ip_warnings(f"status.{key}[{index}].ip", one["ip"])
        ]
    found = name_warnings(obj, "the Pod's hostname")
    return [*found, *template_warnings(obj, "")]


def name_warnings(obj: Object, used_in: str) -> list[str]:
    """A name that is no DNS label surprises where it becomes a host name."""
    problems = names.dns1123_label(obj["metadata"].get("name", ""))
    if not problems:
        return []
    advice = "which can result in surprising behavior; a DNS label is recommended"
    return [f"metadata.name: this is used in {used_in}, {advice}: [{' '.join(problems)}]"]


def template_warnings(template: Object, path: str) -> Iterator[str]:
    """The warnings about a Pod (`path` is empty) or a template."""
    prefix = f"{path}." if path else ""
    spec, annotations = template["spec"], template["metadata"].get("annotations", {})
    yield from _placement(spec, f"{prefix}spec")
    for key, message in ANNOTATIONS.items():
        if key in annotations:
            yield f"{prefix}metadata.annotations[{key}]: {message}"
    if "volumes" in spec:
        yield from _volumes(spec["volumes"], f"{prefix}spec")
    yield from _repeated(spec, f"{prefix}spec")
    for name in ("memory", "ephemeral-storage"):
        yield from fraction(spec.get("overhead", {}), name, f"{prefix}spec.overhead")
    if SECCOMP_POD in annotations and "seccompProfile" not in spec["securityContext"]:
        yield f"{prefix}metadata.annotations[{SECCOMP_POD}]: {SECCOMP_MESSAGE}"
    yield from _containers(spec, annotations, prefix, is_template=bool(path))
    if spec.get("terminationGracePeriodSeconds", 0) < 0:
        yield (
            f"{prefix}spec.terminationGracePeriodSeconds: must be >= 0; "
            "negative values are invalid and will be treated as 1"
        )
    yield from _null_selectors(spec.get("affinity", {}), f"{prefix}spec.affinity")
    for index, server in enumerate(spec.get("dnsConfig", {}).get("nameservers", ())):
        yield from ip_warnings(f"{prefix}spec.dnsConfig.nameservers[{index}]", server)
    for index, alias in enumerate(spec.get("hostAliases", ())):
        yield from ip_warnings(f"{prefix}spec.hostAliases[{index}].ip", alias["ip"])


def _placement(spec: Object, path: str) -> Iterator[str]:
    for key in spec.get("nodeSelector", ()):
        if message := deprecated_label(key):
            yield f"{path}.nodeSelector[{key}]: {message}"
    affinity = spec.get("affinity", {}).get("nodeAffinity", {})
    where = f"{path}.affinity.nodeAffinity"
    for index, term in enumerate(affinity.get(REQUIRED, {}).get("nodeSelectorTerms") or ()):
        yield from term_warnings(term, f"{where}.{REQUIRED}.nodeSelectorTerms[{index}]")
    for index, weighted in enumerate(affinity.get(PREFERRED, ())):
        yield from term_warnings(weighted["preference"], f"{where}.{PREFERRED}[{index}].preference", values=True)
    for index, constraint in enumerate(spec.get("topologySpreadConstraints", ())):
        where, key = f"{path}.topologySpreadConstraints[{index}]", constraint["topologyKey"]
        if message := deprecated_label(key):
            yield f"{where}.topologyKey: {key} is {message}"
        if "labelSelector" not in constraint:
            yield f"{where}.labelSelector: {NULL_SELECTOR}"


def _volumes(volumes: list[Object], path: str) -> Iterator[str]:
    for index, volume in enumerate(volumes):
        for kind, message in VOLUMES.items():
            if kind in volume:
                shown = "storageOS" if kind == "storageos" else kind
                yield f"{path}.volumes[{index}].{shown}: {message}"
        if template := volume.get("ephemeral", {}).get("volumeClaimTemplate"):
            yield from claim_warnings(template["spec"], f"{path}.volumes[{index}].ephemeral.volumeClaimTemplate.spec")
    yield from overlap_warnings(volumes)


def claim_warnings(spec: Object, path: str) -> Iterator[str]:
    """The warnings about the spec of a PersistentVolumeClaim."""
    for which in ("requests", "limits"):
        yield from fraction(spec["resources"].get(which, {}), "storage", f"{path}.resources.{which}")


def fraction(resources: dict[str, str], name: str, path: str) -> Iterator[str]:
    """A number of bytes that is not whole."""
    text = resources.get(name)
    if text is not None and (amount(text) * 1000).to_integral_value() % 1000:
        yield f'{path}[{name}]: fractional byte value "{text}" is invalid, must be an integer'


def _repeated(spec: Object, path: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, alias in enumerate(spec.get("hostAliases", ())):
        if alias["ip"] in seen:
            yield f'{path}.hostAliases[{index}].ip: duplicate ip "{alias["ip"]}"'
        seen.add(alias["ip"])
    seen = set()
    secrets = spec.get("imagePullSecrets", ())
    for index, secret in enumerate(secrets):
        if secret.get("name", "") in seen:
            yield f'{path}.imagePullSecrets[{index}].name: duplicate name "{secret.get("name", "")}"'
        seen.add(secret.get("name", ""))
    for index, secret in enumerate(secrets):
        if not secret.get("name"):
            yield f'{path}.imagePullSecrets[{index}].name: invalid empty name ""'


def _containers(spec: Object, annotations: dict[str, str], prefix: str, *, is_template: bool) -> Iterator[str]:
    for container, where in every_container(spec, f"{prefix}spec"):
        context = container.get("securityContext", {})
        key = SECCOMP_CONTAINER + container["name"]
        if annotations and key in annotations and "seccompProfile" not in context:
            yield f"{prefix}metadata.annotations[{key}]: {SECCOMP_MESSAGE}"
        key = APP_ARMOR + container["name"]
        if annotations and is_template and key in annotations and "appArmorProfile" not in context:
            yield f"{prefix}metadata.annotations[{key}]: {APP_ARMOR_MESSAGE}"
        resources = container["resources"]
        if resources:
            for name in ("memory", "ephemeral-storage"):
                for which in ("limits", "requests"):
                    yield from fraction(resources.get(which, {}), name, f"{where}.resources.{which}")
        if len(container.get("env", ())) > 1:
            yield from _hidden_variables(container["env"], f"{where}.env")
    yield from _ports(every_container(spec, f"{prefix}spec"))


def _hidden_variables(env: list[Object], path: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, variable in enumerate(env):
        name, value, ref = variable["name"], variable.get("value", ""), f"$({variable['name']})"
        if name in seen and ("valueFrom" in variable or value == ref or ref not in value):
            yield f'{path}[{index}]: hides previous definition of "{name}", which may be dropped when using apply'
        seen.add(name)


def _ports(containers: Iterable[tuple[Object, str]]) -> Iterator[str]:
    every = [
        (port, f"{where}.ports[{index}]")
        for container, where in containers
        for index, port in enumerate(container.get("ports", ()))
    ]
    if len(every) < 2 and not any("hostIP" in port for port, _ in every):
        return
    earlier: dict[tuple[int, str], list[tuple[Object, str]]] = {}
    for port, where in every:
        if port.get("hostIP") and not port.get("hostPort"):
            shown = (
                f"{{Name:{port.get('name', '')} HostPort:0 ContainerPort:{port['containerPort']} "
                f"Protocol:{port['protocol']} HostIP:{port['hostIP']}}}"
            )
            yield f"{where}: hostIP set without hostPort: {shown}"
        others = earlier.setdefault((port["containerPort"], port["protocol"]), [])
        for other, at in others:
            if kind := _clash(port, other):
                yield f"{where}: {kind} port definition with {at}"
        others.append((port, where))
    named: dict[str, str] = {}
    for port, where in every:
        if name := port.get("name"):
            if name in named:
                at = named[name]
                yield (
                    f'{where}: duplicate port name "{name}" with {at}, '
                    f"services and probes that select ports by name will use {at}"
                )
            else:
                named[name] = where


def _clash(port: Object, other: Object) -> str:
    mine, theirs = (p.get("hostPort", 0) for p in (port, other))
    ip, other_ip = (p.get("hostIP", "") for p in (port, other))
    if (ip, mine) == (other_ip, theirs):
        return "duplicate"
    if not mine or not theirs:
        return "overlapping"
    return "dangerously ambiguous" if mine == theirs and (not ip or not other_ip) else ""


def _null_selectors(affinity: Object, path: str) -> Iterator[str]:
    for key in ("podAffinity", "podAntiAffinity"):
        for index, term in enumerate(affinity.get(key, {}).get(REQUIRED, ())):
            if "labelSelector" not in term:
                yield f"{path}.{key}.{REQUIRED}[{index}].labelSelector: {NULL_SELECTOR}"
        for index, weighted in enumerate(affinity.get(key, {}).get(PREFERRED, ())):
            if "labelSelector" not in weighted["podAffinityTerm"]:
                yield f"{path}.{key}.{PREFERRED}[{index}].podAffinityTerm.labelSelector: {NULL_SELECTOR}"
