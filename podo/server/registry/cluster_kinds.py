"""Namespaces and Nodes."""

from collections.abc import Sequence

from podo.server.context import Context
from podo.server.strategy import Object, Strategy
from podo.server.validation.ip import cidr_warnings


class NamespaceStrategy(Strategy):
    """A namespace is held by its own finalizers until what it contains is gone."""

    lingers = True

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        obj["status"] = {"phase": "Active"}
        finalizers = obj["spec"].setdefault("finalizers", [])
        if "kubernetes" not in finalizers:
            finalizers.append("kubernetes")

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        if ctx.subresource != "finalize":
            obj["spec"] = {**obj["spec"], "finalizers": old["spec"].get("finalizers", [])}
            if not obj["spec"]["finalizers"]:
                del obj["spec"]["finalizers"]

    def held(self, obj: Object) -> bool:
        return bool(obj["spec"].get("finalizers"))

    def mark_deleted(self, obj: Object) -> None:
        obj["status"] = {**obj["status"], "phase": "Terminating"}


class NodeStrategy(Strategy):
    """Nodes bring their status along when they register."""

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        _drop_config(obj, None)

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        obj["status"] = old["status"]
        _drop_config(obj, old)

    def prepare_status(self, obj: Object, old: Object, ctx: Context) -> None:
        if "config" not in old["status"]:
            obj["status"].pop("config", None)

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        spec = obj["spec"]
        if old is not None and spec is old["spec"]:
            return ()
        found = ["spec.configSource: the feature is removed"] if "configSource" in spec else []
        if spec.get("externalID"):
            found.append("spec.externalID: this field is deprecated, and is unused by Kubernetes")
        for index, cidr in enumerate(spec.get("podCIDRs", ())):
            found += cidr_warnings(f"spec.podCIDRs[{index}]", cidr)
        return found


def _drop_config(obj: Object, old: Object | None) -> None:
    """The configuration of node agents by ConfigMaps is gone, but for nodes that have it still."""
    for part, key in (("spec", "configSource"), ("status", "config")):
        if old is None or key not in old[part]:
            obj[part] = {k: v for k, v in obj[part].items() if k != key}
