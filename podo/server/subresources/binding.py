"""A Pod is given to a node: POST of a Binding to pods/binding, or to bindings."""

from podo.api.errors import BadRequest, Conflict
from podo.api.timestamps import format_time
from podo.server.admission_point import AdmitAll
from podo.server.context import Context
from podo.server.operations import Target
from podo.server.registry.failures import unclassified
from podo.server.registry.generic import Registry
from podo.server.registry.kinds import Served
from podo.server.strategy import Object
from podo.server.subresources.below import SUCCESS, NoVerbs


class Bindings(NoVerbs):
    """Sets spec.nodeName once; labels and annotations of the Binding go to the Pod."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def create(self, ctx: Context, target: Target, obj: Object) -> Object:
        """Bind the Pod. Raises NotFound, Conflict."""
        check_binding(obj)
        meta, node = obj.get("metadata") or {}, obj["target"]["name"]
        name = target.name or meta.get("name", "")
        if meta.get("name") != name:
            raise BadRequest("name in URL does not match name in Binding object")

        async def change(pod: Object, revision: int) -> Object:
            bind(pod, node, meta, format_time(ctx.now))
            return pod

        uid = meta.get("uid", "")
        await self._registry.update(ctx, target.served, name, change, uid=uid, admission=AdmitAll())
        return dict(SUCCESS)


class BindingQuestions:
    """POST to bindings, which stores nothing but binds the Pod that it names."""

    def __init__(self, bindings: Bindings, pods: Served) -> None:
        self._bindings, self._pods = bindings, pods

    async def ask(self, ctx: Context, served: Served, obj: Object) -> Object:
        """Bind."""
        ctx.subresource = "binding"
        return await self._bindings.create(ctx, Target(self._pods, (obj.get("metadata") or {}).get("name", "")), obj)


def check_binding(obj: Object) -> None:
    """Refuse a Binding to what is no node. Raises an unclassified APIError."""
    target, errors = obj.get("target") or {}, []
    if target.get("kind") not in (None, "", "Node"):
        errors.append(f'target.kind: Unsupported value: "{target["kind"]}": supported values: "Node", "<empty>"')
    if not target.get("name"):
        errors.append("target.name: Required value")
    if errors:
        raise unclassified(errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]")


def bind(pod: Object, node: str, meta: Object, now: str) -> None:
    """Put the Pod on the node. Raises Conflict where that cannot be."""
    own, spec = pod["metadata"], pod["spec"]
    name = own["name"]
    if own.get("deletionTimestamp"):
        raise _refused(name, f"pod {name} is being deleted, cannot be assigned to a host")
    if spec.get("nodeName"):
        raise _refused(name, f'pod {name} is already assigned to node "{spec["nodeName"]}"')
    if spec.get("schedulingGates"):
        raise _refused(name, f"pod {name} has non-empty .spec.schedulingGates")
    spec["nodeName"] = node
    for field in ("annotations", "labels"):
        if meta.get(field):
            own[field] = {**(own.get(field) or {}), **meta[field]}
    status = pod.setdefault("status", {})
    others = [c for c in status.get("conditions") or () if c.get("type") != "PodScheduled"]
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
    status["conditions"] = [*others, scheduled]
    status.pop("nominatedNodeName", None)


def _refused(name: str, why: str) -> Conflict:
    text = f'Operation cannot be fulfilled on pods/binding "{name}": {why}'
    return Conflict(text, name=name, kind="pods/binding")
