"""DefaultTolerationSeconds: a Pod stays for five minutes on a node that has fallen silent."""

from podo.server.admission.base import PODS, Mutating, written
from podo.server.admission_point import Attributes

TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
NO_EXECUTE = "NoExecute"
SECONDS = 300


class DefaultTolerationSeconds(Mutating):
    """Adds tolerations of the two taints that drive Pods from silent nodes, where a Pod has none of them."""

    resources = frozenset({PODS})

    async def mutate(self, attributes: Attributes) -> None:
        pod = written(attributes)
        if pod is None:
            return
        tolerations = pod["spec"].get("tolerations") or []
        missing = [
            taint
            for taint in TAINTS
            if not any(
                (t.get("key") or taint) == taint and (t.get("effect") or NO_EXECUTE) == NO_EXECUTE for t in tolerations
            )
        ]
        added = [
            {"key": taint, "operator": "Exists", "effect": NO_EXECUTE, "tolerationSeconds": SECONDS}
            for taint in missing
        ]
        if added:
            pod["spec"]["tolerations"] = [*tolerations, *added]
