"""What plug-ins have in common."""

from typing import NoReturn, Protocol

from podo.api.errors import Forbidden
from podo.server.admission_point import Attributes, Operation
from podo.server.strategy import Object

GroupResource = tuple[str, str]
"""Group and plural name."""
PODS: GroupResource = ("", "pods")


class Plugin(Protocol):
    """An admission plug-in: an `Admission` that says which resources it is for."""

    @property
    def resources(self) -> frozenset[GroupResource] | None:
        """None is all of them."""
        ...

    async def mutate(self, attributes: Attributes) -> None: ...

    async def validate(self, attributes: Attributes) -> None: ...


class Mutating:
    """A plug-in that has nothing to validate."""

    async def validate(self, attributes: Attributes) -> None:
        """All is said already."""


class Validating:
    """A plug-in that changes nothing."""

    async def mutate(self, attributes: Attributes) -> None:
        """Left as it is."""


def group_resource(attributes: Attributes) -> GroupResource:
    """What the request is about."""
    return attributes.resource.group, attributes.resource.plural


def created(attributes: Attributes) -> Object | None:
    """The object, if the request creates one (and not a subresource)."""
    if attributes.operation is Operation.CREATE and not attributes.subresource:
        return attributes.obj
    return None


def written(attributes: Attributes) -> Object | None:
    """The object, if the request creates or updates one (and not a subresource)."""
    if attributes.operation in (Operation.CREATE, Operation.UPDATE) and not attributes.subresource:
        return attributes.obj
    return None


def shown_name(attributes: Attributes) -> str:
    """The name that messages give: of the request, of the object, or what it will be generated from."""
    metadata = (attributes.obj or {}).get("metadata") or {}
    return str(attributes.name or metadata.get("name") or metadata.get("generateName") or "Unknown")


def refusal(attributes: Attributes, why: str) -> Forbidden:
    """The 403 of a plug-in."""
    resource, name = attributes.resource, shown_name(attributes)
    group = {"group": resource.group} if resource.group else {}
    text = f'{resource.group_resource} "{name}" is forbidden: {why}'
    return Forbidden(text, name=name, **group, kind=resource.plural)


def refuse(attributes: Attributes, why: str) -> NoReturn:
    """Raise the 403 of a plug-in."""
    raise refusal(attributes, why)
