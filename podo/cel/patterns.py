"""Regular expressions of expressions: RE2, so that none takes more than linear time; compiled once each."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

from .errors import EvalError


class Match(Protocol):
    def group(self, index: int = 0, /) -> str: ...


class Pattern(Protocol):
    def search(self, text: str) -> Match | None: ...

    def finditer(self, text: str) -> Iterator[Match]: ...


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Pattern | str:
    """The pattern, or what is wrong with it."""
    import re2  # only expressions with patterns need it

    options = re2.Options()
    options.log_errors = False
    try:
        found: Pattern = re2.compile(pattern, options=options)
    except re2.error as error:
        fault = error.args[0]
        return f"error parsing regexp: {fault.decode() if isinstance(fault, bytes) else fault}"
    return found


def pattern(text: str, words: str = "") -> Pattern:
    """The compiled pattern. Raises EvalError, `words` before the fault."""
    found = compiled(text)
    if isinstance(found, str):
        raise EvalError(words + found)
    return found
