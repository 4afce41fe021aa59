"""podo status: what runs."""

from podo.cli.output import Format, Name, Output, StateDir, show


def status(name: Name = "default", output: Output = Format.TABLE, state_dir: StateDir = "") -> None:
    """Show a cluster's components: state, process, address, memory, log."""
    from podo.cluster.status import components

    rows = components(name, state_dir)
    show(rows, ("component", "state", "address", "pid", "memory"), output, wide=("pods", "log"))
    if any(r["state"] in ("dead", "unreachable") for r in rows):
        raise SystemExit(1)
