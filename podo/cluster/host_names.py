"""Names of the cluster on the host: `podo dns enable` has the host's resolver ask the cluster, `podo down` undoes it.

With systemd-resolved only names of the cluster's domain are asked of the cluster, by a setting of its bridge that goes
with the bridge. Without, the cluster's server comes first in /etc/resolv.conf, on a line that says whose it is; it
passes on what is not the cluster's.
"""

import os
import shutil
import subprocess
from pathlib import Path

from podo.cluster.config import ClusterConfig
from podo.cluster.errors import ClusterError
from podo.network.names import bridge_name, owner

RESOLV_CONF, RESOLVED = Path("/etc/resolv.conf"), Path("/run/systemd/resolve")


def enable(cluster: ClusterConfig, *, file: Path = RESOLV_CONF, resolved: Path = RESOLVED) -> str:
    """Have the host resolve the cluster's names; how it was done. May be repeated. Raises ClusterError."""
    if uses_resolved(resolved):
        bridge = bridge_name(cluster.name)
        _resolvectl("dns", bridge, cluster.dns_address)
        _resolvectl("domain", bridge, f"~{cluster.domain}")
        return f"systemd-resolved asks {cluster.dns_address} for names in {cluster.domain}"
    _change(file, with_server(_read(file), cluster.dns_address, cluster.name))
    return f"{file} names {cluster.dns_address} first"


def disable(cluster: str, *, file: Path = RESOLV_CONF, resolved: Path = RESOLVED) -> None:
    """Undo it; nothing where it was not done. Raises ClusterError."""
    if uses_resolved(resolved) and (Path("/sys/class/net") / bridge_name(cluster)).exists():
        _resolvectl("revert", bridge_name(cluster))
    text = _read(file)
    if (without := without_server(text, cluster)) != text:
        _change(file, without)


def uses_resolved(resolved: Path) -> bool:
    """Whether systemd-resolved is the host's resolver."""
    return resolved.is_dir() and shutil.which("resolvectl") is not None


def with_server(text: str, address: str, cluster: str) -> str:
    """A resolv.conf(5) in which the cluster's server comes before all others. Pure."""
    return f"nameserver {address} # {owner(cluster)}\n{without_server(text, cluster)}"


def without_server(text: str, cluster: str) -> str:
    """The same without the cluster's server. Pure."""
    mark = f"# {owner(cluster)}"
    return "".join(line for line in text.splitlines(keepends=True) if not line.rstrip().endswith(mark))


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except FileNotFoundError:
        return ""


def _change(file: Path, text: str) -> None:
    """Write the file that the path leads to, whole or not at all; it keeps its mode."""
    target = file.resolve()
    fresh = target.with_name(f".{target.name}.podo")
    try:
        fresh.write_text(text)
        fresh.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o644)
        os.replace(fresh, target)
    except OSError:
        fresh.unlink(missing_ok=True)
        try:
            target.write_text(text)  # a file that is mounted over, as in containers, cannot be replaced
        except OSError as error:
            raise ClusterError(f"cannot change {file}: {error}", hint="use sudo") from error


def _resolvectl(*arguments: str) -> None:
    done = subprocess.run(["resolvectl", *arguments], capture_output=True, text=True, timeout=10, check=False)
    if done.returncode:
        raise ClusterError(f"resolvectl {' '.join(arguments)} failed: {done.stderr.strip()}", hint="use sudo")
