"""The scale of custom resources: their definition says where the numbers are."""

from typing import Any

from podo.api.errors import APIError, BadRequest
from podo.server.context import Context
from podo.server.operations import Target
from podo.server.patch.scale import Paths
from podo.server.registry.kinds import Served
from podo.server.strategy import Object
from podo.server.subresources.scale import SHOWN_METADATA, Scales
from podo.server.watchcache.entry import Entry

from .kind import CustomServed
from .strategy import replicas_at


class CustomScales(Scales):
    """A `Below` for custom resources that have a scale."""

    async def show(self, ctx: Context, target: Target, entry: Entry) -> Object:
        """Raises APIError where the object has no number of replicas."""
        owner = target.served.client_form(entry)
        path = _custom(target.served).spec_replicas_path
        if replicas_at(owner, path) is None:
            text = f'Internal error occurred: the spec replicas field "{path}" does not exist'
            raise APIError(text, causes=[{"message": f'the spec replicas field "{path}" does not exist'}])
        return self.shown(target.served, owner)

    def shown(self, served: Served, owner: Object) -> Object:
        scale = _custom(served)
        meta = {name: owner["metadata"][name] for name in SHOWN_METADATA if name in owner["metadata"]}
        replicas = replicas_at(owner, scale.spec_replicas_path)
        status: Object = {"replicas": replicas_at(owner, scale.status_replicas_path) or 0}
        if scale.label_selector_path and (selector := replicas_at(owner, scale.label_selector_path)):
            status["selector"] = selector
        return {
            "kind": "Scale",
            "apiVersion": "autoscaling/v1",
            "metadata": meta,
            "spec": {"replicas": replicas} if replicas else {},
            "status": status,
        }

    def paths(self, served: Served) -> Paths:
        assert isinstance(served, CustomServed)
        found: dict[str, tuple[str, ...] | None] = {}
        for version in served.definition.spec.versions:
            scale = version.subresources.scale if version.subresources is not None else None
            names = scale.spec_replicas_path.removeprefix(".").split(".") if scale is not None else None
            where = tuple(f"f:{name}" for name in names) if names is not None else None
            found[f"{served.resource.group}/{version.name}"] = where
        return found

    def set_replicas(self, served: Served, owner: Object, scale: Object) -> None:
        path = _custom(served).spec_replicas_path
        replicas = (scale.get("spec") or {}).get("replicas")
        if replicas is None and replicas_at(owner, path) is None:
            raise BadRequest(f'the spec replicas field "{path}" cannot be empty')
        *above, last = path.removeprefix(".").split(".")
        place: Any = owner
        for name in above:
            place = place.setdefault(name, {})
        place[last] = replicas or 0


def _custom(served: Served) -> Any:
    assert isinstance(served, CustomServed)
    assert served.scale is not None
    return served.scale
