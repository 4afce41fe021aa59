"""How the bodies of requests become objects."""

from collections.abc import Sequence
from typing import Protocol

from podo.api.errors import BadRequest
from podo.server.registry.kinds import Served
from podo.server.strategy import Object


class Refused(BadRequest):
    """A body that is refused, with warnings about what else is in it."""

    def __init__(self, message: str, warnings: Sequence[str]) -> None:
        super().__init__(message)
        self.warnings = warnings


class Decoder(Protocol):
    """Decodes strictly; a body that is not what it should be raises BadRequest."""

    def decode(
        self, body: bytes, media_type: str, served: Served, subresource: str, validation: str
    ) -> tuple[Object, Sequence[str]]:
        """The object of a request to `served` (or its subresource), with warnings.

        `validation` is fieldValidation: what happens to unknown and duplicate fields.
        """
        ...

    def decode_options(self, body: bytes, media_type: str) -> Object:
        """DeleteOptions."""
        ...
