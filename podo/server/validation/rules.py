"""Which functions check a kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from podo.server.validation.fields import Errors, Object

Create = Callable[[Object], Errors]
Update = Callable[[Object, Object], Errors]


@dataclass(frozen=True, slots=True)
class Rules:
    """`create` gets the new object; `update` and `subresources` get the new and the old one."""

    create: Create
    update: Update
    subresources: Mapping[str, Update] = field(default_factory=dict)
