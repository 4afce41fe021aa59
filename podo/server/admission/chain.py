"""Several admission plug-ins as one."""

from collections.abc import Sequence

from podo.server.admission.base import GroupResource, Plugin, group_resource
from podo.server.admission_point import Attributes


class Chain:
    """Asks in order; the first refusal counts."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self._plugins = tuple(plugins)
        self._by_resource: dict[GroupResource, tuple[Plugin, ...]] = {}

    def _concerned(self, attributes: Attributes) -> tuple[Plugin, ...]:
        resource = group_resource(attributes)
        found = self._by_resource.get(resource)
        if found is None:
            found = tuple(p for p in self._plugins if p.resources is None or resource in p.resources)
            self._by_resource[resource] = found
        return found

    async def mutate(self, attributes: Attributes) -> None:
        for plugin in self._concerned(attributes):
            await plugin.mutate(attributes)

    async def validate(self, attributes: Attributes) -> None:
        for plugin in self._concerned(attributes):
            await plugin.validate(attributes)
