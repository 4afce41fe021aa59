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
        return f"error parsing regexp: {go_words(fault.decode() if isinstance(fault, bytes) else str(fault))}"
    return found


GO_WORDS = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid repetition size": "invalid repeat count",
    "trailing \\": "trailing backslash at end of expression",
    "invalid perl operator": "invalid or unsupported Perl syntax",
}


def go_words(fault: str) -> str:
    """What RE2 says of a bad pattern, as Go's regexp says it: the part in question in back quotes."""
    what, colon, part = fault.partition(": ")
    return GO_WORDS.get(what, what) + (f": `{part}`" if colon else "")


def pattern(text: str, words: str = "") -> Pattern:
    """The compiled pattern. Raises EvalError, `words` before the fault."""
    found = compiled(text)
    if isinstance(found, str):
        raise EvalError(words + found)
    return found
