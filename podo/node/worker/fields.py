"""The downward API: fields of a Pod and resources of its containers, as text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

from podo.api import quantity
from podo.api.types.core_v1 import Container, Pod, ResourceFieldSelector
from podo.node.worker.state import all_containers


class UnknownField(Exception):
    """The downward API does not have this field; the text is for the status."""


@dataclass(frozen=True)
class FieldContext:
    """What the Pod object does not say itself: addresses, and what the node can give."""

    host_ips: tuple[str, ...] = ()
    pod_ips: tuple[str, ...] = ()
    allocatable: Mapping[str, str] = field(default_factory=dict)


def pod_field(pod: Pod, path: str, context: FieldContext) -> str:
    """The value of a fieldPath, such as `metadata.labels['a']`. Raises UnknownField."""
    meta, spec = pod.metadata, pod.spec
    name, key = _subscript(path)
    if key is not None:
        table = {"metadata.annotations": meta.annotations, "metadata.labels": meta.labels}.get(name)
        if table is None:
            raise UnknownField(f'fieldPath "{path}" does not support subscript')
        return table.get(key, "")
    first = {"status.podIP": context.pod_ips, "status.hostIP": context.host_ips}
    if path in first:
        return first[path][0] if first[path] else ""
    values = {
        "metadata.name": meta.name,
        "metadata.namespace": meta.namespace,
        "metadata.uid": meta.uid,
        "metadata.labels": _table(meta.labels),
        "metadata.annotations": _table(meta.annotations),
        "spec.nodeName": spec.node_name,
        "spec.serviceAccountName": spec.service_account_name,
        "status.podIPs": ",".join(context.pod_ips),
        "status.hostIPs": ",".join(context.host_ips),
    }
    if path not in values:
        raise UnknownField(f"unsupported fieldPath: {path}")
    return values[path]


def _subscript(path: str) -> tuple[str, str | None]:
    if path.endswith("']") and "['" in path:
        name, _, key = path.removesuffix("']").partition("['")
        return name, key
    return path, None


def _table(entries: Mapping[str, str]) -> str:
    """`key="escaped value"` lines, sorted."""
    return "\n".join(f"{key}={_quoted(value)}" for key, value in sorted(entries.items()))


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\a": "\\a", "\b": "\\b"}
_ESCAPES |= {"\f": "\\f", "\v": "\\v"}


def _quoted(text: str) -> str:
    """As Go's %q has it."""
    return '"' + "".join(_ESCAPES.get(c, c if c.isprintable() else _escape(c)) for c in text) + '"'


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def resource_field(pod: Pod, container: Container, ref: ResourceFieldSelector, context: FieldContext) -> str:
    """A request or limit, divided by the divisor and rounded up; a missing limit is what the node can give."""
    if ref.container_name and ref.container_name != container.name:
        found = next((c for c in all_containers(pod.spec) if c.name == ref.container_name), None)
        if found is None:
            raise UnknownField(f"container {ref.container_name} not found")
        container = found
    which, _, name = ref.resource.partition(".")
    if which not in ("limits", "requests"):
        raise UnknownField(f"unsupported container resource : {ref.resource}")
    resources = container.resources
    limits, requests = (resources.limits, resources.requests) if resources else ({}, {})
    whole = pod.spec.resources.limits if pod.spec.resources else {}
    known = {**context.allocatable, **whole, **limits}
    return divided((known if which == "limits" else requests).get(name, "0"), ref.divisor)


def divided(value: str, divisor: str) -> str:
    """`value` in units of `divisor` ("" or "0": ones), rounded up."""
    unit = quantity.parse(divisor or "1") or Decimal(1)
    return str(int((quantity.parse(value) / unit).to_integral_value(rounding=ROUND_CEILING)))
