"""What is checked, and how a refusal says who does what."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from podo.server.strategy import Object


class Refusal(NamedTuple):
    """Why a Pod does not meet a standard."""

    reason: str
    detail: str


class Subject(NamedTuple):
    """What is checked: a Pod's, or a template's, metadata and spec."""

    metadata: Object
    spec: Object

    @property
    def annotations(self) -> Mapping[str, str]:
        return self.metadata.get("annotations") or {}

    @property
    def security(self) -> Object:
        """The Pod's own security context."""
        return self.spec.get("securityContext") or {}

    def containers(self) -> Iterator[tuple[str, Object, Object]]:
        """(name, container, its security context) of all containers."""
        for field in ("initContainers", "containers", "ephemeralContainers"):
            for container in self.spec.get(field) or ():
                yield container.get("name", ""), container, container.get("securityContext") or {}

    @property
    def is_windows(self) -> bool:
        return (self.spec.get("os") or {}).get("name") == "windows"

    @property
    def has_own_users(self) -> bool:
        """Whether the Pod runs in a user namespace, where root is not root."""
        return self.spec.get("hostUsers") is False


Check = Callable[[Subject], Refusal | None]


def quoted(values: Iterable[str]) -> str:
    """`"a", "b"`."""
    return ", ".join(f'"{value}"' for value in values)


def counted(singular: str, values: Iterable[str]) -> str:
    """`container "a"`, `containers "a", "b"`."""
    listed = list(values)
    return f"{some(singular, len(listed))} {quoted(listed)}"


def some(singular: str, count: int) -> str:
    return singular if count == 1 else f"{singular}s"


def setters_of(pod: bool, containers: list[str]) -> str:
    """Who sets something: the Pod, containers, or both; "" if nobody does."""
    return " and ".join([*(["pod"] if pod else []), *([counted("container", containers)] if containers else [])])
