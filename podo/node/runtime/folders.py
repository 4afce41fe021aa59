"""Where a node's runtime keeps what. Pure."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Folders:
    """`state` is /var/lib/podo/<cluster>/nodes/<node>, `run` is /run/podo/<cluster>/nodes/<node> (a tmpfs)."""

    state: Path
    run: Path

    @property
    def sandboxes(self) -> Path:
        """A folder a sandbox: its record and its files."""
        return self.state / "sandboxes"

    @property
    def containers(self) -> Path:
        """A folder a container: record, bundle and what it has written."""
        return self.state / "containers"

    @property
    def exits(self) -> Path:
        """conmon's exit files."""
        return self.state / "exits"

    @property
    def namespaces(self) -> Path:
        """A folder a sandbox: its namespaces."""
        return self.run / "sandboxes"

    @property
    def mapped(self) -> Path:
        """A folder a container in a user namespace: what it mounts."""
        return self.run / "mapped"

    @property
    def engine(self) -> Path:
        """The state of crun or runc."""
        return self.run / "engine"

    @property
    def scratch(self) -> Path:
        """Small files of running execs."""
        return self.run / "exec"

    def make(self) -> None:
        """All of them."""
        kept = (self.sandboxes, self.containers, self.exits)
        for folder in (*kept, self.namespaces, self.mapped, self.engine, self.scratch):
            folder.mkdir(parents=True, exist_ok=True, mode=0o711)
