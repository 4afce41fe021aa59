"""The versions of a kind, as field ownership needs them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from podo.api import schema as tables

from .fieldset import FieldSet, include, of_paths, recursive_difference
from .typed import schema

Object = dict[str, Any]
Filter = Callable[[FieldSet], FieldSet]


class Versions(Protocol):
    """A kind in every version that is served, by apiVersion: `apps/v1`."""

    def node(self, api_version: str) -> schema.Node | None:
        """The type in that version, None if there is no such version (any more)."""

    def convert(self, obj: Object, api_version: str) -> Object:
        """The object in that version; itself, if it is in it. Only asked for versions that have a node."""

    def empty(self, api_version: str) -> Object:
        """What an object has before anything is set, apiVersion and kind included: `spec: {}` and the like."""


def _as_it_is(obj: Object, api_version: str) -> Object:
    return obj


@dataclass(frozen=True)
class KindVersions:
    """Versions from a table. `blank` is what an object of the kind holds before anything is set."""

    kind: str
    nodes: Mapping[str, schema.Node]
    blank: Object = field(default_factory=dict)
    converter: Callable[[Object, str], Object] = _as_it_is

    def node(self, api_version: str) -> schema.Node | None:
        return self.nodes.get(api_version)

    def convert(self, obj: Object, api_version: str) -> Object:
        return obj if obj.get("apiVersion") == api_version else self.converter(obj, api_version)

    def empty(self, api_version: str) -> Object:
        return {"kind": self.kind, "apiVersion": api_version} | self.blank


def built_in(group: str, version: str, kind: str, blank: Object) -> KindVersions:
    """A built-in kind that is served in one version. Raises KeyError."""
    node = schema.built_in(tables.type_for(group, version, kind).name)
    return KindVersions(kind, {f"{group}/{version}" if group else version: node}, blank)


def excluding(*paths: str) -> Filter:
    """Drops these places, dotted, and all below them: `excluding("spec", "metadata.labels")`."""
    fields = of_paths(*(tuple(f"f:{name}" for name in path.split(".")) for path in paths))
    return lambda owned: recursive_difference(owned, fields)


def including(*paths: str) -> Filter:
    """Keeps only these places and what is below them; `*` stands for any element."""
    patterns = [[name if name == "*" else f"f:{name}" for name in path.split(".")] for path in paths]

    def keep(owned: FieldSet) -> FieldSet:
        return include(owned, of_paths(*(path for pattern in patterns for path in _matches(owned, pattern))))

    return keep


def _matches(owned: FieldSet, pattern: list[str]) -> list[tuple[str, ...]]:
    if not pattern:
        return [()]
    head, rest = pattern[0], pattern[1:]
    elements = [e for e in owned if e != "."] if head == "*" else [head] if head in owned else []
    return [(e, *path) for e in elements for path in _matches(owned[e], rest)]


_STATUS: dict[str, tuple[str, ...]] = {
    "Pod": ("spec", "metadata.deletionTimestamp", "metadata.ownerReferences"),
    "Deployment": ("spec", "metadata.labels"),
    "CertificateSigningRequest": ("spec", "status.conditions"),
}
_WHOLE_METADATA = {"ValidatingAdmissionPolicy", "MutatingAdmissionPolicy", "FlowSchema", "PriorityLevelConfiguration"}
_WHOLE_METADATA |= {"ServiceCIDR", "ResourceClaim", "VolumeAttachment", "CustomResourceDefinition", "APIService"}
_SUBRESOURCES: dict[tuple[str, str], Filter | None] = {
    ("Pod", "ephemeralcontainers"): None,
    ("Pod", "resize"): None,
    ("Namespace", "finalize"): excluding("status"),
    ("CertificateSigningRequest", "approval"): excluding("spec", "status.certificate"),
    ("CertificateSigningRequest", ""): excluding("spec", "status"),
}


def reset_filter(kind: str, subresource: str, has_status: bool) -> Filter | None:
    """What writes to a resource cannot own, since they cannot set it (the strategies' reset fields)."""
    if (kind, subresource) in _SUBRESOURCES:
        return _SUBRESOURCES[kind, subresource]
    if subresource == "status":
        paths = ("spec", "metadata") if kind in _WHOLE_METADATA else _STATUS.get(kind, ("spec",))
        return excluding(*paths)
    return excluding("status") if has_status and not subresource else None
