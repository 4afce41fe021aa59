"""Text in haproxy's configuration: how a word is quoted, and what stands at a file's head. Pure."""

import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[A-Za-z0-9/_.~%@:+*&!()=-]+")


def word(text: str) -> str:
    """`text` as one word of haproxy's. A backslash would not do: before most characters it stands for itself."""
    if _PLAIN.fullmatch(text):
        return text
    return "'" + text.replace("'", r"'\''") + "'"


def head(folder: str, generation: str, user: str = "", settings: Iterable[str] = ()) -> list[str]:
    """The sections `global` and `defaults`.

    `generation` is told as haproxy's description: so one sees which configuration is in force. `user` "" is root.
    `settings` are further ones of the section `global`.
    """
    return [
        "global",
        f"  description {generation}",
        f"  stats socket {folder}/runtime.sock mode 600 level admin expose-fd listeners",
        "  stats timeout 30s",
        *([f"  user {user}"] if user else []),
        "  hard-stop-after 10m",
        "  ssl-default-bind-options ssl-min-ver TLSv1.2",
        *(f"  {each}" for each in settings),
        "defaults",
        "  mode http",
        "  option forwardfor",
        "  option redispatch 1",
        "  retries 3",
        "  retry-on conn-failure empty-response",
        "  timeout connect 1s",
        "  timeout client 1m",
        "  timeout server 1m",
        "  timeout http-request 30s",
        "  timeout queue 5s",
        "  timeout tunnel 1h",
    ]
