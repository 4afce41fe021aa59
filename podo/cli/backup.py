"""podo backup: namespaces and the data of their volumes, in sealed files."""

from pathlib import Path
from typing import Annotated

import typer

from podo.cli.output import Format, Name, Output, StateDir, note, show

app = typer.Typer(
    help="Back up objects and volumes, and restore them here or in another cluster.", no_args_is_help=True
)
Where = Annotated[
    str, typer.Option("--to", help="Where backups are: a folder, or blob:CONTAINER/FOLDER, or s3:BUCKET/FOLDER.")
]
StoreFile = Annotated[
    Path | None,
    typer.Option("--store-file", help="KEY=VALUE lines with the credentials of object storage, as in a Secret for it."),
]
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
    to: Where,
    passphrase_file: Passphrase,
    namespace: Annotated[list[str] | None, typer.Option("--namespace", help="Only this one; may be repeated.")] = None,
    keep: Annotated[int, typer.Option("--keep", min=0, help="Delete all but so many; 0 keeps all.")] = 0,
    store_file: StoreFile = None,
    name: Name = "default",
    state_dir: StateDir = "",
) -> None:
    """Write a backup of all namespaces but the system's, or of some, as they are at one moment."""
    import tempfile
    from datetime import UTC, datetime

    from podo.cluster import config, paths
    from podo.cluster.backup.places import place_of, prune
    from podo.cluster.backup.take import take

    where = paths.find(name, Path(state_dir) if state_dir else None)
    cluster, secret, place = config.load(where), _secret(passphrase_file), place_of(to, store_file)
    (where.state / "build").mkdir(exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix="backup-", dir=where.state / "build") as made:
        now, some = datetime.now(UTC), namespace or ()
        file = take(where, cluster, Path(made), secret, namespaces=some, now=now, progress=note)
        kept = place.put(file)
    for gone in prune(place, cluster.name, keep):
        note(f"deleted {gone}")
    print(kept)


@app.command("restore")
def restore(
    file: Annotated[str, typer.Argument(help="The backup: a file, or blob:CONTAINER/…/FILE, or s3:BUCKET/…/FILE.")],
    passphrase_file: Passphrase,
    into: Annotated[str, typer.Option("--into", help="The namespace to restore a backup of one namespace into.")] = "",
    store_file: StoreFile = None,
    name: Name = "default",
    state_dir: StateDir = "",
) -> None:
    """Create what a backup has. What is there already is left alone."""
    import time

    from podo.cluster import config, paths
    from podo.cluster.backup.places import place_of
    from podo.cluster.backup.restore import Restore
    from podo.cluster.errors import ClusterError

    folder, _, last = file.rpartition("/")
    where = paths.find(name, Path(state_dir) if state_dir else None)
    work = Restore(where, config.load(where), into=into, now=time.monotonic, wait=time.sleep)
    with place_of(folder or ".", store_file).opened(last) as opened:
        done = work.run(opened, file, _secret(passphrase_file))
    note(f"{done.created} objects created, {done.there} were there, {done.volumes} volumes filled")
    if done.failed:
        raise ClusterError("not restored:\n" + "\n".join(f"    {line}" for line in done.failed))


@app.command("ls")
def ls(to: Where, passphrase_file: Passphrase, store_file: StoreFile = None, output: Output = Format.TABLE) -> None:
    """List the backups of a place."""
    from podo.cluster.backup.places import place_of
    from podo.cluster.backup.restore import described

    secret, place, rows = _secret(passphrase_file), place_of(to, store_file), []
    for kept in place.all():
        with place.opened(kept.name) as opened:
            content = described(opened, kept.name, secret)
        rows.append(
            {
                "file": kept.name,
                "cluster": content.cluster,
                "taken": content.taken,
                "namespaces": list(content.namespaces),
                "objects": len(content.objects),
                "volumes": len(content.volumes),
                "bytes": kept.size,
            }
        )
    show(rows, ["file", "cluster", "taken", "objects", "volumes", "bytes"], output, wide=["namespaces"])


@app.command("schedule")
def schedule(
    schedule_name: Annotated[str, typer.Argument(metavar="SCHEDULE", help="How the schedule is to be called.")],
    at: Annotated[str, typer.Option("--at", help="When, as a CronJob says it: '0 */6 * * *', '@daily', '@every 2h'.")],
    to: Where,
    passphrase_file: Passphrase,
    namespace: Annotated[list[str] | None, typer.Option("--namespace", help="Only this one; may be repeated.")] = None,
    keep: Annotated[int, typer.Option("--keep", min=0, help="Delete all but so many; 0 keeps all.")] = 0,
    store_file: StoreFile = None,
    name: Name = "default",
    state_dir: StateDir = "",
) -> None:
    """Take backups at set times: the cluster's server does it, as long as it runs."""
    from podo.cluster import paths
    from podo.cluster.backup.places import place_of
    from podo.cluster.backup.schedules import Schedules, new

    where = paths.find(name, Path(state_dir) if state_dir else None)
    _secret(passphrase_file)
    place_of(to, store_file)
    local = ":" not in to
    wanted = {
        "at": at,
        "to": str(Path(to).absolute()) if local else to,
        "passphrase_file": str(passphrase_file.absolute()),
        "store_file": str(store_file.absolute()) if store_file else "",
        "namespaces": namespace or [],
        "keep": keep,
    }
    Schedules(where.state).add(new(schedule_name, wanted))


@app.command("schedules")
def schedules(name: Name = "default", state_dir: StateDir = "", output: Output = Format.TABLE) -> None:
    """List the schedules of a cluster, and how the last backup of each went."""
    from podo.cluster import paths
    from podo.cluster.backup.schedules import Schedules

    found, rows = Schedules(paths.find(name, Path(state_dir) if state_dir else None).state), []
    for each in found.all():
        last = found.last(each.name)
        rows.append(
            {
                "schedule": each.name,
                "at": each.at,
                "to": each.to,
                "keep": each.keep,
                "last": f"{last.began:%Y-%m-%dT%H:%M:%SZ}" if last else "",
                "outcome": (last.failed or "well") if last else "",
                "namespaces": list(each.namespaces),
            }
        )
    show(rows, ["schedule", "at", "to", "keep", "last", "outcome"], output, wide=["namespaces"])


@app.command("unschedule")
def unschedule(
    schedule_name: Annotated[str, typer.Argument(metavar="SCHEDULE", help="The schedule.")],
    name: Name = "default",
    state_dir: StateDir = "",
) -> None:
    """Take no more backups by a schedule; those that there are stay."""
    from podo.cluster import paths
    from podo.cluster.backup.schedules import Schedules

    Schedules(paths.find(name, Path(state_dir) if state_dir else None).state).remove(schedule_name)
