"""A cluster's credentials for kubectl and other clients."""

from pathlib import Path

import yaml

from podo.client import kubeconfig as files
from podo.cluster.config import ClusterConfig, load
from podo.cluster.errors import ClusterError
from podo.cluster.paths import Paths, find


def context_name(cluster: str) -> str:
    """How the cluster is called in a kubeconfig."""
    return f"podo-{cluster}"


def credentials(where: Paths, cluster: ClusterConfig) -> files.Credentials:
    """The administrator's."""
    return files.Credentials(
        server=f"https://127.0.0.1:{cluster.api_port}",
        ca=(where.pki / "ca.crt").read_text(),
        certificate=(where.pki / "admin.crt").read_text(),
        key=(where.pki / "admin.key").read_text(),
    )


def write(where: Paths, cluster: ClusterConfig) -> None:
    """Write the state folder's own kubeconfig."""
    files.write(where.kubeconfig, files.render(context_name(cluster.name), credentials(where, cluster)))


def kubeconfig(name: str, state_dir: str) -> str:
    """The text of a cluster's kubeconfig."""
    where = find(name, Path(state_dir) if state_dir else None)
    return yaml.safe_dump(files.render(context_name(name), credentials(where, load(where))), sort_keys=False)


def hand_out(name: str, state_dir: str, to: Path | None, *, merge: bool) -> Path:
    """Write or merge the kubeconfig; the file that was written."""
    where = find(name, Path(state_dir) if state_dir else None)
    target = to or files.default_path()
    given = credentials(where, load(where))
    try:
        if merge:
            files.merge(target, context_name(name), given)
        else:
            files.write(target, files.render(context_name(name), given))
    except (files.KubeconfigError, OSError) as error:
        raise ClusterError(f"cannot write {target}: {error}", hint="name another file: --to FILE") from error
    return target


def revoke(cluster: str) -> None:
    """Take the cluster out of the user's kubeconfig, where `--merge` put it; an unreadable file is left alone."""
    if not files.default_path().exists():
        return
    try:
        files.remove(files.default_path(), context_name(cluster))
    except (files.KubeconfigError, OSError):
        pass
