"""Which resources the cluster serves: the built-in ones, and those that CustomResourceDefinitions add."""

from collections.abc import Iterable
from typing import Any

from podo.api import resources
from podo.api.resources import Resource, Subresource
from podo.client.informers import CachedClient
from podo.controllers.definition_outlines import DEFINITIONS, DefinitionOutline

SCALE = Subresource(kind="Scale", group="autoscaling", version="v1", verbs=("get", "patch", "update"), namespaced=True)
COPIES = frozenset({("events.k8s.io", "events")})  # the same objects as those of another group


class ServedResources:
    """The resources as they are now."""

    def __init__(self, client: CachedClient) -> None:
        self._definitions = client.informer(DEFINITIONS)

    def kept(self) -> list[Resource]:
        """What has objects that can be listed and deleted, each in one of its versions."""
        found: dict[tuple[str, str], Resource] = {}
        for resource in [*resources.built_in(), *self._custom()]:
            place = (resource.group, resource.plural)
            if {"list", "watch", "delete"} <= {*resource.verbs} and place not in COPIES:
                found.setdefault(place, resource)
        return list(found.values())

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource whose objects say this of themselves."""
        group, version = resources.split_api_version(api_version)
        if found := resources.by_kind(group, version, kind):
            return found
        of_kind = (r for r in self._custom() if (r.group, r.version, r.kind) == (group, version, kind))
        return next(of_kind, None)

    def by_group(self, group: str, kind: str) -> Resource | None:
        """The resource of a kind in whichever version of its group is preferred."""
        return next((r for r in self.kept() if (r.group, r.kind) == (group, kind)), None)

    def _custom(self) -> Iterable[Resource]:
        for definition in self._definitions:
            if is_established(definition):
                yield from resources_of(definition)


def is_established(definition: DefinitionOutline) -> bool:
    """Whether its resource is served."""
    return any(c.type == "Established" and c.status == "True" for c in definition.status.conditions)


def resources_of(definition: DefinitionOutline) -> list[Resource]:
    """The resource in its served versions, the one that is stored first."""
    names: Any = definition.status.accepted_names or definition.spec.names
    if names is None:
        return []
    versions = sorted((v for v in definition.spec.versions if v.served), key=lambda v: not v.storage)
    return [
        Resource(
            group=definition.spec.group,
            version=version.name,
            kind=names.kind,
            plural=names.plural,
            namespaced=definition.spec.scope == "Namespaced",
            verbs=resources.CUSTOM_VERBS,
            subresources={"scale": SCALE} if version.subresources and version.subresources.scale else {},
        )
        for version in versions
    ]
