"""Processes that an agent had under way when it was killed, and that nobody waits for any more."""

from podo.node.runtime.engine import Engine
from podo.node.runtime.processes import Process, command_lines, identify


def is_stray(command: list[str], engine: Engine, running: set[str]) -> bool:
    """Whether this command line is a creation or an exec of our engine, or a conmon of no running container."""
    if f"--root={engine.root}" not in command:
        return False
    return "--cid" not in command or command[command.index("--cid") + 1] not in running


def strays(engine: Engine, running: set[str]) -> list[Process]:
    """All of them on this machine. `running` are the ids of the containers that run by what is written down."""
    found = (identify(pid) for pid, command in command_lines() if is_stray(command, engine, running))
    return [process for process in found if process]
