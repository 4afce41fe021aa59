"""Several admission plug-ins as one."""

from collections.abc import Sequence

from podo.server.admission_point import Admission, Attributes


class Chain:
    """Asks in order; the first refusal counts."""

    def __init__(self, plugins: Sequence[Admission]) -> None:
        self._plugins = tuple(plugins)

    async def mutate(self, attributes: Attributes) -> None:
        for plugin in self._plugins:
            await plugin.mutate(attributes)

    async def validate(self, attributes: Attributes) -> None:
        for plugin in self._plugins:
            await plugin.validate(attributes)
