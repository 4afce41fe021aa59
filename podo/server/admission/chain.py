"""Several admission plug-ins as one."""

import time
from collections.abc import Mapping

from podo.server.admission.base import GroupResource, Mutating, Plugin, Validating, group_resource
from podo.server.admission.figures import ADMIT, VALIDATE, AdmissionFigures
from podo.server.admission_point import Attributes, Operation


class Chain:
    """Asks in order; the first refusal counts.

    Where a mutating plug-in says so (`Attributes.again`), all are asked once more: they may want to act on what those
    behind them have changed.
    """

    def __init__(
        self,
        plugins: Mapping[str, Plugin],
        connecting: Mapping[str, Plugin] | None = None,
        figures: AdmissionFigures | None = None,
    ) -> None:
        """By name. `connecting` are those of the plug-ins that are asked about connections (exec, proxy) as well."""
        self._plugins, self._connecting = plugins, tuple((connecting or {}).items())
        self._figures = figures or AdmissionFigures()
        self._by_resource: dict[tuple[GroupResource, str], Named] = {}

    def _concerned(self, attributes: Attributes, kind: str) -> "Named":
        if attributes.operation is Operation.CONNECT:
            return self._connecting
        resource = group_resource(attributes)
        found = self._by_resource.get((resource, kind))
        if found is None:
            found = tuple(
                (name, plugin)
                for name, plugin in self._plugins.items()
                if (plugin.resources is None or resource in plugin.resources) and _acts(plugin, kind)
            )
            self._by_resource[resource, kind] = found
        return found

    async def mutate(self, attributes: Attributes) -> None:
        concerned = self._concerned(attributes, ADMIT)
        await self._ask(concerned, attributes, ADMIT)
        if attributes.again:
            attributes.round += 1
            await self._ask(concerned, attributes, ADMIT)

    async def validate(self, attributes: Attributes) -> None:
        await self._ask(self._concerned(attributes, VALIDATE), attributes, VALIDATE)

    async def _ask(self, concerned: "Named", attributes: Attributes, kind: str) -> None:
        figures, operation, rejected, name = self._figures, attributes.operation.value, True, ""
        began = at = time.perf_counter()
        try:
            for name, plugin in concerned:
                await (plugin.mutate(attributes) if kind is ADMIT else plugin.validate(attributes))
                at, before = time.perf_counter(), at
                figures.plugin(name, kind, operation, at - before, rejected=False)
            rejected = False
        finally:
            if rejected and name:
                figures.plugin(name, kind, operation, time.perf_counter() - at, rejected=True)
            figures.step(kind, operation, began, rejected=rejected)


TRIVIAL: dict[str, tuple[str, type]] = {ADMIT: ("mutate", Validating), VALIDATE: ("validate", Mutating)}


def _acts(plugin: Plugin, kind: str) -> bool:
    """Whether the plug-in does anything of this kind."""
    method, base = TRIVIAL[kind]
    return getattr(type(plugin), method) is not getattr(base, method)


Named = tuple[tuple[str, Plugin], ...]
