"""podo backup: namespaces and the data of their volumes, in sealed files."""

from pathlib import Path
from typing import Annotated

import typer

from podo.cli.output import Format, Name, Output, StateDir, note, show

app = typer.Typer(
    help="Back up objects and volumes, and restore them here or in another cluster.", no_args_is_help=True
)
Folder = Annotated[Path, typer.Option("--to", help="The folder that has the backups.")]
Passphrase = Annotated[
    Path, typer.Option("--passphrase-file", help="A file with the passphrase that backups are sealed with.")
]


def _secret(file: Path) -> bytes:
    from podo.cluster.errors import ClusterError

    try:
        secret = file.read_bytes().strip()
    except OSError as error:
        raise ClusterError(f"the passphrase cannot be read: {error}") from error
    if not secret:
        raise ClusterError(f"{file} is empty: it is to have a passphrase")
    return secret


@app.command("create")
def create(
    to: Folder,
    passphrase_file: Passphrase,
    namespace: Annotated[list[str] | None, typer.Option("--namespace", help="Only this one; may be repeated.")] = None,
    keep: Annotated[int, typer.Option("--keep", min=0, help="Delete all but so many; 0 keeps all.")] = 0,
    name: Name = "default",
    state_dir: StateDir = "",
) -> None:
    """Write a backup of all namespaces but the system's, or of some, as they are at one moment."""
    from datetime import UTC, datetime

    from podo.cluster import config, paths
    from podo.cluster.backup.take import prune, take

    where = paths.find(name, Path(state_dir) if state_dir else None)
    cluster, secret = config.load(where), _secret(passphrase_file)
    file = take(where, cluster, to, secret, namespaces=namespace or (), now=datetime.now(UTC), progress=note)
    for gone in prune(to, cluster.name, keep):
        note(f"deleted {gone}")
    print(file)


@app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    passphrase_file: Passphrase,
    into: Annotated[str, typer.Option("--into", help="The namespace to restore a backup of one namespace into.")] = "",
    name: Name = "default",
    state_dir: StateDir = "",
) -> None:
    """Create what a backup has. What is there already is left alone."""
    import time

    from podo.cluster import config, paths
    from podo.cluster.backup.restore import Restore
    from podo.cluster.errors import ClusterError

    where = paths.find(name, Path(state_dir) if state_dir else None)
    work = Restore(where, config.load(where), into=into, now=time.monotonic, wait=time.sleep)
    done = work.run(file, _secret(passphrase_file))
    note(f"{done.created} objects created, {done.there} were there, {done.volumes} volumes filled")
    if done.failed:
        raise ClusterError("not restored:\n" + "\n".join(f"    {line}" for line in done.failed))


@app.command("ls")
def ls(to: Folder, passphrase_file: Passphrase, output: Output = Format.TABLE) -> None:
    """List the backups of a folder."""
    from podo.cluster.backup.restore import described
    from podo.cluster.backup.take import files

    secret, rows = _secret(passphrase_file), []
    for file in files(to):
        content = described(file, secret)
        rows.append(
            {
                "file": file.name,
                "cluster": content.cluster,
                "taken": content.taken,
                "namespaces": list(content.namespaces),
                "objects": len(content.objects),
                "volumes": len(content.volumes),
                "bytes": file.stat().st_size,
            }
        )
    show(rows, ["file", "cluster", "taken", "objects", "volumes", "bytes"], output, wide=["namespaces"])
