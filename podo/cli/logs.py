"""podo logs: what a cluster's components wrote. (For a Pod's log: kubectl logs.)"""

from typing import Annotated

import typer

from podo.cli.output import Name, StateDir


def logs(
    component: Annotated[str, typer.Argument(help="server, or a node such as node-1.")] = "server",
    tail: Annotated[int, typer.Option("--tail", min=0, help="Only so many last lines; 0: all.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")] = False,
    name: Name = "default",
    state_dir: StateDir = "",
) -> None:
    """Print the log of a component."""
    from podo.cluster import logs as cluster_logs

    for line in cluster_logs.read(name, state_dir, component, tail=tail, follow=follow):
        print(line, end="", flush=follow)
