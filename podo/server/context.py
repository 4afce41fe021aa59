"""Who asks, and how: what admission, strategies and registry may know of a request."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class User:
    """An identity. `groups` never contain duplicates; `extra` values are what authenticators add."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


ANONYMOUS = User("system:anonymous", groups=("system:unauthenticated",))


@dataclass(slots=True)
class Context:
    """One request, from authentication to the store.

    `group` and `version` are those of the request's path: Events of both groups share storage, and some rules differ.
    `verb` is the request's, for those who ask what else the user may do.
    `manager` is the field manager, already derived from the user agent where none is given
    (`names_manager` says whether one is). `applies` is true in a server-side apply, which keeps managedFields itself.
    `warnings` collects texts for `Warning` headers, in order, without duplicates; without `hears` nobody reads them.
    `annotations` are what admission has to say to the audit log.
    `sent` is the body of a create or update in JSON or YAML, or what a patch has made, for messages that tell what was
    sent.
    `waited` has the seconds that others took (webhooks): they are not the server's own.
    `check_create` is asked before an update makes what is not there; it raises Forbidden.
    """

    user: User
    now: datetime
    group: str = ""
    version: str = "v1"
    subresource: str = ""
    verb: str = "update"
    namespace: str = ""
    dry_run: bool = False
    manager: str = ""
    names_manager: bool = False
    applies: bool = False
    field_validation: str = "Warn"
    warnings: list[str] = field(default_factory=list)
    hears: bool = True
    annotations: dict[str, str] = field(default_factory=dict)
    waited: list[float] = field(default_factory=list)
    check_create: Callable[[], Awaitable[None]] | None = None
    sent: bytes | dict[str, Any] = b""

    def warn(self, text: str) -> None:
        """Send `text` to the client beside the answer."""
        if text not in self.warnings:
            self.warnings.append(text)

    def annotate(self, key: str, value: str) -> None:
        """Put something into the audit log; what is there already stays."""
        self.annotations.setdefault(key, value)
