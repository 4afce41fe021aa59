"""podo kubeconfig: hand a cluster's credentials to kubectl and others."""

from pathlib import Path
from typing import Annotated

import typer

from podo.cli.output import Name, StateDir, note


def kubeconfig(
    name: Name = "default",
    merge: Annotated[
        bool, typer.Option("--merge", help="Add it to $KUBECONFIG or ~/.kube/config and make it current.")
    ] = False,
    to: Annotated[Path | None, typer.Option("--to", help="Write it to this file.")] = None,
    state_dir: StateDir = "",
) -> None:
    """Print a cluster's kubeconfig, write it to a file, or merge it into yours."""
    from podo.cluster import access

    if merge or to:
        written = access.hand_out(name, state_dir, to, merge=merge)
        note(f"wrote {written}; context: podo-{name}")
    else:
        print(access.kubeconfig(name, state_dir), end="")
