"""Services: what a change of type takes along, and warnings."""

from collections.abc import Iterator, Sequence

from podo.server.allocation.service_fields import drop_unneeded
from podo.server.context import Context
from podo.server.strategy import Object, Strategy
from podo.server.validation.core.service import HINTS, TOPOLOGY_MODE
from podo.server.validation.ip import cidr_warnings, ip_warnings


class ServiceStrategy(Strategy):
    """Addresses and ports are allocated before this, see `service_allocation`."""

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        drop_unneeded(obj["spec"], old["spec"])
        if obj["spec"].get("type") != "LoadBalancer":
            obj["status"] = {**obj["status"], "loadBalancer": {}}

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        return list(service_warnings(obj))


def service_warnings(obj: Object) -> Iterator[str]:
    """What to warn about in a Service that was accepted."""
    spec, kind = obj["spec"], obj["spec"].get("type")
    if HINTS in obj["metadata"].get("annotations", {}):
        yield f"annotation {HINTS} is deprecated, please use {TOPOLOGY_MODE} instead"
    headless = kind == "ClusterIP" and spec.get("clusterIP") == "None"
    if spec.get("clusterIP") not in (None, "", "None"):
        for index, address in enumerate(spec.get("clusterIPs", ())):
            yield from ip_warnings(f"spec.clusterIPs[{index}]", address)
    external = spec.get("externalIPs", ())
    if headless:
        if spec.get("loadBalancerIP"):
            yield "spec.loadBalancerIP is ignored for headless services"
        if external:
            yield "spec.externalIPs is ignored for headless services"
        if spec.get("sessionAffinity") != "None":
            yield "spec.SessionAffinity is ignored for headless services"
    for index, address in enumerate(external):
        yield from ip_warnings(f"spec.externalIPs[{index}]", address)
    if external and not headless and kind != "ExternalName":
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    if address := spec.get("loadBalancerIP"):
        yield from ip_warnings("spec.loadBalancerIP", address)
    for index, cidr in enumerate(spec.get("loadBalancerSourceRanges", ())):
        yield from cidr_warnings(f"spec.loadBalancerSourceRanges[{index}]", cidr)
    if kind == "ExternalName" and external:
        yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    if kind != "ExternalName" and spec.get("externalName"):
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'
    if spec.get("trafficDistribution") == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'
