"""EndpointSlices, Ingresses, network policies, leases; budgets; certificate requests; devices."""

from collections.abc import Iterator, Sequence
from typing import Any

from podo.api.timestamps import format_time
from podo.server.context import Context
from podo.server.registry.node_labels import deprecated_label
from podo.server.strategy import Object, Strategy
from podo.server.validation.ip import cidr_warnings, ip_warnings

MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
CONTROLLERS = ("endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io")
INGRESS_CLASS = "kubernetes.io/ingress.class"


class EndpointSliceStrategy(Strategy):
    """A change of labels counts too. Topology labels of old clients are not taken."""

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        _drop_topology(obj)

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        rest = {k: v for k, v in obj.items() if k != "metadata"}
        changed = rest != {k: v for k, v in old.items() if k != "metadata"}
        if changed or obj["metadata"].get("labels", {}) != old["metadata"].get("labels", {}):
            obj["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        if obj.get("endpoints") != old.get("endpoints"):
            _drop_topology(obj)

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        found: list[str] = []
        if old is None and obj.get("addressType") == "FQDN":
            found.append("spec.addressType: FQDN endpoints are deprecated")
        if obj["metadata"].get("labels", {}).get(MANAGED_BY) in CONTROLLERS:
            return found
        for index, endpoint in enumerate(obj.get("endpoints") or ()):
            for position, address in enumerate(endpoint.get("addresses") or ()):
                found += ip_warnings(f"endpoints[{index}].addresses[{position}]", address)
        return found


def _drop_topology(obj: Object) -> None:
    for endpoint in obj.get("endpoints") or ():
        endpoint.pop("deprecatedTopology", None)


class IngressStrategy(Strategy):
    """The class once stood in an annotation."""

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        if old is not None:
            ingress = obj["status"].get("loadBalancer", {}).get("ingress", ())
            return [
                text
                for index, one in enumerate(ingress)
                if one.get("ip") and obj["status"] != old["status"]
                for text in ip_warnings(f"status.loadBalancer.ingress[{index}]", one["ip"])
            ]
        annotated = INGRESS_CLASS in obj["metadata"].get("annotations", {})
        if annotated and "ingressClassName" not in obj["spec"]:
            return [f"annotation \"{INGRESS_CLASS}\" is deprecated, please use 'spec.ingressClassName' instead"]
        return ()


class NetworkPolicyStrategy(Strategy):
    """Sloppy CIDRs are taken, with a warning."""

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        return list(_policy_warnings(obj["spec"]))


def _policy_warnings(spec: Object) -> Iterator[str]:
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction, ())):
            for position, peer in enumerate(rule.get(peers, ())):
                block, path = peer.get("ipBlock"), f"spec.{direction}[{index}].{peers}[{position}].ipBlock"
                if block is None:
                    continue
                yield from cidr_warnings(f"{path}.cidr", block.get("cidr", ""))
                for number, cidr in enumerate(block.get("except", ())):
                    yield from cidr_warnings(f"{path}.except[{number}]", cidr)


class LeaseStrategy(Strategy):
    """Leases are made by the first who holds them. Coordinated election is a feature that is off."""

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        for field in ("strategy", "preferredHolder"):
            obj["spec"].pop(field, None)

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        for field in ("strategy", "preferredHolder"):
            if field not in old["spec"]:
                obj["spec"].pop(field, None)


class RuntimeClassStrategy(Strategy):
    """Runtimes may be bound to nodes by labels."""

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        selector = obj.get("scheduling", {}).get("nodeSelector", {})
        return [f"scheduling.nodeSelector: {text}" for key in selector if (text := deprecated_label(key))]


class CertificateRequestStrategy(Strategy):
    """Who asks is written down by the server. Only conditions and the certificate change."""

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        spec = obj["spec"]
        for field in ("username", "uid", "groups", "extra"):
            spec.pop(field, None)
        user = ctx.user
        spec |= {"username": user.name} if user.name else {}
        spec |= {"uid": user.uid} if user.uid else {}
        spec |= {"groups": list(user.groups)} if user.groups else {}
        spec |= {"extra": {key: list(values) for key, values in user.extra.items()}} if user.extra else {}

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        obj["spec"] = old["spec"]
        if ctx.subresource == "approval":
            conditions = obj["status"].get("conditions")
            obj["status"] = {k: v for k, v in old["status"].items() if k != "conditions"}
            if conditions:
                obj["status"]["conditions"] = conditions
            _stamp(obj, old, ctx)

    def prepare_status(self, obj: Object, old: Object, ctx: Context) -> None:
        for kind in ("Approved", "Denied"):
            _keep_conditions(obj, old, kind)
        _stamp(obj, old, ctx)


def _keep_conditions(obj: Object, old: Object, kind: str) -> None:
    """Approval and denial are not for who reports the status: their conditions stay as they are stored."""
    conditions: list[Any] = obj["status"].get("conditions", [])
    stored = [c for c in old["status"].get("conditions", ()) if c["type"] == kind]
    places = [index for index, c in enumerate(conditions) if c["type"] == kind]
    if len(places) == len(stored):  # one more or less is for validation to refuse
        for place, condition in zip(places, stored, strict=True):
            conditions[place] = condition


def _stamp(obj: Object, old: Object, ctx: Context) -> None:
    """Set the times of conditions that a client left out."""
    now = format_time(ctx.now)
    stored = old["status"].get("conditions", ())
    for condition in obj["status"].get("conditions", ()):
        if not condition.get("lastUpdateTime"):
            condition["lastUpdateTime"] = now
        if not condition.get("lastTransitionTime"):
            same = (
                c["lastTransitionTime"]
                for c in stored
                if (c["type"], c["status"]) == (condition["type"], condition["status"]) and c.get("lastTransitionTime")
            )
            condition["lastTransitionTime"] = next(same, now)


class ResourceSliceStrategy(Strategy):
    """Devices of a node or a driver. A taint was added when it came, unless it says otherwise.

    Lists as attributes, and resources that nodes hand out, are features that are off by default.
    """

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        _note_taints(obj, ctx)
        _drop_disabled(obj["spec"])

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        _note_taints(obj, ctx)
        if not _has_disabled(old["spec"]):
            _drop_disabled(obj["spec"])

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        driver = obj["spec"].get("driver", "")
        if driver == driver.lower():
            return ()
        return [f'spec.driver: driver names should be lowercase; "{driver}" contains uppercase characters']


def _note_taints(obj: Object, ctx: Context) -> None:
    for device in obj["spec"].get("devices", ()):
        for taint in device.get("taints", ()):
            taint.setdefault("timeAdded", format_time(ctx.now))


LISTS = frozenset({"bools", "ints", "strings", "versions"})
MAPPINGS = "nodeAllocatableResourceMappings"


def _has_disabled(spec: Object) -> bool:
    return any(
        MAPPINGS in device or any(LISTS & attribute.keys() for attribute in device.get("attributes", {}).values())
        for device in spec.get("devices", ())
    )


def _drop_disabled(spec: Object) -> None:
    for device in spec.get("devices", ()):
        device.pop(MAPPINGS, None)
        for attribute in device.get("attributes", {}).values():
            for name in LISTS & attribute.keys():
                del attribute[name]
