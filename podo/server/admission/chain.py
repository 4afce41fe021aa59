"""Several admission plug-ins as one."""

from collections.abc import Sequence

from podo.server.admission.base import GroupResource, Plugin, group_resource
from podo.server.admission_point import Attributes, Operation


class Chain:
    """Asks in order; the first refusal counts.

    Where a mutating plug-in says so (`Attributes.again`), all are asked once more: they may want to act on what those
    behind them have changed.
    """

    def __init__(self, plugins: Sequence[Plugin], connecting: Sequence[Plugin] = ()) -> None:
        """`connecting` are those of the plug-ins that are asked about connections (exec, proxy) as well."""
        self._plugins, self._connecting = tuple(plugins), tuple(connecting)
        self._by_resource: dict[GroupResource, tuple[Plugin, ...]] = {}

    def _concerned(self, attributes: Attributes) -> tuple[Plugin, ...]:
        if attributes.operation is Operation.CONNECT:
            return self._connecting
        resource = group_resource(attributes)
        found = self._by_resource.get(resource)
        if found is None:
            found = tuple(p for p in self._plugins if p.resources is None or resource in p.resources)
            self._by_resource[resource] = found
        return found

    async def mutate(self, attributes: Attributes) -> None:
        concerned = self._concerned(attributes)
        for plugin in concerned:
            await plugin.mutate(attributes)
        if attributes.again:
            attributes.round += 1
            for plugin in concerned:
                await plugin.mutate(attributes)

    async def validate(self, attributes: Attributes) -> None:
        for plugin in self._concerned(attributes):
            await plugin.validate(attributes)
