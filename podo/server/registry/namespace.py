"""Namespaces: held by spec.finalizers until what is in them is gone."""

from podo.server.context import Context
from podo.server.strategy import Object, Strategy

KUBERNETES = "kubernetes"


class NamespaceStrategy(Strategy):
    """Keeps the finalizer of the namespace controller, and the phase."""

    lingers = True

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        obj["status"] = {"phase": "Active"}
        finalizers = (obj.get("spec") or {}).get("finalizers") or []
        if KUBERNETES not in finalizers:
            obj["spec"] = {**(obj.get("spec") or {}), "finalizers": [*finalizers, KUBERNETES]}

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        if ctx.subresource == "finalize":
            obj["status"] = old["status"]
            return
        obj["spec"] = {**(obj.get("spec") or {}), "finalizers": (old.get("spec") or {}).get("finalizers")}
        if not obj["spec"]["finalizers"]:
            del obj["spec"]["finalizers"]
        obj["status"] = old["status"]

    def held(self, obj: Object) -> bool:
        return bool((obj.get("spec") or {}).get("finalizers"))

    def mark_deleted(self, obj: Object) -> None:
        obj["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}
