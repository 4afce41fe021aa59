"""What a worker may do. Each action has a key: while an operation of that key runs, no second one is begun."""

from dataclasses import dataclass
from typing import ClassVar

from podo.api.types.core_v1 import Container


@dataclass(frozen=True)
class MountVolumes:
    """Make all volumes of the Pod ready to be mounted."""

    key: ClassVar[str] = "volumes"


@dataclass(frozen=True)
class RunSandbox:
    """Make the Pod's sandbox; `replaces` are the ids of dead ones, stopped first."""

    attempt: int
    replaces: tuple[str, ...] = ()
    key: ClassVar[str] = "sandbox"


@dataclass(frozen=True)
class PullImage:
    """Make the container's image present, as its pull policy says."""

    container: Container

    @property
    def key(self) -> str:
        return f"pull:{self.container.name}"


@dataclass(frozen=True)
class StartContainer:
    """Create and start a container in the sandbox, then run its postStart hook."""

    container: Container
    attempt: int
    sandbox_id: str
    image_id: str
    ephemeral: bool = False
    again: bool = False  # it ran before: its back-off grows
    target_id: str = ""  # of the running container whose processes it sees

    @property
    def key(self) -> str:
        return f"start:{self.container.name}"


@dataclass(frozen=True)
class KillContainer:
    """preStop, SIGTERM, SIGKILL after `grace` seconds. `after` are the containers that must have ended before it."""

    container_id: str
    name: str
    grace: int
    message: str = ""
    restart: bool = False
    after: tuple[str, ...] = ()
    withdrawn_first: bool = False  # the Pod leaves for good: first wait until no Service leads to it

    @property
    def key(self) -> str:
        return f"kill:{self.container_id}"


@dataclass(frozen=True)
class ResizeContainer:
    """Give a running container the resources that its Pod was granted."""

    container: Container
    container_id: str

    @property
    def key(self) -> str:
        return f"resize:{self.container.name}"


@dataclass(frozen=True)
class ResizePod:
    """All containers have what was granted: so shall the Pod's own cgroup."""

    key: ClassVar[str] = "resize:"


@dataclass(frozen=True)
class RemoveContainer:
    """Forget a dead container."""

    container_id: str

    @property
    def key(self) -> str:
        return f"remove:{self.container_id}"


@dataclass(frozen=True)
class StopSandbox:
    """Let go of the sandbox's namespaces and network; dead containers stay for their logs."""

    sandbox_id: str

    @property
    def key(self) -> str:
        return f"stop:{self.sandbox_id}"


@dataclass(frozen=True)
class RemoveSandbox:
    """Forget a dead sandbox and all that was in it."""

    sandbox_id: str

    @property
    def key(self) -> str:
        return f"remove:{self.sandbox_id}"


@dataclass(frozen=True)
class ReleaseVolumes:
    """Take the Pod's volumes away from the node."""

    key: ClassVar[str] = "release"


@dataclass(frozen=True)
class Cancel:
    """Give up an operation that is no longer wanted."""

    operation: str

    @property
    def key(self) -> str:
        return f"cancel:{self.operation}"


Action = (
    MountVolumes
    | RunSandbox
    | PullImage
    | StartContainer
    | KillContainer
    | ResizeContainer
    | ResizePod
    | RemoveContainer
    | StopSandbox
    | RemoveSandbox
    | ReleaseVolumes
    | Cancel
)
