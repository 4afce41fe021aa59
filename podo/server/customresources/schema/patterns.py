"""Regular expressions as Go reads them: RE2, in time linear to the text, so that no pattern can hold the server."""

from functools import cache
from typing import Protocol


class Pattern(Protocol):
    """A compiled expression."""

    def search(self, text: str) -> object | None: ...


class PatternError(ValueError):
    """The expression is none; the message is RE2's."""


@cache
def compiled(pattern: str) -> Pattern:
    """The expression, compiled once. Raises PatternError."""
    import re2  # only definitions with patterns need it

    options = re2.Options()
    options.log_errors = False
    try:
        found: Pattern = re2.compile(pattern, options=options)
    except re2.error as error:
        raise PatternError(_words(error)) from error
    return found


def _words(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    return text.decode() if isinstance(text, bytes) else str(text)
