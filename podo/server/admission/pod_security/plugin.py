"""PodSecurity: Pods meet the standard that their namespace enforces; who makes them is warned of what they lack."""

from typing import Any

import msgspec

from podo.api.field_errors import invalid_object
from podo.api.types.core_v1 import Namespace, Pod
from podo.server.admission.base import PODS, GroupResource, Validating, group_resource, refuse
from podo.server.admission.lookup import Lookup
from podo.server.admission.pod_security.checks import detailed, refusals
from podo.server.admission.pod_security.configuration import NO_SETTINGS, Settings, ignored
from podo.server.admission.pod_security.levels import PRIVILEGED, Standard, policy_of, stricter
from podo.server.admission.pod_security.subject import Subject
from podo.server.admission_point import Attributes, Operation
from podo.server.strategy import Object

NAMESPACES = ("", "namespaces")
TEMPLATES: dict[GroupResource, tuple[str, ...]] = {
    ("", "podtemplates"): ("template",),
    ("", "replicationcontrollers"): ("spec", "template"),
    ("apps", "daemonsets"): ("spec", "template"),
    ("apps", "deployments"): ("spec", "template"),
    ("apps", "replicasets"): ("spec", "template"),
    ("apps", "statefulsets"): ("spec", "template"),
    ("batch", "jobs"): ("spec", "template"),
    ("batch", "cronjobs"): ("spec", "jobTemplate", "spec", "template"),
}
IGNORED = frozenset({"exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"})
MOST_CHECKED = 3000
"""How many Pods are looked at when a namespace begins to enforce more."""


class PodSecurity(Validating):
    """For Pods, what makes them, and namespaces."""

    resources = frozenset({PODS, NAMESPACES, *TEMPLATES})

    def __init__(self, lookup: Lookup, settings: Settings = NO_SETTINGS) -> None:
        self._lookup, self._settings = lookup, settings

    async def validate(self, attributes: Attributes) -> None:
        """Raises Forbidden for a Pod that does not meet the standard, Invalid for labels that set none."""
        if attributes.obj is None or attributes.operation not in (Operation.CREATE, Operation.UPDATE):
            return
        resource = group_resource(attributes)
        if resource == PODS:
            if attributes.subresource not in IGNORED and _matters(attributes):
                await self._check(attributes, attributes.obj, enforce=True)
        elif not attributes.subresource and resource == NAMESPACES:
            await self._namespace(attributes, attributes.obj)
        elif not attributes.subresource and (template := _at(attributes.obj, TEMPLATES[resource])) is not None:
            await self._check(attributes, template, enforce=False)

    async def _check(self, attributes: Attributes, pod: Object, *, enforce: bool) -> None:
        note = "pod-security.kubernetes.io/"
        if exempt := self._settings.exempt(attributes.namespace, attributes.ctx.user.name):
            attributes.ctx.annotate(f"{note}exempt", exempt)
            return
        namespace = await self._lookup.find(Namespace, attributes.namespace)
        policy, _ = policy_of(namespace.metadata.labels if namespace is not None else {}, self._settings.defaults)
        if policy.allows_everything:
            return
        subject = Subject(pod.get("metadata") or {}, pod.get("spec") or {})
        if subject.spec.get("runtimeClassName") in self._settings.exemptions.runtime_classes:
            attributes.ctx.annotate(f"{note}exempt", "runtimeClass")
            return
        if enforce:
            attributes.ctx.annotate(f"{note}enforce-policy", str(policy.enforce))
        if found := refusals(policy.audit, subject):
            text = f'would violate PodSecurity "{policy.audit}": {detailed(found)}'
            attributes.ctx.annotate(f"{note}audit-violations", text)
        if enforce and (found := refusals(policy.enforce, subject)):
            refuse(attributes, f'violates PodSecurity "{policy.enforce}": {detailed(found)}')
        if found := refusals(policy.warn, subject):
            attributes.ctx.warn(f'would violate PodSecurity "{policy.warn}": {detailed(found)}')

    async def _namespace(self, attributes: Attributes, obj: Object) -> None:
        defaults, labels, old = self._settings.defaults, obj["metadata"].get("labels") or {}, attributes.old
        policy, errors = policy_of(labels, defaults)
        before, old_errors = policy_of((old["metadata"].get("labels") or {}) if old is not None else {}, defaults)
        if errors and errors != (old_errors if old is not None else []):
            raise invalid_object("", "Namespace", attributes.name, errors)
        new, was = policy.enforce, before.enforce
        exempt = attributes.name in self._settings.exemptions.namespaces
        if old is not None:
            if new == was or new.level == PRIVILEGED:
                return
            if new.minor == was.minor and not stricter(new.level, was.level):
                return
        if exempt and (text := ignored(attributes.name, policy, defaults, labels)):
            attributes.ctx.warn(text)
        if exempt or old is None:
            return
        for text in violations(attributes.name, new, await self._pods(attributes.name)):
            attributes.ctx.warn(text)

    async def _pods(self, namespace: str) -> list[Pod]:
        exempt = self._settings.exemptions.runtime_classes
        return [p for p in await self._lookup.all(Pod, namespace) if p.spec.runtime_class_name not in exempt]


def _at(obj: Object, path: tuple[str, ...]) -> Object | None:
    found: Any = obj
    for field in path:
        found = (found or {}).get(field)
    return found  # type: ignore[no-any-return]


def _matters(attributes: Attributes) -> bool:
    """Whether an update of a Pod changes containers; nothing else that is checked can change."""
    if attributes.operation is Operation.CREATE:
        return True
    new, old = (attributes.obj or {}).get("spec") or {}, (attributes.old or {}).get("spec") or {}

    def images(spec: Object, field: str) -> list[tuple[str, str]]:
        return [(c.get("name", ""), c.get("image", "")) for c in spec.get(field) or ()]

    for field in ("containers", "initContainers"):
        if images(new, field) != images(old, field):
            return True
    return not set(images(new, "ephemeralContainers")) <= set(images(old, "ephemeralContainers"))


def violations(namespace: str, standard: Standard, pods: list[Pod]) -> list[str]:
    """Warnings about Pods that are there already."""
    ordered = prioritized(pods)
    by_reason: dict[str, list[str]] = {}
    for pod in ordered[:MOST_CHECKED]:
        plain = msgspec.to_builtins(pod)
        found = refusals(standard, Subject(plain.get("metadata") or {}, plain.get("spec") or {}))
        if found:
            by_reason.setdefault(", ".join(refusal.reason for refusal in found), []).append(pod.metadata.name)
    texts = []
    if len(ordered) > MOST_CHECKED:
        only = f"only checked against the first {MOST_CHECKED} of {len(ordered)} existing pods"
        texts.append(f"new PodSecurity enforce level {only}")
    if by_reason:
        texts.append(f'existing pods in namespace "{namespace}" violate the new PodSecurity enforce level "{standard}"')
    return texts + sorted(f"{_who(names)}: {reason}" for reason, names in by_reason.items())


def _who(names: list[str]) -> str:
    first, others = min(names), len(names) - 1
    if not others:
        return first
    return f"{first} (and {others} other pod{'' if others == 1 else 's'})"


def prioritized(pods: list[Pod]) -> list[Pod]:
    """One Pod of each controller first, then the rest."""
    seen: set[str] = set()
    first: list[Pod] = []
    rest: list[Pod] = []
    for pod in pods:
        owner = next((ref.uid for ref in pod.metadata.owner_references if ref.controller), "")
        (rest if owner and owner in seen else first).append(pod)
        seen.add(owner)
    return first + rest
