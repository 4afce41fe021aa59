"""What "runs" in the fake runtime: how long a command takes, how it ends, what it prints."""

import re
from collections.abc import Callable
from typing import NamedTuple

from podo.node.runtime.config import ContainerConfig


class Program(NamedTuple):
    """A process of the fake runtime. Times are seconds of the clock; None is forever, or never."""

    runs_for: float | None = None
    exit_code: int = 0
    output: bytes = b""
    stops_in: float | None = 0  # after its stop signal; None ignores it
    stop_code: int = 0
    error: str = ""  # it cannot be started, and why
    echo: bool = False  # writes what it reads, and ends with its input


Programs = Callable[[ContainerConfig, tuple[str, ...]], Program]


def shell_words(config: ContainerConfig, command: tuple[str, ...]) -> Program:
    """The default: knows true, false, sleep, echo, cat and `sh -c` of "exit N", or a plain `trap`; all else serves
    until it is stopped. As the first process of a container, sleep ignores SIGTERM, as it does in Linux."""
    match command:
        case ("true",):
            return Program(runs_for=0)
        case ("false",):
            return Program(runs_for=0, exit_code=1)
        case ("sleep", seconds):
            return Program(runs_for=None if seconds in ("inf", "infinity") else float(seconds), stops_in=None)
        case ("echo", *words):
            return Program(runs_for=0, output=" ".join(words).encode() + b"\n")
        case ("cat",):
            return Program(echo=True, stops_in=None)
        case ("sh", "-c", script) if ended := re.search(r"(?:^|; *)exit (\d+)$", script):
            printed = re.match(r"echo ([\w ]*?) *(>&2)?;", script)
            output = printed[1].encode() + b"\n" if printed and not printed[2] else b""
            return Program(runs_for=0, exit_code=int(ended[1]), output=output)
        case (program, *_) if program.startswith("/no/such"):
            return Program(error=f'exec: "{program}": stat {program}: no such file or directory')
    return Program()
