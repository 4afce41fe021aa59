"""Where a local cluster keeps what: the state folder survives a reboot, the run folder does not."""

import os
from dataclasses import dataclass
from pathlib import Path

from podo.cluster.errors import ClusterError

OURS = frozenset(
    {"cluster", "pki", "state", "kubeconfig", "nodes", "images", "volumes", "build", "logs", "backups"}
)  # without suffixes
STATE_ROOT, RUN_ROOT = Path("/var/lib/podo"), Path("/run/podo")


@dataclass(frozen=True)
class Paths:
    """The folders and files of one cluster."""

    state: Path
    run: Path

    @property
    def config(self) -> Path:
        return self.state / "cluster.json"

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def database(self) -> Path:
        return self.state / "state.db"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    @property
    def images(self) -> Path:
        return self.state / "images"

    @property
    def volumes(self) -> Path:
        """podo's own volumes, shared by all local nodes."""
        return self.state / "volumes"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def lock(self) -> Path:
        return self.run / "lock"

    def foreign(self) -> list[Path]:
        """What in the state folder is not podo's: `--state-dir` may name a folder that a user has things in."""
        if not self.state.is_dir():
            return []
        return sorted(p for p in self.state.iterdir() if p.name.lstrip(".").partition(".")[0] not in OURS)

    def node(self, name: str) -> Path:
        """A node's state: Pods, volumes, allocated addresses."""
        return self.state / "nodes" / name

    def netns(self, node: str) -> Path:
        """Where a node's network namespace is bound."""
        return self.run / "netns" / node

    def log(self, component: str) -> Path:
        """The log of `server` or of a node's agent."""
        return self.logs / f"{component}.log"

    def component(self, name: str) -> Path:
        """The configuration that a component's process is started with."""
        return self.run / f"{name}.json"

    def pid(self, name: str) -> Path:
        """Which process a component is."""
        return self.run / f"{name}.pid"


def paths(name: str, state_dir: Path | None = None) -> Paths:
    """The paths of the cluster `name`; `state_dir` replaces /var/lib/podo/<name>."""
    return Paths(state_dir or STATE_ROOT / name, RUN_ROOT / name)


def running_names() -> list[str]:
    """The clusters that have a run folder: running, or left behind by a crash."""
    return sorted(p.name for p in RUN_ROOT.iterdir() if (p / "state").exists()) if RUN_ROOT.is_dir() else []


def remember_state_dir(where: Paths) -> None:
    """Note in the run folder where the state is, so that later commands need only the name."""
    where.run.mkdir(parents=True, exist_ok=True)
    write_atomically(where.run / "state", os.fsencode(where.state.absolute()))


def locate(name: str, state_dir: Path | None = None) -> Paths:
    """The paths of a cluster, which may be missing; the run folder knows where the state of one is that was up."""
    if state_dir is None and (note := RUN_ROOT / name / "state").exists():
        state_dir = Path(os.fsdecode(note.read_bytes()))
    return paths(name, state_dir)


def find(name: str, state_dir: Path | None = None) -> Paths:
    """The paths of a cluster that exists. Raises ClusterError if there is none of that name."""
    where = locate(name, state_dir)
    check_exists(where)
    return where


def check_exists(where: Paths) -> None:
    """Raises ClusterError if there is no cluster."""
    if not where.config.exists():
        name = where.run.name
        raise ClusterError(f"there is no cluster {name!r} ({where.config} does not exist)", hint="start one: podo up")


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a whole file or nothing; the old content stays until the new one is on disk."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with open(descriptor, "wb", buffering=0) as file:
            file.write(content)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error
