"""Take a cluster down, and prove that nothing of it is left."""

import shutil
from collections.abc import Callable
from pathlib import Path

from podo.cluster import access, config, host, residue, runtimes
from podo.cluster.config import ClusterConfig
from podo.cluster.errors import ClusterError
from podo.cluster.lock import locked
from podo.cluster.paths import Paths, check_exists, locate
from podo.cluster.processes import stop
from podo.node.id_ranges import IDRanges
from podo.node.runtime import apparmor


def take_down(name: str, state_dir: str, *, keep: bool, progress: Callable[[str], None]) -> None:
    """Stop everything and remove it. Raises ClusterError naming whatever is left."""
    config.check_name(name)
    where = locate(name, Path(state_dir) if state_dir else None)
    with locked(where):
        if not where.config.exists():
            _remove_traces(where)
        check_exists(where)
        progress(f"stopping cluster {name!r}")
        cluster = config.load(where)
        remove_everything(where, cluster, keep=keep)
    if left := residue.find(where, cluster, kept=keep):
        listed = "\n".join(f"    {line}" for line in left)
        raise ClusterError(f"something of cluster {name!r} is left:\n{listed}", hint="run podo down once more")


def remove_everything(where: Paths, cluster: ClusterConfig, *, keep: bool) -> None:
    """Undo all that `up` did, in whatever state it is; may be repeated, also after a kill at any moment."""
    for node in cluster.nodes:
        stop(where.pid(node.name), patience=0, force=True)
    for node in cluster.nodes:
        residue.power_off(where, cluster, node.name)
    runtimes.clear(where, cluster)
    stop(where.pid("server"), patience=5)
    host.clean_up(where, cluster)
    residue.remove_cgroups(cluster.name)
    residue.unmount_volumes(where)
    if not keep:
        access.revoke(cluster.name)
        residue.unmount(where.state)
        _remove_state(where)
    _remove_traces(where)


def _remove_state(where: Paths) -> None:
    """The description goes last: while it is there, `podo down` can be repeated. What is not podo's stays."""
    if not where.state.is_dir():
        return
    foreign = where.foreign()
    for entry in sorted(set(where.state.iterdir()) - {*foreign}, key=lambda each: each == where.config):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    if not foreign:
        where.state.rmdir()


def _remove_traces(where: Paths) -> None:
    """The run folder, and folders that are empty without the cluster."""
    residue.unmount(where.run)
    shutil.rmtree(where.run, ignore_errors=True)
    IDRanges().sweep()
    for folder in (where.state, where.state.parent, where.run.parent):
        ours = folder == where.state or folder.name == "podo"
        if ours and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    if not where.run.parent.is_dir():  # no other cluster runs
        apparmor.remove()
