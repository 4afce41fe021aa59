"""Functions of texts that remember their answers, for texts that come again and again: never for long ones.

What a client sends may be as long as it likes; kept in a cache, it would occupy memory for as long as the process runs.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
LONGEST = 256
"""Characters of a text whose answer is kept."""


def remembering(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep the answers for the `most` last used arguments. The texts among them must be given by position."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        kept = lru_cache(most)(function)

        @wraps(function)
        def answer(*args: P.args, **kwargs: P.kwargs) -> T:
            for arg in args:
                if isinstance(arg, str) and len(arg) > LONGEST:
                    return function(*args, **kwargs)
            return kept(*args, **kwargs)  # type: ignore[arg-type]

        return answer

    return decorate
