"""Services: fields that a change of type makes meaningless are dropped. Allocation is `podo.server.allocation`'s."""

from podo.server.allocation.service_fields import drop_unneeded
from podo.server.context import Context
from podo.server.strategy import Object, Strategy


class ServiceStrategy(Strategy):
    """Keeps the linked fields together."""

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        drop_unneeded(obj["spec"], old["spec"])
        if obj["spec"].get("type") != "LoadBalancer":
            obj["status"] = {**(obj.get("status") or {}), "loadBalancer": {}}
