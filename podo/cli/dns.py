"""podo dns: the cluster's names on the host."""

import typer

from podo.cli.output import Name, StateDir, note

app = typer.Typer(help="Resolve the cluster's names on this host, or no longer.", no_args_is_help=True)


@app.command("enable")
def enable(name: Name = "default", state_dir: StateDir = "") -> None:
    """Have this host resolve names such as web.default.svc.cluster.local. podo down undoes it."""
    from pathlib import Path

    from podo.cluster import config, host_names, paths

    note(host_names.enable(config.load(paths.find(name, Path(state_dir) if state_dir else None))))


@app.command("disable")
def disable(name: Name = "default") -> None:
    """Leave the host's names to the host again."""
    from podo.cluster import host_names

    host_names.disable(name)
    note(f"the names of cluster {name!r} are no longer resolved on this host")
