"""What a measure is."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import Enum

from bench.reading import Reading
from bench.target import Target


class Need(Enum):
    """What a measure cannot do without; the text says what to do about it."""

    NOTHING = ""
    NODES = "needs a Ready node, and this server has none"
    PROCESS = "needs --process REGEX, to know which processes are the cluster's"


@dataclass(frozen=True)
class Measure:
    """`run` yields its readings as they come. `aim` is what podo is to show on the 2-core test machine."""

    name: str
    aim: str
    run: Callable[[Target], AsyncIterator[Reading]]
    need: Need = Need.NOTHING

    def missing(self, target: Target) -> str:
        """Why it cannot run on `target`; "" if it can."""
        lacks = {Need.NODES: not target.nodes, Need.PROCESS: not target.options.process}
        return self.need.value if lacks.get(self.need) else ""
