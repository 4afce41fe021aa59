"""Which fields a field selector may name, and what they are in an object."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from podo.api.errors import BadRequest
from podo.api.selectors import FieldSelector, FieldTerm
from podo.server.strategy import Object

Value = Callable[[Object], str]
META = ("metadata.name", "metadata.namespace")
ONLY_META = '"{}" is not a known field selector: only "metadata.name", "metadata.namespace"'
UNKNOWN = "field label not supported: {}"


@dataclass(frozen=True)
class Selectable:
    """The fields of one kind beyond name and namespace.

    `aliases` are other names for them, such as those of another version. `refusal` is for names that are no field.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    refusal: str = ONLY_META
    aliases: Mapping[str, str] = field(default_factory=dict)
    only_aliases: bool = False
    """Whether the version has no names but the aliases and those of metadata."""

    def values_of(self, obj: Object) -> dict[str, str]:
        """The values of an object's fields."""
        return {name: value(obj) for name, value in self.values.items()}

    def translated(self, selector: FieldSelector) -> FieldSelector:
        """The selector in our own names. Raises BadRequest for a name that is no field."""
        return FieldSelector(tuple(FieldTerm(self._name(t.path), t.value, t.negated) for t in selector.terms))

    def _name(self, given: str) -> str:
        if given in self.aliases:
            return self.aliases[given]
        if given in META or (given in self.values and not self.only_aliases):
            return given
        raise BadRequest(self.refusal.format(given))


def at(path: str, default: str = "") -> Value:
    """The text at a dotted path; numbers and booleans as Go prints them."""
    names = path.split(".")

    def value(obj: Object) -> str:
        found: object = obj
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        if found is None:
            return default
        return str(found).lower() if isinstance(found, bool) else str(found)

    return value


def _of(*paths: str) -> dict[str, Value]:
    return {path: at(path) for path in paths}


def _pod_addresses(obj: Object) -> str:
    return ",".join(item.get("ip", "") for item in (obj.get("status") or {}).get("podIPs") or ())


def _event_source(obj: Object) -> str:
    return (obj.get("source") or {}).get("component") or obj.get("reportingComponent") or ""


_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_EVENT = _of("reason", "reportingComponent", "type", *(f"involvedObject.{name}" for name in _INVOLVED))
_EVENT["source"] = _event_source
_POD = _of("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName")
_POD |= _of("status.phase", "status.podIP", "status.nominatedNodeName") | {"status.podIPs": _pod_addresses}
_POD["spec.hostNetwork"] = at("spec.hostNetwork", "false")
_REGARDING = {f"regarding.{name}": f"involvedObject.{name}" for name in _INVOLVED}
_REGARDING |= {"reason": "reason", "reportingController": "reportingComponent", "type": "type"}
_NO_SLICE = "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: {}"

SELECTABLE: dict[tuple[str, str], Selectable] = {
    ("", "Event"): Selectable(_EVENT, UNKNOWN),
    ("", "Namespace"): Selectable(_of("status.phase"), UNKNOWN),
    ("", "Node"): Selectable({"spec.unschedulable": at("spec.unschedulable", "false")}, UNKNOWN),
    ("", "Pod"): Selectable(_POD, UNKNOWN, {"spec.host": "spec.nodeName"}),
    ("", "ReplicationController"): Selectable({"status.replicas": at("status.replicas", "0")}, UNKNOWN),
    ("", "Secret"): Selectable(_of("type"), UNKNOWN),
    ("", "Service"): Selectable(_of("spec.clusterIP", "spec.type"), UNKNOWN),
    ("batch", "Job"): Selectable(
        {"status.successful": at("status.succeeded", "0")}, 'field label "{}" not supported for Job'
    ),
    ("certificates.k8s.io", "CertificateSigningRequest"): Selectable(_of("spec.signerName"), UNKNOWN),
    ("events.k8s.io", "Event"): Selectable(_EVENT, UNKNOWN, _REGARDING, only_aliases=True),
    ("resource.k8s.io", "ResourceSlice"): Selectable(_of("spec.driver", "spec.nodeName"), _NO_SLICE),
}
"""By (group, kind) of the request."""

NO_FIELDS = Selectable()


def selectable_of(group: str, kind: str) -> Selectable:
    """The selectable fields of a kind."""
    return SELECTABLE.get((group, kind), NO_FIELDS)
