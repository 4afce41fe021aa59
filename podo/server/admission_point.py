"""Where admission stands between a request and the registry."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from podo.api.resources import Resource
from podo.server.context import Context
from podo.server.strategy import Object


class Operation(Enum):
    """What a request does to an object."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    CONNECT = "CONNECT"


@dataclass(slots=True)
class Attributes:
    """What admission may know of a request.

    `obj` is the new object in the version of the request (None for DELETE); mutating admission may change it in place
    or put another in its stead. `old` is the object as it was (None for CREATE); it is shared and must not be changed.
    """

    ctx: Context
    operation: Operation
    resource: Resource
    namespace: str
    name: str
    obj: Object | None
    old: Object | None = None
    options: Any = None
    round: int = 0
    """Mutating admission asks all its plug-ins again (1) where one of the first round says so by `again`."""
    again: bool = False
    memory: dict[str, Any] = field(default_factory=dict)
    """What plug-ins keep from one round to the next, by a name of their own."""

    @property
    def subresource(self) -> str:
        return self.ctx.subresource


class Admission(Protocol):
    """A refusal is an APIError. `mutate` comes before validation, `validate` just before the store."""

    async def mutate(self, attributes: Attributes) -> None: ...

    async def validate(self, attributes: Attributes) -> None: ...


class AdmitAll:
    """No admission at all: for what the server does on its own behalf."""

    async def mutate(self, attributes: Attributes) -> None:
        pass

    async def validate(self, attributes: Attributes) -> None:
        pass


class FieldManager(Protocol):
    """Who owns which field (managedFields). `live` is None at create; both are in the version of the request."""

    def update(self, live: Object | None, new: Object, ctx: Context, served: Any) -> Object:
        """`new` with managedFields that say what `ctx.manager` changed by an update."""
        ...

    def settle(self, new: Object, old: Object) -> Object:
        """`new`, or what makes it equal to `old` if no more than times in managedFields differ."""
        ...


class NoFieldManager:
    """Keeps no account of fields."""

    def update(self, live: Object | None, new: Object, ctx: Context, served: Any) -> Object:
        return new

    def settle(self, new: Object, old: Object) -> Object:
        return new
