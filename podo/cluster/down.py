"""Take a cluster down, and prove that nothing of it is left."""

import shutil
from collections.abc import Callable
from pathlib import Path

from podo.cluster import access, config, host, residue
from podo.cluster.config import ClusterConfig
from podo.cluster.errors import ClusterError
from podo.cluster.lock import locked
from podo.cluster.paths import Paths, find
from podo.cluster.processes import stop


def take_down(name: str, state_dir: str, *, keep: bool, progress: Callable[[str], None]) -> None:
    """Stop everything and remove it. Raises ClusterError naming whatever is left."""
    where = find(name, Path(state_dir) if state_dir else None)
    with locked(where):
        progress(f"stopping cluster {name!r}")
        cluster = config.load(where)
        remove_everything(where, cluster, keep=keep)
    if left := residue.find(where, cluster, kept=keep):
        listed = "\n".join(f"    {line}" for line in left)
        raise ClusterError(f"something of cluster {name!r} is left:\n{listed}", hint="run podo down once more")


def remove_everything(where: Paths, cluster: ClusterConfig, *, keep: bool) -> None:
    """Undo all that `up` did, in whatever state it is; may be repeated."""
    for node in cluster.nodes:
        stop(where.pid(node.name), patience=0, force=True)
    for node in cluster.nodes:
        residue.power_off(where, cluster, node.name)
    stop(where.pid("server"), patience=5)
    host.clean_up(where, cluster)
    residue.remove_cgroups(cluster.name)
    if not keep:
        residue.unmount(where.state)
        shutil.rmtree(where.state)
        access.revoke(cluster.name)
    residue.unmount(where.run)
    shutil.rmtree(where.run, ignore_errors=True)
    for root in (where.run.parent, where.state.parent):
        if root.name == "podo" and root.is_dir() and not any(root.iterdir()):
            root.rmdir()
