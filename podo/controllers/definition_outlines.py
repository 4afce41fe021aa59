"""CustomResourceDefinitions with their schemas, which are most of them, left as they came: JSON that is seldom read."""

from msgspec import Raw, Struct

from podo.api import scheme
from podo.api.types.apiextensions_v1 import (
    CustomResourceDefinition,
    CustomResourceDefinitionNames,
    CustomResourceDefinitionStatus,
    CustomResourceSubresources,
)
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Kind


class Version(Struct, frozen=True, kw_only=True):
    """A version of the resource that a definition adds."""

    name: str = ""
    served: bool = False
    storage: bool = False
    subresources: CustomResourceSubresources | None = None
    schema: Raw = Raw()  # a view of the bytes that the API server keeps anyway


class Outline(Struct, frozen=True, kw_only=True):
    """The spec of a definition."""

    group: str = ""
    names: CustomResourceDefinitionNames | None = None
    scope: str = ""
    versions: tuple[Version, ...] = ()


class DefinitionOutline(Struct, frozen=True, kw_only=True):
    """A definition. To change one, take the whole of it."""

    metadata: ObjectMeta = ObjectMeta()
    spec: Outline = Outline()
    status: CustomResourceDefinitionStatus = CustomResourceDefinitionStatus()


DEFINITIONS = Kind(scheme.resource_of(CustomResourceDefinition), DefinitionOutline)
