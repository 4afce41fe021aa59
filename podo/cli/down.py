"""podo down: stop a cluster and leave nothing of it on the machine."""

from typing import Annotated

import typer

from podo.cli.output import Name, StateDir, note


def down(
    name: Name = "default",
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the state folder, so that `podo up` continues where this ended.")
    ] = False,
    state_dir: StateDir = "",
) -> None:
    """Stop a cluster and remove all of it: processes, containers, mounts, links, rules, cgroups, state."""
    from podo.cluster.down import take_down

    take_down(name, state_dir, keep=keep, progress=note)
    note(f"cluster {name!r} is down; nothing of it is left{' but its state' if keep else ''}")
