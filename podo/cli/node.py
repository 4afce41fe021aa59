"""podo node: add, remove, stop and start nodes."""

from typing import Annotated

import typer

from podo.cli.output import Name, StateDir, note

app = typer.Typer(help="Add, remove, stop and start nodes.", no_args_is_help=True)
Node = Annotated[str, typer.Argument(help="The node, such as node-2.")]
Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait until the node is Ready; 0: do not.")]


@app.command("add")
def add(
    name: Name = "default",
    cpu: Annotated[str, typer.Option(help="The node's CPUs, as a quantity; default: the machine's.")] = "",
    memory: Annotated[str, typer.Option(help="The node's memory, as a quantity; default: the machine's.")] = "",
    wait: Wait = 60,
    state_dir: StateDir = "",
) -> None:
    """Add a local node."""
    from podo.cluster import nodes

    (added,) = nodes.add(name, state_dir, cpu=cpu, memory=memory, wait=wait)
    note(f"{added} is ready")


@app.command("rm")
def remove(node: Node, name: Name = "default", state_dir: StateDir = "") -> None:
    """Remove a node: its Pods end, its Node object and its state are deleted."""
    from podo.cluster import nodes

    nodes.remove(name, state_dir, node)
    note(f"{node} is removed")


@app.command("stop")
def stop(node: Node, name: Name = "default", state_dir: StateDir = "") -> None:
    """Cut a node's power: all its processes are killed at once, and its Pods are replaced elsewhere."""
    from podo.cluster import nodes

    nodes.stop(name, state_dir, node)
    note(f"{node} is off")


@app.command("start")
def start(node: Node, name: Name = "default", wait: Wait = 60, state_dir: StateDir = "") -> None:
    """Bring a stopped node back."""
    from podo.cluster import nodes

    nodes.start(name, state_dir, node, wait=wait)
    note(f"{node} is ready")
