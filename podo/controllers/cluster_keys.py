"""What controllers know of the cluster's keys."""

from collections.abc import Callable
from dataclasses import dataclass

KeyPair = tuple[bytes, bytes]
"""Certificate and private key, in PEM form."""


@dataclass(frozen=True, kw_only=True)
class ClusterKeys:
    """`ca` is the authority's certificate (PEM); `authority` reads it with its key.

    `sign_token` makes a service account token of claims (JSON).
    """

    ca: str
    authority: Callable[[], KeyPair]
    sign_token: Callable[[bytes], str]
