"""The logs of a cluster's components."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from podo.cluster.config import load
from podo.cluster.errors import ClusterError
from podo.cluster.paths import find


def read(name: str, state_dir: str, component: str, *, tail: int = 0, follow: bool = False) -> Iterator[str]:
    """The lines of a component's log, with `follow` without end. Raises ClusterError for an unknown component."""
    where = find(name, Path(state_dir) if state_dir else None)
    known = ["server", *(n.name for n in load(where).nodes)]
    if component not in known:
        raise ClusterError(
            f"cluster {name!r} has no component {component!r}", hint=f"its components: {', '.join(known)}"
        )
    path = where.log(component)
    if not path.exists():
        raise ClusterError(f"{component} has written no log yet ({path})", hint="podo status shows whether it runs")
    return lines(path, tail=tail, follow=follow, wait=time.sleep)


def lines(path: Path, *, tail: int, follow: bool, wait: Callable[[float], None]) -> Iterator[str]:
    """The last `tail` lines of a file (0: all), and with `follow` those that are added."""
    with path.open(errors="replace") as file:
        yield from deque(file, maxlen=tail) if tail else file
        while follow:
            if line := file.readline():
                yield line
            else:
                wait(0.2)


def last_lines(path: Path, count: int = 5) -> str:
    """The end of a log, for an error message."""
    if not path.exists():
        return ""
    return "".join(f"    {line}" for line in lines(path, tail=count, follow=False, wait=time.sleep)).rstrip()
